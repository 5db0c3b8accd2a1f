// The options that concern conversations.

import ApusBasics
import ApusInference
import ApusText

enum ChatFlags {
  private static let heading = "Conversation"

  static let system = Option<String?>.text(
    "system-prompt", also: ["system"], help: "The system message"
  ).grouped(heading)
  static let template = Option<String?>.file(
    "chat-template-file", help: "A Jinja template in place of the model's own"
  ).grouped(heading)
  static let variables = Option<String?>.text(
    "chat-template-kwargs", placeholder: "JSON",
    help: "Variables for the template, as {\"enable_thinking\": false}"
  ).grouped(heading)

  static let rows: [OptionRow] = [system.row, template.row, variables.row]

  /// The model's template, or the one given.
  static func formatter(_ values: Values, _ model: Model, _ console: Console) throws -> ChatFormatter {
    guard let source = try TemplateFile.read(values[template], console) ?? model.chatTemplate else {
      throw CommandError.failure(
        "\(model.name) has no chat template; use apus run to continue a text, or give --chat-template-file")
    }
    var formatter = try ChatFormatter(source, model.tokenizer)
    if let text = values[variables] {
      guard let object = try JSONValue(parsing: text).object else {
        throw CommandError.usage("--chat-template-kwargs wants a JSON object")
      }
      for (key, value) in object { formatter.variables[key] = value }
    }
    return formatter
  }

  static func systemMessages(_ values: Values) -> [ChatMessage] {
    values[system].map { [ChatMessage(role: "system", content: $0)] } ?? []
  }
}
