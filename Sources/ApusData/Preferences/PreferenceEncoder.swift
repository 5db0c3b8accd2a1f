// Preferences as tokens, through a model's chat template.

import ApusBasics

/// A prompt with two answers, or with one, as a model reads them.
public struct EncodedPreference: Sendable, Equatable {
  /// The prompt with each answer: the chosen one first. What is of the kind `prompt` does not count.
  public var answers: [EncodedExample]
  /// Whether a single answer is good; true for pairs.
  public var isDesirable = true
}

extension ConversationEncoder {
  /// The answers of a line, whatever their length.
  func preference(line: [UInt8], _ kind: PreferenceKind) throws(BadLine) -> EncodedPreference {
    let preference = try Preference(line: line, kind)
    var result = EncodedPreference(answers: [])
    if case .single(let isDesirable) = preference.judgement { result.isDesirable = isDesirable }
    for conversation in preference.conversations {
      let examples = try examples(conversation, from: preference.promptCount, mayBreakOff: true)
      guard let example = examples.first, examples.count == 1 else {
        throw BadLine(
          problem:
            "an answer has \(examples.count) turns of the assistant's, and the template writes the first otherwise once more "
            + "follows; make a line of each")
      }
      guard example.kinds.contains(where: { $0 != .prompt }) else {
        throw BadLine(problem: "the template writes nothing of an answer")
      }
      guard example.kinds[0] == .prompt else {
        throw BadLine(problem: "the template writes nothing of the prompt")
      }
      result.answers.append(example)
    }
    if result.answers.count == 2, result.answers[0].tokens == result.answers[1].tokens {
      throw BadLine(
        problem: "\"chosen\" and \"rejected\" are the same once the template has written them down")
    }
    return result
  }
}
