// Conversations as tokens, through the model's own template. What people wrote is tokenised apart from the
// template's text, so that no message can contain a control token (fault F33).

import ApusBasics
import ApusText

/// Renders conversations for one model.
public struct ChatFormatter: Sendable {
  private let template: ChatTemplate
  private let tokenizer: any Tokenizer
  /// Variables the template may read besides the messages, such as `enable_thinking`.
  public var variables: [String: JSONValue]

  /// - Throws: `TemplateError` when the template cannot be parsed.
  public init(_ source: String, _ tokenizer: any Tokenizer) throws {
    template = try ChatTemplate(source)
    self.tokenizer = tokenizer
    variables = [:]
    let special = tokenizer.vocabulary.special
    for (name, id) in [
      ("bos_token", special.bos), ("eos_token", special.eos), ("unk_token", special.unk),
      ("pad_token", special.pad),
    ] {
      if let id { variables[name] = .string(tokenizer.vocabulary.piece(id)) }
    }
  }

  /// The conversation as the model reads it.
  ///
  /// - Parameter addGenerationPrompt: end with the start of the assistant's turn.
  /// - Throws: `TemplateError`, `TokenizerError`.
  public func tokens(
    _ messages: [ChatMessage], tools: JSONValue? = nil, addGenerationPrompt: Bool
  ) throws -> [Int32] {
    let rendered = try template.render(
      messages: messages, tools: tools, addGenerationPrompt: addGenerationPrompt, variables: variables)
    // One text, so that words are cut as if it had been written by one hand; control tokens only where the
    // template wrote.
    var text: [UInt8] = []
    var template: [Range<Int>] = []
    for segment in rendered.segments {
      let start = text.count
      text.append(contentsOf: segment.text.utf8)
      if segment.isTemplate { template.append(start..<text.count) }
    }
    var tokens = try tokenizer.encode(text, addSpecial: false, specials: .within(template))
    if tokenizer.addsBOS, let bos = tokenizer.vocabulary.special.bos, tokens.first != bos {
      tokens.insert(bos, at: 0)
    }
    return tokens
  }

  /// The conversation as text, for people.
  public func text(
    _ messages: [ChatMessage], tools: JSONValue? = nil, addGenerationPrompt: Bool
  ) throws -> String {
    try template.render(
      messages: messages, tools: tools, addGenerationPrompt: addGenerationPrompt, variables: variables
    ).text
  }
}
