// A conversation as a line of JSON, and what can be wrong with one. How it becomes text is ConversationRenderer's.

import ApusBasics
import ApusText

/// Messages to learn from, in the layout of OpenAI's fine-tuning files and of Hugging Face's data sets.
///
///     {"messages": [{"role": "user", "content": "2 + 3?"}, {"role": "assistant", "content": "5"}]}
///
/// `content` is a text, or a list of parts of type "text", which are joined. `reasoning_content` of an assistant's message is
/// what it thought before it answered. Arguments of tool calls may be objects or, as OpenAI writes them, texts that hold one.
public struct Conversation: Sendable, Equatable {
  /// The messages, each content a text: a system message or none, then user, assistant, user, … up to an assistant's; tools
  /// answer an assistant that called them.
  public var messages: [ChatMessage]
  /// Descriptions of functions the assistant may call.
  public var tools: JSONValue?

  /// A conversation that is in order already.
  init(messages: [ChatMessage], tools: JSONValue? = nil) {
    self.messages = messages
    self.tools = tools
  }

  /// More than any conversation has; templates take time that grows with the square of it.
  static let mostMessages = 10_000

  /// Reads a line.
  init(line: [UInt8]) throws(BadLine) {
    let object = try Self.object(line: line)
    guard let list = try Self.messages(object, "messages") else {
      throw BadLine(without: "\"messages\"", butWith: object.map(\.key))
    }
    try self.init(list, tools: Self.tools(object))
  }

  /// Reads messages.
  init(_ list: [JSONValue], tools: JSONValue?) throws(BadLine) {
    guard !list.isEmpty else { throw BadLine(problem: "the conversation is empty") }
    guard list.count <= Self.mostMessages else {
      throw BadLine(problem: "has \(list.count) messages; at most \(Self.mostMessages) are read")
    }
    self.tools = tools
    messages = []
    var previous: Turn?
    for (index, json) in list.enumerated() {
      let message = try Self.message(json, number: index + 1)
      try Self.check(message, after: previous, number: index + 1)
      previous = Turn(message)
      messages.append(message)
    }
    guard messages[messages.count - 1].role == "assistant" else {
      throw BadLine(
        problem:
          "the last message is the \(messages[messages.count - 1].role)'s; an answer of the assistant's should be there"
      )
    }
  }

