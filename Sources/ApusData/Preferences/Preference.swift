// A line of preferences: a prompt with two answers, one of which is the better, or with one that is good or bad.

import ApusBasics
import ApusText

/// Answers to one prompt and what was thought of them, in the layouts of Hugging Face's data sets and TRL.
///
///     {"prompt": "2 + 3?", "chosen": "5", "rejected": "6"}
///     {"chosen": [{"role": "user", "content": "2 + 3?"}, {"role": "assistant", "content": "5"}], "rejected": […]}
///     {"prompt": [{"role": "user", "content": "2 + 3?"}], "completion": "5", "label": true}
///
/// A prompt is a text, the user's, or messages; an answer is a text, the assistant's, or messages. Without a prompt, it is
/// what the messages of both answers have in common. Other members are passed over.
struct Preference: Equatable {
  /// What is known of the answers.
  enum Judgement: Equatable {
    /// The first one is better than the second.
    case pair
    /// There is one, and it is good, or bad.
    case single(isDesirable: Bool)
  }

  /// The prompt with each answer: the chosen one first.
  var conversations: [Conversation]
  /// Messages of the prompt; those after it are the answer.
  var promptCount: Int
  var judgement: Judgement

  /// Reads a line.
  ///
  /// - Parameter kind: pairs or single answers; lines of the other kind are bad.
  init(line: [UInt8], _ kind: PreferenceKind) throws(BadLine) {
    let object = try Conversation.object(line: line)
    let tools = try Conversation.tools(object)
    let names: [String]
    switch kind {
    case .pairs:
      names = ["chosen", "rejected"]
      judgement = .pair
      guard object["completion"] == nil else {
        throw BadLine(
          problem:
            "has a \"completion\"; pairs have \"chosen\" and \"rejected\" (single answers are for \"kto\")")
      }
    case .singles:
      names = ["completion"]
      guard let label = object["label"] else {
        let isPair = object["chosen"] != nil
        throw BadLine(
          problem: isPair
            ? "is a pair; single answers have \"completion\" and \"label\" (pairs are for \"dpo\" and others)"
            : "has no member \"label\"")
      }
      guard let isDesirable = label.bool else { throw BadLine(problem: "\"label\" is not true or false") }
      judgement = .single(isDesirable: isDesirable)
    }
    var answers: [[JSONValue]] = []
    for name in names { answers.append(try Conversation.messages(object, name, role: "assistant")) }
    var prompt: [JSONValue]
    if let member = object["prompt"], !member.isNull {
      prompt = try Conversation.messages(object, "prompt", role: "user")
      // Some files repeat the prompt at the beginning of the answers.
      for index in answers.indices
      where prompt.count < answers[index].count && answers[index].starts(with: prompt) {
        answers[index].removeFirst(prompt.count)
      }
    } else {
      prompt = try Self.commonPrompt(object, names, answers)
      for index in answers.indices { answers[index].removeFirst(prompt.count) }
    }
    guard !prompt.isEmpty else { throw BadLine(problem: "the prompt is empty") }
    for (name, answer) in zip(names, answers) where answer.first?["role"]?.string != "assistant" {
      let role = answer.first?["role"]?.string.map { "is the \($0.prefix(40))'s" } ?? "has no \"role\""
      throw BadLine(
        problem: answer.isEmpty
          ? "\"\(name)\" is empty" : "\"\(name)\" \(role) and follows the prompt; an assistant should answer")
    }
    promptCount = prompt.count
    conversations = []
    for (name, answer) in zip(names, answers) {
      do throws(BadLine) {
        conversations.append(try Conversation(prompt + answer, tools: tools))
      } catch {
        throw BadLine(problem: "\"\(name)\" after the prompt: \(error.problem)")
      }
    }
    if conversations.count == 2, conversations[0] == conversations[1] {
      throw BadLine(problem: "\"chosen\" and \"rejected\" are the same")
    }
  }

  /// What two lists of messages begin with.
  private static func commonPrompt(
    _ object: JSONObject, _ names: [String], _ answers: [[JSONValue]]
  ) throws(BadLine) -> [JSONValue] {
    for name in names where object[name]?.array == nil {
      throw BadLine(problem: "has no \"prompt\", and \"\(name)\" is no list of messages that begins with one")
    }
    guard answers.count == 2 else {
      // The last message is the answer.
      return answers[0].dropLast()
    }
    let common = zip(answers[0], answers[1]).prefix { $0 == $1 }.count
    guard common < max(answers[0].count, answers[1].count) else {
      throw BadLine(problem: "\"chosen\" and \"rejected\" are the same")
    }
    guard common < min(answers[0].count, answers[1].count) else {
      throw BadLine(problem: "one of \"chosen\" and \"rejected\" is the beginning of the other")
    }
    guard common > 0 else {
      throw BadLine(
        problem: "has no \"prompt\", and \"chosen\" and \"rejected\" begin with different messages")
    }
    return Array(answers[0][..<common])
  }
}

/// What lines of preferences hold.
public enum PreferenceKind: Sendable, Equatable {
  /// Two answers, of which one is better.
  case pairs
  /// One answer that is good or bad.
  case singles
}
