// Cutting between lines changes no token, for every way of splitting words that Apus knows.

import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusData
@testable import ApusText

@Suite struct SafeCutTests {
  /// Texts of pieces that splitters treat differently, line ends among them.
  static let texts: [[UInt8]] = {
    let pieces = [
      "word", "Word", "WORD", " ", "  ", "\t", "\r", "\n", "\n", "\n", "\n", "123", "7", ".", ",", "!?", "'s",
      "'LL", "-",
      "(", "ä", "Éx", "中文", "。", "、", "\u{3000}", "\u{A0}", "\u{2028}", "\u{301}", "한국", "かな", "🙂", "👍🏽", "_",
      "$x", "#",
      "ß", "Ω", "ы", "\u{0}", "/*", "a1b2", "،", "/", "…", "，", "।",
    ]
    let random = Philox(key: 42)
    return (0..<100).map { text in
      (0..<40).flatMap { place in
        Array(pieces[Int(random.uniform(UInt64(text * 40 + place)) * Float(pieces.count))].utf8)
      }
    }
  }()

  @Test(arguments: PreTokenizer.names.filter { !["gemma4", "superbpe"].contains($0) })
  func wordsAreThoseOfTheWhole(name: String) throws {
    let preTokenizer = try PreTokenizer.named(name)
    func words(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
      Array(bytes).withUnsafeBufferPointer { buffer in
        var words: [[UInt8]] = []
        preTokenizer.splitter.split(ScannedText(buffer), 0, buffer.count) {
          words.append(Array(buffer[$0..<$1]))
        }
        return words
      }
    }
    var cuts = 0
    for text in Self.texts {
      let whole = words(text[...])
      for newline in text.indices where text[newline] == 0x0A && newline + 4 < text.count {
        guard text.withUnsafeBytes({ SafeCut.isSafe(behind: newline, in: $0) }) else { continue }
        cuts += 1
        let pieces = words(text[...newline]) + words(text[(newline + 1)...])
        #expect(
          pieces == whole, "\(String(decoding: text, as: UTF8.self).debugDescription) behind byte \(newline)")
      }
    }
    #expect(cuts > 50)
  }
}
