// Conversations as text in which it is known what the assistant says. A template marks that itself, or it is what a render
// has more than the render of all before it. Tokens are ConversationEncoder's.

import ApusBasics
import ApusText

/// A text to learn from.
struct RenderedExample: Equatable {
  var text: ChatText
  /// What the assistant says and thinks, ascending and apart.
  var turns: [Range<Int>]
  /// What it thinks, with the tags; each inside a turn.
  var reasoning: [Range<Int>] = []
  /// Turns without a token that ends them.
  var endless = 0
}

/// Writes conversations down with a model's template.
///
/// What the assistant says is what stands between `{% generation %}` marks. Where a template has none, a turn is what the
/// render up to it has more than the render of everything before it with the beginning of an answer, up to the first token
/// that ends one. A template may write a turn otherwise once more follows (Qwen3 leaves out what was thought earlier); such a
/// turn becomes an example of its own, as the model meets it when it answers.
struct ConversationRenderer: Sendable {
  let formatter: ChatFormatter
  private let begin: String
  private let end: String
  /// Whether the assistant may break off while it thinks, as drawn answers do: all of such a turn is reasoning then. Nobody
  /// should learn to by imitation, so in conversations it is an error.
  var mayBreakOff = false
  /// What ends an answer, as templates spell it.
  private let endings: [[UInt8]]
  /// Whether the template writes `reasoning_content`.
  private let knowsReasoning: Bool

  init(_ formatter: ChatFormatter, _ settings: ConversationSettings) {
    self.formatter = formatter
    (begin, end) = (settings.reasoningBegin, settings.reasoningEnd)
    let vocabulary = formatter.tokenizer.vocabulary
    endings = vocabulary.endOfGeneration.map { Array(vocabulary.piece($0).utf8) }.filter { !$0.isEmpty }
    knowsReasoning = Self.writesReasoning(formatter)
  }

  private static func writesReasoning(_ formatter: ChatFormatter) -> Bool {
    let thought = "what was thought"
    var answer = ChatMessage(role: "assistant", content: "b").object
    answer["reasoning_content"] = .string(thought)
    guard let message = try? ChatMessage(.object(answer)),
      let text = try? formatter.text(
        [ChatMessage(role: "user", content: "a"), message], addGenerationPrompt: false)
    else { return false }
    return text.contains(thought)
  }

  /// The examples of a conversation, at least one.
  ///
  /// - Parameter first: the message from which on the assistant's turns are of interest; there is one.
  func examples(
    _ conversation: Conversation, from first: Int = 0
  ) throws(BadLine) -> [RenderedExample] {
    let messages = try knowsReasoning ? conversation.messages : conversation.messages.map(folded)
    let whole = try render(messages[...], conversation.tools)
    var examples: [RenderedExample]
    if whole.generated.isEmpty {
      examples = try separated(messages, conversation.tools, whole, from: first)
    } else {
      let turns = try turns(of: whole, messages, conversation.tools, from: first)
      examples = [RenderedExample(text: whole, turns: turns)]
      try checkReasoning(messages, messages.count - 1, whole.bytes[turns[turns.count - 1]])
    }
    for index in examples.indices { try markReasoning(&examples[index]) }
    return examples
  }

  // MARK: Rendering

  private func render(
    _ messages: ArraySlice<ChatMessage>, _ tools: JSONValue?, addsPrompt: Bool = false
  ) throws(BadLine) -> ChatText {
    do throws(TemplateError) {
      return ChatText(
        try formatter.rendered(Array(messages), tools: tools, addGenerationPrompt: addsPrompt))
    } catch {
      throw BadLine(problem: error.description)
    }
  }

  /// The reasoning as part of the content, for templates that do not know it.
  private func folded(_ message: ChatMessage) throws(BadLine) -> ChatMessage {
    guard let reasoning = message.object["reasoning_content"]?.string else { return message }
    var object = message.object
    object["reasoning_content"] = nil
    object["content"] = .string(
      "\(begin)\n\(trimmed(reasoning))\n\(end)\n\n\(message.content ?? "")")
    do throws(TemplateError) {
      return try ChatMessage(.object(object))
    } catch {
      throw BadLine(problem: error.message)
    }
  }

  /// Whether a message has something that was thought.
  private func thinks(_ message: ChatMessage) -> Bool {
    if let reasoning = message.object["reasoning_content"]?.string, !trimmed(reasoning).isEmpty {
      return true
    }
    return trimmed(message.content ?? "").utf8.starts(with: begin.utf8)
  }

  // MARK: Turns

  /// A turn as the model meets it: the text up to its end, and where it begins.
  private struct Turn {
    var text: ChatText
    var range: Range<Int>
    var hasEnd: Bool
  }

  /// What a template has marked, without what it marks in the messages before `first`.
  private func turns(
    of whole: ChatText, _ messages: [ChatMessage], _ tools: JSONValue?, from first: Int
  ) throws(BadLine) -> [Range<Int>] {
    guard messages[..<first].contains(where: { $0.role == "assistant" }) else { return whole.generated }
    let before = try render(messages[..<first], tools).generated.count
    guard before < whole.generated.count else {
      throw BadLine(
        problem:
          "the template's {% generation %} marks hold nothing of message \(first + 1) or those after it")
    }
    return Array(whole.generated[before...])
  }

