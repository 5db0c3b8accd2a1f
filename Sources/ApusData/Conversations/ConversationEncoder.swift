// Conversations as tokens, each with what it is part of. No token is split where that changes, as the model never meets the
// halves: a token that lies across a border counts as the assistant's, and is counted.

import ApusBasics
import ApusText

/// A conversation, or the part of one up to an answer, as a model reads it.
public struct EncodedExample: Sendable, Equatable {
  /// The ids.
  public var tokens: [Int32]
  /// What each is part of.
  public var kinds: [ConversationPart]
  /// The bytes of `text` up to the end of each token; a token added before the text has none.
  public var ends: [Int]
  /// The text, UTF-8.
  public var text: [UInt8]
  /// Tokens that lie across the border of two kinds.
  public var straddling = 0
  /// Answers without a token that ends them.
  public var endless = 0
}

/// Turns conversations into tokens with what each is part of.
///
///     let encoder = try ConversationEncoder(template: source, tokenizer)
///     _ = try ConversationCorpus(encoder).forEachExample(["chat.jsonl"]) { print($0.tokens, $0.kinds) }
public struct ConversationEncoder: Sendable {
  private let renderer: ConversationRenderer
  /// What it was made with.
  public let settings: ConversationSettings

  /// An encoder for a model's chat template and tokenizer; the tags in the settings are not empty.
  ///
  /// - Throws: `ConversationError.template`.
  public init(
    template: String, _ tokenizer: any Tokenizer, _ settings: ConversationSettings = ConversationSettings()
  ) throws(ConversationError) {
    precondition(
      !settings.reasoningBegin.isEmpty && !settings.reasoningEnd.isEmpty, "tags of reasoning are not empty")
    self.settings = settings
    do throws(TemplateError) {
      var formatter = try ChatFormatter(template, tokenizer)
      formatter.time = ChatFormatter.fixedTime
      renderer = ConversationRenderer(formatter, settings)
    } catch {
      throw .template(error)
    }
  }

  /// What writes conversations down.
  package var formatter: ChatFormatter { renderer.formatter }

  /// The examples of a conversation, whatever their length.
  ///
  /// - Parameters:
  ///   - first: the message from which on the assistant's words count.
  ///   - mayBreakOff: whether the assistant may end while it thinks.
  func examples(
    _ conversation: Conversation, from first: Int = 0, mayBreakOff: Bool = false
  ) throws(BadLine) -> [EncodedExample] {
    var renderer = renderer
    renderer.mayBreakOff = mayBreakOff
    var result: [EncodedExample] = []
    for example in try renderer.examples(conversation, from: first) { result.append(try encode(example)) }
    return result
  }

  private func tokens(of text: ChatText) throws(BadLine) -> [Int32] {
    do throws(TokenizerError) {
      return try formatter.plainTokens(of: text)
    } catch {
      throw BadLine(problem: error.description)
    }
  }

  private func encode(_ example: RenderedExample) throws(BadLine) -> EncodedExample {
    let tokens = try tokens(of: example.text)
    var ends = [Int]()
    if let found = formatter.tokenizer.ends(of: tokens, in: example.text.bytes) {
      ends = found
    } else {
      ends = try endsByPrefixes(tokens, example)
    }
    var kinds = [ConversationPart](repeating: .prompt, count: example.text.bytes.count)
    for turn in example.turns { for byte in turn { kinds[byte] = .answer } }
    for thought in example.reasoning { for byte in thought { kinds[byte] = .reasoning } }
    var result = EncodedExample(
      tokens: tokens, kinds: [], ends: ends, text: example.text.bytes, endless: example.endless)
    var start = 0
    for end in ends {
      // A token without bytes of its own, such as an added space, goes with what follows it.
      let own = kinds[min(start, kinds.count - 1)..<max(min(start, kinds.count - 1) + 1, end)]
      let last = own[own.endIndex - 1]
      result.kinds.append(last == .prompt ? own[own.startIndex] : last)
      if own.contains(where: { $0 != last }) { result.straddling += 1 }
      start = end
    }
    if let first = formatter.beginning(before: tokens) {
      result.tokens.insert(first, at: 0)
      result.kinds.insert(.prompt, at: 0)
      result.ends.insert(0, at: 0)
    }
    return result
  }

  /// Where tokens end when they do not spell the text, because the tokenizer normalises it first: at the borders of kinds,
  /// which is all that matters, by the tokens of the text up to there.
  private func endsByPrefixes(_ tokens: [Int32], _ example: RenderedExample) throws(BadLine) -> [Int] {
    let borders = Set((example.turns + example.reasoning).flatMap { [$0.lowerBound, $0.upperBound] })
    var ends: [Int] = []
    var start = 0
    /// Gives the tokens up to `count` the bytes up to `end`: all of them to the last, as no more is known.
    func fill(_ count: Int, _ end: Int) {
      while ends.count < count { ends.append(ends.count + 1 < count ? start : end) }
      start = end
    }
    for border in borders.sorted() {
      let before = try self.tokens(of: example.text.prefix(border))
      guard tokens.starts(with: before), before.count >= ends.count else {
        throw BadLine(
          problem:
            "the tokenizer changes the text before it cuts it, and a token lies across the border of the assistant's "
            + "words: it cannot be told whose it is")
      }
      fill(before.count, border)
    }
    fill(tokens.count, example.text.bytes.count)
    return ends
  }
}
