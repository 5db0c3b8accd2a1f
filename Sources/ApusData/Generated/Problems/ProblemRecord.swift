// A problem as a line of JSON, for supervised training, for plain text and for reinforcement learning.

import ApusBasics

/// How a problem is written as a record.
public enum ProblemFormat: String, CaseIterable, Sendable {
  /// `{"messages": […]}` as in OpenAI's and Hugging Face's chat data.
  case messages
  /// `{"text": …}`: question and solution.
  case text
  /// `{"prompt": …, "answer": …}`: no solution, for a model that is to find it.
  case prompt
}

extension Problem {
  /// The problem as a record.
  ///
  /// - Parameters:
  ///   - system: a system message, of `messages` only.
  ///   - tagged: puts the steps between `<think>` and `</think>`.
  ///   - answerOnly: leaves the steps out.
  ///   - isExplained: gives the steps at greater length.
  public func record(
    _ format: ProblemFormat, system: String? = nil, tagged: Bool = false, answerOnly: Bool = false,
    isExplained: Bool = false
  ) -> JSONValue {
    let solution = solution(tagged: tagged, answerOnly: answerOnly, isExplained: isExplained)
    switch format {
    case .messages:
      var messages: [JSONValue] = []
      func add(_ role: String, _ content: String) {
        messages.append(.members(["role": .string(role), "content": .string(content)]))
      }
      if let system { add("system", system) }
      add("user", question)
      add("assistant", solution)
      return .members(["messages": .array(messages)])
    case .text:
      return .members(["text": .string("\(question)\n\(solution)")])
    case .prompt:
      return .members([
        "prompt": .string(question), "answer": .string("\(answer)"), "level": .integer(level),
        "family": .string(family), "form": .string(form),
      ])
    }
  }
}
