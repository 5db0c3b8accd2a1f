// `apus tokenize` and `apus detokenize`.

import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct TokenizeTests {
  private let folder = ScratchDirectory()
  private let model: String

  init() {
    model = folder.write("vocabulary.gguf", tinyVocabulary())
  }

  @Test func idsAndPieces() throws {
    #expect(
      runApplication(["tokenize", model, "ab a"]).output == "  1  '<s>'\n259  ' '\n263  'ab'\n262  ' a'\n")
    #expect(runApplication(["tokenize", model, "ab a", "--ids"]).output == "[1, 259, 263, 262]\n")
    #expect(runApplication(["tokenize", model, "ab a", "--ids", "--no-bos"]).output == "[259, 263, 262]\n")
    #expect(runApplication(["tokenize", "-m", model, "ab a", "--ids"]).output == "[1, 259, 263, 262]\n")
    let json = try document(runApplication(["tokenize", model, "ab a", "--json"]).output)
    #expect(json["ids"] as? [Int] == [1, 259, 263, 262])
    #expect(json["pieces"] as? [String] == ["<s>", " ", "ab", " a"])
  }

  @Test func controlTokensInTextAreTextUnlessAskedFor() {
    let plain = runApplication(["tokenize", model, "</s>", "--ids", "--no-bos"]).output
    #expect(plain.hasPrefix("[259, 63, 50, 118, 65]"))
    #expect(
      runApplication(["tokenize", model, "</s>", "--ids", "--no-bos", "--parse-special"]).output == "[2]\n")
  }

  @Test func theTextComesFromWhereItIsSaid() {
    let expected = "[1, 259, 263]\n"
    let file = folder.write("text", Array("ab".utf8))
    #expect(
      runApplication(["tokenize", model, "--ids", "--stdin"], input: Array("ab".utf8)).output == expected)
    #expect(runApplication(["tokenize", model, "--ids", "-"], input: Array("ab".utf8)).output == expected)
    #expect(runApplication(["tokenize", model, "--ids"], input: Array("ab".utf8)).output == expected)
    #expect(
      runApplication(["tokenize", model, "--ids", "-f", "-"], input: Array("ab".utf8)).output == expected)
    #expect(runApplication(["tokenize", model, "--ids", "-f", file]).output == expected)
    // No text at all is a text of no bytes; with BOS there is still a token.
    #expect(runApplication(["tokenize", model, "", "--ids"]).output == "[1]\n")
    #expect(runApplication(["tokenize", model, "", "--ids", "--no-bos"]).output == "[]\n")
  }

  @Test func everyByteSurvivesTheRoundTrip() {
    // F31: NUL, BOM, CRLF, characters of every length, U+FFFE.
    let text = "a\0b\u{FEFF}\r\n é 日本 🐦\u{FFFE}  ab "
    let ids = runApplication(["tokenize", model, "--ids", "--stdin"], input: Array(text.utf8)).output
    let back = runApplication(["detokenize", model, "--stdin"], input: Array(ids.utf8))
    #expect(back == Ending(code: 0, output: text, errors: ""))
    // On a terminal the control characters are left out, and the prompt begins on a line of its own.
    let shown = runApplication(["detokenize", model, "-"], input: Array(ids.utf8), terminal: true).output
    #expect(shown == text.replacing("\0", with: "").replacing("\r\n", with: "\n") + "\n")
  }

  @Test(arguments: [["1", "263", "260"], ["[1,", "263,260]"], ["1,263 260"]])
  func idsAreReadInEveryNotation(_ words: [String]) {
    #expect(runApplication(["detokenize", model] + words).output == "aba")
    #expect(runApplication(["detokenize", model, "--special"] + words).output == "<s>aba")
  }

  @Test func whatCannotBeUsedIsNamed() {
    let beyond = runApplication(["detokenize", model, "1", "264"])
    #expect(beyond.code == 1 && beyond.output == "")
    #expect(
      beyond.errors
        == "apus detokenize: id 264 (number 2 given) is no token of \(model): ids run from 0 to 263\n")
    for words in [["1", "x"], ["-5"], ["99999999999"]] {
      let ending = runApplication(["detokenize", model] + words)
      #expect(ending.code == 2 && ending.errors.contains("is no token id"), "\(ending)")
    }
    #expect(runApplication(["detokenize", model, "--stdin"], input: Array("1 x".utf8)).code == 1)
    #expect(runApplication(["tokenize", model, "a", "-f", "b"]).code == 2)
    #expect(runApplication(["tokenize", model, "-f", folder.path]).errors.contains("is a directory"))
    #expect(runApplication(["tokenize", model, "-f", "/dev/zero"]).errors.contains("is a device"))
    let none = runApplication(["tokenize", folder.write("none.gguf", tinyWeights()), "a"])
    #expect(
      none.code == 1 && none.errors.contains("none.gguf") && none.errors.contains("tokenizer.ggml.model"))
    let bad = runApplication(["tokenize", folder.write("bad.gguf", tinyVocabulary(bos: 9999)), "a"])
    #expect(bad.code == 1 && bad.errors.contains("bad.gguf") && bad.errors.contains("9999"))
  }

  @Test(.enabled(if: SharedData.has("models/babyllama-105.gguf"), SharedData.reason))
  func aRealModel() {
    let model = SharedData.directory + "/models/babyllama-105.gguf"
    let ids = runApplication(["tokenize", model, "Once upon a time", "--ids"])
    #expect(ids.output == "[1, 3, 34, 9, 22, 4, 3, 18, 20, 7, 9, 3, 5, 3, 6, 10, 16, 4]\n")
    #expect(
      runApplication(["detokenize", model], input: Array(ids.output.utf8)).output == "Once upon a time")
  }
}
