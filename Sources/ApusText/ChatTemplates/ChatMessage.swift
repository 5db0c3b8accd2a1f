// One message of a conversation, in the layout of OpenAI's API, which templates expect.

import ApusBasics

/// A message of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// The message as its JSON object: `role`, `content`, and whatever else the template knows (`tool_calls`, `name`,
  /// `reasoning_content`, …).
  public private(set) var object: JSONObject

  /// A message of plain text.
  public init(role: String, content: String) {
    object = JSONObject()
    object["role"] = .string(role)
    object["content"] = .string(content)
  }

  /// A message from JSON.
  ///
  /// - Throws: `TemplateError` when it is no object or has no role.
  public init(_ json: JSONValue) throws(TemplateError) {
    guard let object = json.object else { throw TemplateError("a message is no JSON object") }
    guard object["role"]?.string != nil else { throw TemplateError("a message has no \"role\"") }
    self.object = object
  }

  /// Who speaks: "system", "user", "assistant", "tool".
  public var role: String { object["role"]?.string ?? "" }
  /// The text, where the content is one.
  public var content: String? { object["content"]?.string }
  /// The message as JSON.
  public var json: JSONValue { .object(object) }
}
