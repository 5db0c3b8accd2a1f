// Conversations as tokens, through the model's own template. What people wrote is tokenised apart from the
// template's text, so that no message can contain a control token (fault F33).

import ApusBasics

/// Renders conversations for one model.
public struct ChatFormatter: Sendable {
  private let template: ChatTemplate
  package let tokenizer: any Tokenizer
  /// Variables the template may read besides the messages, such as `enable_thinking`.
  public var variables: [String: JSONValue]
  /// What templates that ask for the date are told, in seconds since 1970; nil for now.
  package var time: Int?
  /// The time for texts that are learned from or scored, 1 January 2025: the same conversation gives the same tokens on any
  /// day, so a run goes on from a checkpoint with the data and the judge that it began with.
  package static let fixedTime = 1_735_689_600

  /// - Throws: `TemplateError` when the template cannot be parsed.
  public init(_ source: String, _ tokenizer: any Tokenizer) throws(TemplateError) {
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
    let text = ChatText(
      try rendered(messages, tools: tools, addGenerationPrompt: addGenerationPrompt))
    let tokens = try plainTokens(of: text)
    return beginning(before: tokens).map { [$0] + tokens } ?? tokens
  }

  /// The conversation as text, for people.
  public func text(
    _ messages: [ChatMessage], tools: JSONValue? = nil, addGenerationPrompt: Bool
  ) throws -> String {
    try rendered(messages, tools: tools, addGenerationPrompt: addGenerationPrompt).text
  }

  /// The conversation as the template writes it.
  package func rendered(
    _ messages: [ChatMessage], tools: JSONValue? = nil, addGenerationPrompt: Bool
  ) throws(TemplateError) -> RenderedChat {
    try template.render(
      messages: messages, tools: tools, addGenerationPrompt: addGenerationPrompt, variables: variables,
      time: time)
  }

  /// The tokens of a text: one text, so that words are cut as if it had been written by one hand; control tokens only where
  /// the template wrote.
  package func plainTokens(of text: ChatText) throws(TokenizerError) -> [Int32] {
    try tokenizer.encode(text.bytes, addSpecial: false, specials: .within(text.template))
  }

  /// The token that the model wants before a conversation and that the template has not written.
  package func beginning(before tokens: [Int32]) -> Int32? {
    guard tokenizer.addsBOS, let bos = tokenizer.vocabulary.special.bos, tokens.first != bos else {
      return nil
    }
    return bos
  }
}

/// A rendered conversation as bytes, with what is known of them.
package struct ChatText: Sendable, Equatable {
  /// UTF-8.
  package var bytes: [UInt8] = []
  /// Where the template wrote, ascending and apart: control tokens may be spelled there.
  package var template: [Range<Int>] = []
  /// What stands between `{% generation %}` marks, ascending and apart.
  package var generated: [Range<Int>] = []

  package init(_ chat: RenderedChat) {
    func extend(_ ranges: inout [Range<Int>], by range: Range<Int>) {
      if let last = ranges.last, last.upperBound == range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(range)
      }
    }
    for segment in chat.segments {
      let start = bytes.count
      bytes.append(contentsOf: segment.text.utf8)
      if segment.isTemplate { extend(&template, by: start..<bytes.count) }
      if segment.isGenerated { extend(&generated, by: start..<bytes.count) }
    }
  }

  /// Lets control tokens be spelled in `range`, too.
  package mutating func trust(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    var merged = range
    var others: [Range<Int>] = []
    for other in template {
      if other.upperBound < merged.lowerBound || other.lowerBound > merged.upperBound {
        others.append(other)
      } else {
        merged =
          min(other.lowerBound, merged.lowerBound)..<max(other.upperBound, merged.upperBound)
      }
    }
    let place = others.firstIndex { $0.lowerBound > merged.lowerBound } ?? others.count
    others.insert(merged, at: place)
    template = others
  }

  /// The first `count` bytes.
  package func prefix(_ count: Int) -> ChatText {
    func cut(_ ranges: [Range<Int>]) -> [Range<Int>] {
      ranges.map { $0.clamped(to: 0..<count) }.filter { !$0.isEmpty }
    }
    var result = self
    result.bytes.removeSubrange(count...)
    (result.template, result.generated) = (cut(template), cut(generated))
    return result
  }
}