  /// A line as an object of JSON.
  static func object(line: [UInt8]) throws(BadLine) -> JSONObject {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: line)
    } catch {
      throw BadLine(
        problem: "column \(error.column): \(error.message); each line should be a JSON object of its own")
    }
    guard let object = document.object else {
      throw BadLine(problem: "is no JSON object; each line should be one")
    }
    return object
  }

  /// The list that a member is; nil where there is no such member.
  static func messages(_ object: JSONObject, _ name: String) throws(BadLine) -> [JSONValue]? {
    guard let member = object[name] else { return nil }
    guard let list = member.array else { throw BadLine(problem: "\"\(name)\" is no list") }
    return list
  }

  /// A member as messages; a text is the `role`'s.
  static func messages(_ object: JSONObject, _ name: String, role: String) throws(BadLine) -> [JSONValue] {
    guard let member = object[name] else {
      throw BadLine(without: "\"\(name)\"", butWith: object.map(\.key))
    }
    if let text = member.string {
      guard !text.isEmpty else { throw BadLine(problem: "\"\(name)\" is empty") }
      return [.members(["role": .string(role), "content": .string(text)])]
    }
    guard let list = member.array else {
      throw BadLine(problem: "\"\(name)\" is no text and no list of messages")
    }
    guard !list.isEmpty else { throw BadLine(problem: "\"\(name)\" is empty") }
    return list
  }

  /// The member "tools".
  static func tools(_ object: JSONObject) throws(BadLine) -> JSONValue? {
    let tools = object["tools"].flatMap { $0.isNull ? nil : $0 }
    if let tools, tools.array == nil { throw BadLine(problem: "\"tools\" is no list") }
    return tools
  }

  /// What the order of messages depends on.
  private struct Turn {
    var role: String
    var callsTools: Bool

    init(_ message: ChatMessage) {
      role = message.role
      callsTools = message.object["tool_calls"]?.array?.isEmpty == false
    }
  }

  /// The roles that may follow each; nil is the beginning.
  private static func check(
    _ message: ChatMessage, after previous: Turn?, number: Int
  ) throws(BadLine) {
    let allowed: [String] =
      switch previous?.role {
      case nil: ["system", "user"]
      case "system": ["user"]
      case "user": ["assistant"]
      case "tool": ["tool", "assistant"]
      default: previous!.callsTools ? ["tool"] : ["user"]
      }
    guard !allowed.contains(message.role) else { return }
    let place = previous.map { "follows the \($0.role)'s" + ($0.callsTools ? " call of a tool" : "") }
    throw BadLine(
      problem: "message \(number) is the \(message.role)'s and \(place ?? "is the first"); "
        + "\(allowed.joined(separator: " or ")) should be there")
  }

  private static let roles = ["system", "user", "assistant", "tool"]

  private static func message(_ json: JSONValue, number: Int) throws(BadLine) -> ChatMessage {
    func bad(_ problem: String) -> BadLine { BadLine(problem: "message \(number) \(problem)") }
    guard var object = json.object else { throw bad("is no JSON object") }
    guard let role = object["role"]?.string else { throw bad("has no \"role\"") }
    guard roles.contains(role) else {
      throw bad("has the unknown role \"\(role.prefix(40))\"; there are \(roles.joined(separator: ", "))")
    }
    let isAssistant = role == "assistant"
    if let reasoning = object["reasoning_content"] {
      if reasoning.isNull {
        object["reasoning_content"] = nil
      } else if reasoning.string == nil {
        throw bad("has a \"reasoning_content\" that is no text")
      } else if !isAssistant {
        throw bad("is the \(role)'s and has \"reasoning_content\"; only the assistant reasons")
      }
    }
    let calls = try calls(object["tool_calls"], bad)
    if let calls {
      guard isAssistant else { throw bad("is the \(role)'s and has \"tool_calls\"") }
      object["tool_calls"] = .array(calls)
    }
    let hasCalls = calls?.isEmpty == false
    switch object["content"] {
    case .some(let content) where !content.isNull:
      guard let text = try text(content, bad) else {
        throw bad("has a \"content\" that is no text and no list of parts")
      }
      object["content"] = .string(text)
      if isAssistant, !hasCalls, text.isEmpty { throw bad("is the assistant's and is empty") }
    default:
      guard hasCalls else { throw bad("has no \"content\"") }
      // What templates do with null differs; an empty text is the same to all.
      object["content"] = .string("")
    }
    do throws(TemplateError) {
      return try ChatMessage(.object(object))
    } catch {
      throw bad(error.message)
    }
  }

  /// A text, or the texts of parts one behind the other; nil for anything else.
  private static func text(
    _ content: JSONValue, _ bad: (String) -> BadLine
  ) throws(BadLine) -> String? {
    if let text = content.string { return text }
    guard let parts = content.array else { return nil }
    var result = ""
    for part in parts {
      guard part["type"]?.string == "text", let text = part["text"]?.string else {
        throw bad(
          "has a part of type \"\((part["type"]?.string ?? "?").prefix(40))\"; only text is learned from")
      }
      result += text
    }
    return result
  }

  /// Calls with their arguments as objects, which is what templates expect.
  private static func calls(
    _ json: JSONValue?, _ bad: (String) -> BadLine
  ) throws(BadLine) -> [JSONValue]? {
    guard let json, !json.isNull else { return nil }
    guard let list = json.array else { throw bad("has \"tool_calls\" that are no list") }
    return list.map { call in
      guard var object = call.object, var function = object["function"]?.object,
        let text = function["arguments"]?.string, let arguments = try? JSONValue(parsing: text),
        arguments.object != nil
      else { return call }
      function["arguments"] = arguments
      object["function"] = .object(function)
      return .object(object)
    }
  }
}
