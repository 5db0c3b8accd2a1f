// Texts of models, honest and hostile, and what the verifier makes of them.

import ApusRuntime
import Testing

@testable import ApusData

@Suite struct VerifierTests {
  @Test(arguments: [
    "Answer: 42", "3 × 14 = 42.\nAnswer: 42.", "Answer:42", "  answer :  42  ", "**Answer:** 42",
    "ANSWER: 42 apples.",
    "Answer: $42", "Answer: 42.0", "Answer: 42\r\n", "Answer: 42\nAnswer: 42", "Answer: 42 = 42",
    "<think>\nAnswer: 7\n</think>\nAnswer: 42", "Answer: 42kg", "Answer: 42\n\nThe end, 7 times.",
    "Answer: +42",
  ])
  func right(text: String) {
    #expect(Verifier.check(text, .integer(42)) == .correct)
    #expect(Verifier.check(text, .integer(43)) == .wrong)
  }

  @Test(arguments: [
    ("Answer: 43", Verifier.Verdict.wrong), ("Answer: -42", .wrong), ("Answer: \u{2212}42", .wrong),
    ("Answer: 42.5", .wrong),
    ("Answer: 420", .wrong), ("Answer: 4,2", .ambiguous), ("Answer: x42", .wrong),
    ("Answer: 99999999999999999999", .wrong),
    ("Answer: 41 or 42", .ambiguous), ("Answer: 42 43", .ambiguous), ("Answer: 42\nAnswer: 43", .ambiguous),
    ("Answer: 43\nAnswer: 42", .ambiguous), ("Answer: 6 × 7 = 42", .ambiguous), ("Answer: 42/1", .ambiguous),
    ("", .missing), ("42", .missing), ("The answer is 42", .missing), ("Answer: forty-two", .missing),
    ("Answer:", .missing),
    ("Answer", .missing), ("<think>\nAnswer: 42", .missing), ("<think>\nAnswer: 42\n</think>", .missing),
    ("Answer: \u{0664}\u{0662}", .missing), ("Answer: 42 remainder 0", .wrong),
    ("Answer: 42\nAnswer: none", .ambiguous),
    ("No Answer: 42", .missing),
  ])
  func notRight(text: String, verdict: Verifier.Verdict) {
    #expect(Verifier.check(text, .integer(42)) == verdict)
  }

  @Test(arguments: [
    "Answer: 1234", "Answer: 1,234", "Answer: 1 234", "Answer: 1'234", "Answer: 1\u{00A0}234",
    "Answer: 1\u{202F}234.",
  ])
  func thousands(text: String) {
    #expect(Verifier.check(text, .integer(1234)) == .correct)
  }

  @Test(arguments: ["Answer: 12,34", "Answer: 1,2345", "Answer: 1,,234", "Answer: 1234,567"])
  func wrongGroups(text: String) {
    #expect(Verifier.check(text, .integer(1234)) != .correct)
    #expect(Verifier.check(text, .integer(1_234_567)) != .correct)
  }

  @Test(arguments: [
    "Answer: 7 remainder 5", "Answer: 7 r 5", "Answer: 7 R5.", "Answer: 7, remainder 5", "Answer: 7 rem. 5",
    "Answer: 7 and remainder 5",
  ])
  func remainders(text: String) {
    #expect(Verifier.check(text, .division(quotient: 7, remainder: 5)) == .correct)
    #expect(Verifier.check(text, .division(quotient: 5, remainder: 7)) == .wrong)
    #expect(Verifier.check(text, .integer(7)) == .wrong)
  }

  @Test(arguments: [
    "Answer: 7", "Answer: 5", "Answer: 7 5", "Answer: 7 remainder", "Answer: 7 remainder 5 remainder 5",
  ])
  func halfRemainders(text: String) {
    #expect(Verifier.check(text, .division(quotient: 7, remainder: 5)) != .correct)
  }

  @Test func negativeAnswers() {
    #expect(Verifier.check("Answer: -5", .integer(-5)) == .correct)
    #expect(Verifier.check("Answer: \u{2212}5", .integer(-5)) == .correct)
    #expect(Verifier.check("Answer: 5", .integer(-5)) == .wrong)
  }

  /// Pieces of answers in random order: whatever comes of it, it returns.
  @Test func hostileTextsDoNoHarm() {
    let pieces = [
      "Answer:", "answer", ":", " ", "\n", "\r", "4", "2", "42", ",", ".", "-", "'", "remainder", "r",
      "<think>", "</think>", "<", "*",
      "\u{2212}", "\u{00A0}", "\u{202F}", "\u{1F600}", "\0", "9999999999999999999", "e\u{0301}", "\u{FEFF}",
      "x",
    ]
    for number in 0..<3000 {
      var draws = Draws("hostile", seed: 4, number: number)
      let text = (0..<draws.number(0...20)).map { _ in draws.pick(pieces) }.joined()
      let verdict = Verifier.check(text, .integer(42))
      if verdict == .correct {
        #expect(text.contains("42") || text.contains("4"), "seed 4, \(number): \(text)")
      }
    }
    #expect(Verifier.check(String(repeating: "Answer: 1 ", count: 20_000), .integer(1)) == .correct)
    #expect(
      Verifier.check(String(repeating: "<think>", count: 20_000) + "Answer: 1", .integer(1)) == .missing)
    #expect(Verifier.check("Answer: " + String(repeating: "9", count: 100_000), .integer(1)) == .wrong)
  }
}
