// `apus inspect` on small files, sound and broken.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct InspectTests {
  private let folder = ScratchDirectory()

  @Test func summaryTellsSizesAndTypes() {
    let path = folder.write("tiny.gguf", tinyWeights())
    let ending = runApplication(["inspect", path])
    #expect(ending.code == 0 && ending.errors == "")
    #expect(ending.output.contains("576 in 3 tensors"))
    #expect(ending.output.contains("F32 2.30 kB in 3"))
    // Names from files do not steer the terminal.
    #expect(ending.output.contains("tiny \\u{1B}[31m"))
    #expect(runApplication(["inspect", "-m", path]) == ending)
  }

  @Test func tablesListEverything() {
    let path = folder.write("tiny.gguf", tinyWeights())
    let tensors = runApplication(["inspect", path, "--tensors"]).output
    #expect(tensors.split(separator: "\n").count == 4)
    #expect(tensors.contains("token_embd.weight   F32   64 × 4"))
    let metadata = runApplication(["inspect", path, "--metadata"]).output
    #expect(metadata.contains("llama.block_count     uint32  1\n"))
  }

  @Test func everyKindOfValueHasAWord() throws {
    let path = folder.write("sample.gguf", TinyGGUF.sample().bytes())
    let text = runApplication(["inspect", path, "--metadata"])
    #expect(text.code == 0)
    #expect(text.output.contains("4: [\"\", \"a\", \"▁the\", \"\\u{0}\"]"))
    #expect(text.output.contains("3: [[…], […], […]]"))
    let json = try document(runApplication(["inspect", path, "--json"]).output)
    let metadata = try #require(json["metadata"] as? [String: Any])
    #expect(metadata["a.float32"] as? Double == 0.1)
    #expect(metadata["a.int64"] as? Int == Int.min)
    #expect(metadata["a.uint64"] as? String == "more than \(Int.max)")
    #expect(metadata["a.string"] as? String == "swift \u{1F426} \n")
    #expect(metadata["b.flags"] as? [Bool] == [true, false])
  }

  @Test func jsonIsOneDocumentOnOneLine() throws {
    let path = folder.write("vocabulary.gguf", tinyVocabulary())
    let ending = runApplication(["inspect", path, "--json"])
    #expect(ending.code == 0)
    #expect(ending.output.split(separator: "\n").count == 1)
    let json = try document(ending.output)
    let tokenizer = try #require(json["tokenizer"] as? [String: Any])
    #expect(tokenizer["tokens"] as? Int == 264)
    #expect(tokenizer["bos"] as? Int == 1)
    #expect(json["chatTemplate"] as? String == "{{ messages }}\n")
    let tokens = (json["metadata"] as? [String: Any])?["tokenizer.ggml.tokens"] as? [String: Any]
    #expect(tokens?["type"] as? String == "string" && tokens?["count"] as? Int == 264)
  }

  @Test func checkFindsWeightsThatAreNoNumbers() throws {
    // F17
    let sound = folder.write("sound.gguf", tinyWeights())
    #expect(runApplication(["inspect", sound, "--check"]).code == 0)
    let broken = folder.write("broken.gguf", tinyWeights(broken: true))
    let ending = runApplication(["inspect", broken, "--check"])
    #expect(ending.code == 1)
    #expect(ending.output.contains("tensor \"token_embd.weight\": weight 70 is nan"))
    #expect(ending.errors == "apus inspect: \(broken): 1 of 3 tensors have bad weights\n")
    let json = try document(runApplication(["inspect", broken, "--check", "--json"]).output)
    #expect((json["faults"] as? [[String: Any]])?.first?["index"] as? Int == 70)
  }

  @Test func templateIsPrintedAsItIs() {
    let path = folder.write("vocabulary.gguf", tinyVocabulary())
    #expect(runApplication(["inspect", path, "--template"]).output == "{{ messages }}\n")
    let without = folder.write("tiny.gguf", tinyWeights())
    let ending = runApplication(["inspect", without, "--template"])
    #expect(ending.code == 1)
    #expect(ending.errors.hasSuffix("has no chat template (tokenizer.chat_template)\n"))
  }

  @Test func anUnusableTokenizerIsToldAndFailsTheCheckOnly() {
    // F16: BOS beyond the vocabulary.
    let path = folder.write("bad.gguf", tinyVocabulary(bos: 9999))
    let summary = runApplication(["inspect", path])
    #expect(summary.code == 0)
    #expect(summary.output.contains("cannot be used"))
    #expect(summary.output.contains("9999"))
    let check = runApplication(["inspect", path, "--check"])
    #expect(check.code == 1 && check.errors.contains("9999"))
  }

  @Test func whatIsNoModelIsRefusedInOneLine() {
    // F01, F11, F24
    let truncated = folder.write("cut.gguf", Array(tinyWeights().dropLast(100)))
    for path in [folder.path, folder.file("nothing"), "/dev/zero", folder.write("empty", []), truncated] {
      let ending = runApplication(["inspect", path])
      #expect(ending.code == 1, "\(path)")
      #expect(ending.output == "", "\(path)")
      #expect(ending.errors.hasPrefix("apus inspect: ") && ending.errors.contains(path), "\(ending.errors)")
      #expect(ending.errors.split(separator: "\n").count == 1, "\(ending.errors)")
    }
    #expect(runApplication(["inspect", ""]).code == 2)
  }
}

/// The object in a line of JSON, read by an independent reader.
func document(_ text: String) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}
