// From a text to the tokens of one or more passes: the model's special tokens around it, its length against the
// context, and the policy where it is too long.

import ApusModels
import ApusText

/// Turns texts into tokens that fit a model.
package struct TextTokens: Sendable {
  package let tokenizer: any Tokenizer
  /// The most tokens of a pass, special ones included.
  package let limit: Int
  package let policy: LongTextPolicy

  package init(_ tokenizer: any Tokenizer, limit: Int, policy: LongTextPolicy) {
    self.tokenizer = tokenizer
    self.limit = limit
    self.policy = policy
  }

  /// The passes of a text: one, or several where a long text is split.
  ///
  /// - Parameter index: the text's number, for errors.
  package func passes(_ text: [UInt8], prompt: [UInt8], index: Int) throws -> [TokenizedText] {
    guard text.contains(where: { !Self.isSpace($0) }) else { throw EmbeddingError.emptyText(index: index) }
    let tokens = try tokenizer.encode(prompt + text, addSpecial: true, parseSpecial: false)
    let (before, after) = (tokenizer.template.before.count, tokenizer.template.after.count)
    guard tokens.count > before + after else { throw EmbeddingError.emptyText(index: index) }
    if tokens.count <= limit { return [TokenizedText(tokens)] }
    guard limit > before + after else {
      throw EmbeddingError.tooLong(index: index, tokens: tokens.count, limit: limit)
    }
    let end = tokens[(tokens.count - after)...]
    switch policy {
    case .refuse:
      throw EmbeddingError.tooLong(index: index, tokens: tokens.count, limit: limit)
    case .truncate:
      return [TokenizedText(Array(tokens[..<(limit - after)] + end))]
    case .split:
      let promptTokens = try tokenizer.encode(prompt, addSpecial: false, parseSpecial: false)
      let start = tokens[..<before] + promptTokens
      let room = limit - start.count - after
      guard room > 0 else { throw EmbeddingError.tooLong(index: index, tokens: tokens.count, limit: limit) }
      // The first part has the prompt as it was tokenised with the text.
      var parts = [TokenizedText(Array(tokens[..<(limit - after)] + end))]
      var position = limit - after
      while position < tokens.count - after {
        let stop = min(position + room, tokens.count - after)
        parts.append(TokenizedText(Array(start + tokens[position..<stop] + end)))
        position = stop
      }
      return parts
    }
  }

  /// The passes of a query with a text.
  package func passes(query: [UInt8], text: [UInt8], index: Int) throws -> [TokenizedText] {
    guard text.contains(where: { !Self.isSpace($0) }) else { throw EmbeddingError.emptyText(index: index) }
    let pair = try tokenizer.encodePair(query, text)
    let second = pair.segments.firstIndex(of: 1) ?? .max
    if pair.ids.count <= limit { return [TokenizedText(pair.ids, secondSegment: second)] }
    let after = tokenizer.template.pair.reversed().prefix { if case .token = $0 { true } else { false } }
      .count
    let start = try tokenizer.encodePair(query, []).ids.dropLast(after)
    let room = limit - start.count - after
    guard room > 0 else { throw EmbeddingError.queryTooLong(tokens: start.count, limit: limit) }
    let end = pair.ids.suffix(after)
    let body = pair.ids[start.count..<end.startIndex]
    switch policy {
    case .refuse:
      throw EmbeddingError.tooLong(index: index, tokens: pair.ids.count, limit: limit)
    case .truncate:
      return [TokenizedText(Array(start + body.prefix(room) + end), secondSegment: second)]
    case .split:
      return stride(from: body.startIndex, to: body.endIndex, by: room).map { position in
        let part = body[position..<min(position + room, body.endIndex)]
        return TokenizedText(Array(start + part + end), secondSegment: second)
      }
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
}
