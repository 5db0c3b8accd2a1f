// A problem as others see it: a question, its worked solution, its answer and the side of the split it is on.

import ApusRuntime

/// What a problem asks for.
public enum Answer: Hashable, Sendable, CustomStringConvertible {
  /// A whole number.
  case integer(Int)
  /// A quotient and what is left over.
  case division(quotient: Int, remainder: Int)

  /// As it stands behind `Answer:`.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .division(let quotient, let remainder): "\(quotient) remainder \(remainder)"
    }
  }
}

/// The two sides of the split. A problem is on one by its numbers and structure alone.
public enum ProblemSplit: String, CaseIterable, Sendable {
  case train, test

  /// The side of a canonical form: one in ten is for tests.
  init(form: String) {
    // FNV-1a leaves the last characters in the low bits; a block of Philox spreads them.
    let word = Philox(key: Philox.key(for: form)).block(0)[0]
    self = word % 10 == 0 ? .test : .train
  }
}

/// A problem in plain English with its worked solution.
public struct Problem: Hashable, Sendable {
  /// Its place in the row of its generator.
  public let number: Int
  /// The steps of its solution.
  public let level: Int
  /// The kind of problem: `shopping`, `ages`, …
  public let family: String
  /// What is asked.
  public let question: String
  /// One line a step, every equation in it true.
  public let steps: [String]
  /// The same at greater length: lines repeat what they follow from, and divisions take more of them.
  public let explained: [String]
  /// The answer.
  public let answer: Answer
  /// Numbers and structure without names, objects or wording: `((3×4)-5)`. Problems with equal forms are on the same side
  /// of the split, whatever they tell.
  public let form: String

  /// The side it is on.
  public var split: ProblemSplit { ProblemSplit(form: form) }

  /// The last line of a solution: `Answer: 42`.
  public var answerLine: String { "Answer: \(answer)" }

  /// The solution as a model should write it.
  ///
  /// - Parameters:
  ///   - tagged: puts the steps between `<think>` and `</think>`.
  ///   - answerOnly: leaves the steps out.
  ///   - isExplained: gives the steps at greater length.
  public func solution(tagged: Bool = false, answerOnly: Bool = false, isExplained: Bool = false) -> String {
    if answerOnly { return answerLine }
    let steps = (isExplained ? explained : steps).joined(separator: "\n")
    return tagged ? "<think>\n\(steps)\n</think>\n\(answerLine)" : "\(steps)\n\(answerLine)"
  }
}