  private func separated(
    _ messages: [ChatMessage], _ tools: JSONValue?, _ whole: ChatText, from first: Int
  ) throws(BadLine) -> [RenderedExample] {
    var examples: [RenderedExample] = []
    for index in messages.indices.reversed() where index >= first && messages[index].role == "assistant" {
      let turn = try turn(index, messages, tools, whole)
      let seen = turn.text.bytes[..<turn.range.upperBound]
      if let known = examples.firstIndex(where: { $0.text.bytes.starts(with: seen) }) {
        examples[known].turns.insert(turn.range, at: 0)
        examples[known].endless += turn.hasEnd ? 0 : 1
      } else {
        examples.append(
          RenderedExample(text: turn.text, turns: [turn.range], endless: turn.hasEnd ? 0 : 1))
      }
    }
    return examples.reversed()
  }

  private func turn(
    _ index: Int, _ messages: [ChatMessage], _ tools: JSONValue?, _ whole: ChatText
  ) throws(BadLine) -> Turn {
    let text = index == messages.count - 1 ? whole : try render(messages[...index], tools)
    let before = try render(messages[..<index], tools, addsPrompt: true)
    var start = commonPrefix(before.bytes, text.bytes)
    if start < before.bytes.count {
      // What begins an answer is not what the answer begins with: then the turn is all that the messages before do not
      // write, less what both have in common before the assistant's first word.
      let plain = try render(messages[..<index], tools)
      guard text.bytes.starts(with: plain.bytes) else {
        throw BadLine(
          problem:
            "the template writes what comes before message \(index + 1) otherwise once that is there, and it has "
            + "no {% generation %} marks; it cannot be told which tokens are the assistant's")
      }
      start = max(plain.bytes.count, min(start, firstContent(of: text, from: plain.bytes.count)))
    }
    let end = endOfTurn(text, from: start)
    guard start < (end ?? text.bytes.count) else {
      throw BadLine(problem: "the template writes nothing of message \(index + 1)")
    }
    try checkReasoning(messages, index, text.bytes[start..<(end ?? text.bytes.count)])
    return Turn(text: text, range: start..<(end ?? text.bytes.count), hasEnd: end != nil)
  }

  /// Where from `start` on the template hands over to what people wrote.
  private func firstContent(of text: ChatText, from start: Int) -> Int {
    var place = start
    for range in text.template where range.lowerBound <= place && range.upperBound > place {
      place = range.upperBound
    }
    return place
  }

  /// The end of the first token in the template's own words that ends an answer.
  private func endOfTurn(_ text: ChatText, from start: Int) -> Int? {
    for range in text.template where range.upperBound > start {
      let part = text.bytes[max(start, range.lowerBound)..<range.upperBound]
      let found = endings.compactMap { ending in
        firstRange(of: ending, in: part).map { $0.upperBound }
      }
      if let first = found.min() { return first }
    }
    return nil
  }

  // MARK: Reasoning

  /// Some templates take reasoning out of every answer: what should be learned would be missing without a word.
  private func checkReasoning(
    _ messages: [ChatMessage], _ index: Int, _ turn: ArraySlice<UInt8>
  ) throws(BadLine) {
    guard thinks(messages[index]), firstRange(of: Array(end.utf8), in: turn) == nil else { return }
    let content = Array((messages[index].content ?? "").utf8)
    if messages[index].object["reasoning_content"] == nil,
      firstRange(of: Array(end.utf8), in: content[...]) == nil
    {
      if mayBreakOff { return }
      throw BadLine(problem: "message \(index + 1) begins with \(begin) and has no \(end)")
    }
    throw BadLine(
      problem:
        "message \(index + 1) has reasoning that ends with \(end), and the template does not write that; use another "
        + "template, other tags, or take the reasoning out")
  }

  private func markReasoning(_ example: inout RenderedExample) throws(BadLine) {
    let (opening, closing) = (Array(begin.utf8), Array(end.utf8))
    for turn in example.turns {
      let bytes = example.text.bytes
      let first = bytes[turn].firstIndex { !isSpace($0) } ?? turn.upperBound
      var start = turn.lowerBound
      if bytes[first..<turn.upperBound].starts(with: opening) {
        start = first
        example.text.trust(first..<first + opening.count)
      } else {
        // Some templates begin every answer with the tag.
        let last = bytes[..<turn.lowerBound].lastIndex { !isSpace($0) } ?? -1
        guard bytes[..<(last + 1)].suffix(opening.count).elementsEqual(opening) else { continue }
      }
      guard let close = firstRange(of: closing, in: bytes[start..<turn.upperBound]) else {
        guard mayBreakOff else {
          throw BadLine(problem: "the assistant's reasoning begins with \(begin) and has no \(end)")
        }
        example.reasoning.append(start..<turn.upperBound)
        continue
      }
      example.text.trust(close)
      example.reasoning.append(start..<close.upperBound)
    }
  }
}

private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }

private func trimmed(_ text: String) -> String {
  let bytes = Array(text.utf8)
  guard let first = bytes.firstIndex(where: { !isSpace($0) }),
    let last = bytes.lastIndex(where: { !isSpace($0) })
  else { return "" }
  return String(decoding: bytes[first...last], as: UTF8.self)
}

private func commonPrefix(_ left: [UInt8], _ right: [UInt8]) -> Int {
  let limit = min(left.count, right.count)
  return (0..<limit).first { left[$0] != right[$0] } ?? limit
}

/// Where `pattern`, which is not empty, first stands.
private func firstRange(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
  guard bytes.count >= pattern.count else { return nil }
  for start in bytes.startIndex...bytes.endIndex - pattern.count
  where bytes[start] == pattern[0] && bytes[start...].starts(with: pattern) {
    return start..<start + pattern.count
  }
  return nil
}
