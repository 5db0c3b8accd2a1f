// A model's chat template: the Jinja program in its file that writes a conversation down. The language and its
// settings are those of `transformers`: jinja2's immutable sandbox, trim_blocks, lstrip_blocks, loop controls.

import ApusBasics

/// A conversation as a template has written it.
public struct RenderedChat: Sendable, Equatable {
  /// A run of text of one origin.
  public struct Segment: Sendable, Equatable {
    /// The characters.
    public let text: String
    /// Whether it is the template's own: only there may control tokens be spelled.
    public let isTemplate: Bool
    /// Whether it stands between the template's `{% generation %}` marks: the assistant says it.
    public let isGenerated: Bool
  }

  /// The runs in order.
  public let segments: [Segment]
  /// The whole text.
  public var text: String { segments.map(\.text).joined() }
}

/// A parsed chat template.
///
///     let template = try ChatTemplate(source)
///     let chat = try template.render(messages: [ChatMessage(role: "user", content: "Hi")], addGenerationPrompt: true)
///
/// What comes from messages and tools stays marked as content through every operation, so that text which looks
/// like a control token can be told from one (fault F33).
public struct ChatTemplate: Sendable {
  private let statements: [TemplateStatement]
  private let limits: TemplateLimits

  /// Parses a template.
  ///
  /// - Throws: `TemplateError` with the line.
  public init(_ source: String, limits: TemplateLimits = TemplateLimits()) throws(TemplateError) {
    statements = try TemplateParser.parse(source, limits)
    self.limits = limits
  }

  /// Writes a conversation down.
  ///
  /// - Parameters:
  ///   - tools: descriptions of functions, an array as in OpenAI's API.
  ///   - addGenerationPrompt: end with the beginning of the assistant's turn.
  ///   - variables: further variables: `bos_token`, `enable_thinking`, ….
  ///   - time: what `strftime_now` is told, in seconds since 1970, UTC; nil for the local time of now.
  /// - Throws: `TemplateError`: the template's own refusal, a mistake in it, or a limit.
  public func render(
    messages: [ChatMessage], tools: JSONValue? = nil, addGenerationPrompt: Bool,
    variables: [String: JSONValue] = [:], time: Int? = nil
  ) throws(TemplateError) -> RenderedChat {
    var values = variables.mapValues { TemplateValue($0, isContent: false) }
    values["messages"] = TemplateValue(.array(messages.map(\.json)), isContent: true)
    values["tools"] = tools.map { TemplateValue($0, isContent: true) } ?? TemplateValue.none
    values["documents"] = values["documents"] ?? .some(.none)
    values["add_generation_prompt"] = .bool(addGenerationPrompt)
    var interpreter = Interpreter(values, limits: limits, time: time)
    let text = try interpreter.render(statements)
    return RenderedChat(
      segments: text.segments.map {
        RenderedChat.Segment(text: $0.text, isTemplate: !$0.isContent, isGenerated: $0.isGenerated)
      })
  }
}
