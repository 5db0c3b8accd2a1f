// The reward of problems with known answers: 1 for right, 0 for everything else.

import ApusBasics
import ApusData

/// Checks answers against the `answer` of the prompt's line, as `apus data problems --format prompt` writes it.
public final class ProblemReward: Reward {
  /// A reward without settings.
  public init() {}

  /// The answer of a prompt's line: a whole number, or `6 remainder 2`; nil when there is none.
  public static func answer(of prompt: JSONObject) -> Answer? {
    guard let member = prompt["answer"] else { return nil }
    if let number = member.int { return .integer(number) }
    guard let text = member.string else { return nil }
    let words = text.split(separator: " ")
    guard let first = words.first.flatMap({ Int($0) }) else { return nil }
    if words.count == 1 { return .integer(first) }
    guard words.count == 3, words[1] == "remainder", let rest = Int(words[2]) else { return nil }
    return .division(quotient: first, remainder: rest)
  }

  /// A prompt needs an answer.
  public var promptProblem: (@Sendable (_ prompt: EncodedPrompt) -> String?)? {
    { prompt in
      guard prompt.line["answer"] != nil else { return "has no \"answer\" to check against" }
      return Self.answer(of: prompt.line) == nil
        ? "has an \"answer\" that is no whole number and no division with a remainder" : nil
    }
  }

  /// 1 where the answer is right.
  public func scores(_ answers: [RolloutAnswer]) -> [Double?] {
    answers.map { answer in Self.answer(of: answer.prompt).map { Verifier.check(answer.text, $0).reward } }
  }
}
