// Prompts that a model is to answer: JSON lines, through the model's own template. Whatever else a line has stays with its
// prompt, for those who judge the answers.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusText

/// A prompt as a model reads it.
public struct EncodedPrompt: Sendable, Equatable {
  /// The line as it stands in the file.
  public var line: JSONObject
  /// The prompt's messages; a text is the user's.
  public var messages: [ChatMessage]
  /// The ids, up to the beginning of the answer.
  public var tokens: [Int32]

  /// A prompt that is encoded already.
  public init(line: JSONObject, messages: [ChatMessage], tokens: [Int32]) {
    (self.line, self.messages, self.tokens) = (line, messages, tokens)
  }
}

/// The prompts of files, and what was met on the way.
public struct PromptCorpus: Sendable {
  /// The prompts in the order of the files.
  public private(set) var prompts: [EncodedPrompt] = []
  /// Lines, and bad lines among them.
  public private(set) var reading = ReadingReport()
  /// Prompts left out because they leave no room for an answer.
  public private(set) var skippedLong = 0
  /// The longest prompt met, in tokens.
  public private(set) var longest = 0
  /// The shortest that is kept.
  public private(set) var shortest = Int.max
  /// Conversations whose last message was an answer already; it was left out.
  public private(set) var answered = 0
  /// A hash of all tokens and lines.
  public private(set) var identity: UInt64 = 0

  /// Reads prompts, one to a line of JSON, compressed or not.
  ///
  ///     {"prompt": "What is 2 + 3?", "answer": "5"}
  ///     {"messages": [{"role": "user", "content": "What is 2 + 3?"}], "answer": "5"}
  ///
  /// A prompt that is a text is the user's message; without a template it is the text to be continued.
  /// - Parameters:
  ///   - template: what writes conversations down; nil for plain texts.
  ///   - length: the most tokens of a prompt; longer ones are left out and counted.
  ///   - skipLimit: bad lines that are skipped and counted; the next one is an error.
  ///   - problem: says what is wrong with a prompt whose answers could not be judged.
  /// - Throws: `ConversationError.template`, `ReadingError` with file and line, `PromptError.nothing`.
  public init(
    _ paths: [String], template: String?, _ tokenizer: any Tokenizer, length: Int? = nil, skipLimit: Int = 0,
    pool: WorkerPool? = nil, problem: (@Sendable (EncodedPrompt) -> String?)? = nil
  ) throws {
    let renderer = PromptRenderer(try template.map { try Self.formatter($0, tokenizer) }, tokenizer)
    let lines = ParallelLines(paths: paths, skipLimit: skipLimit, pool: pool)
    var hash = StableHash()
    reading = try lines.forEach { line throws(BadLine) in
      let prompt = try renderer.prompt(line: line)
      if let problem = problem?(prompt.0) { throw BadLine(problem: problem) }
      return prompt
    } _: { (prompt: EncodedPrompt, isAnswered: Bool) in
      longest = max(longest, prompt.tokens.count)
      if let length, prompt.tokens.count > length {
        skippedLong += 1
        return
      }
      shortest = min(shortest, prompt.tokens.count)
      answered += isAnswered ? 1 : 0
      prompt.tokens.withUnsafeBytes { hash.add($0) }
      Array(JSONValue.object(prompt.line).serialized().utf8).withUnsafeBytes { hash.add($0) }
      prompts.append(prompt)
    }
    identity = hash.value
    guard !prompts.isEmpty else {
      throw PromptError.nothing(
        files: paths.count, skippedLong: skippedLong, longest: longest, length: length ?? 0)
    }
  }

  private static func formatter(
    _ template: String, _ tokenizer: any Tokenizer
  ) throws(ConversationError) -> ChatFormatter {
    do throws(TemplateError) {
      var formatter = try ChatFormatter(template, tokenizer)
      formatter.time = ChatFormatter.fixedTime
      return formatter
    } catch {
      throw .template(error)
    }
  }

  /// Tokens of all prompts.
  public var tokenCount: Int { prompts.reduce(0) { $0 + $1.tokens.count } }

  /// What a careful user should know, one line each.
  public var notes: [String] {
    var notes = CountedNotes()
    notes.add(badLinesOf: reading)
    notes.add(
      skippedLong,
      "prompt was skipped because it leaves no room for an answer (the longest has \(longest) tokens)",
      "prompts were skipped because they leave no room for an answer (the longest has \(longest) tokens)")
    notes.add(
      answered, "conversation ends with an answer, which was left out",
      "conversations end with an answer, which was left out")
    return notes.lines
  }
}

/// Why there is nothing to answer.
public enum PromptError: ApusError, Equatable {
  /// Not one prompt is left.
  case nothing(files: Int, skippedLong: Int, longest: Int, length: Int)

  /// What is wrong and what to do, in one line.
  public var description: String {
    switch self {
    case .nothing(let files, let skippedLong, let longest, let length):
      let count = "\(files) file\(files == 1 ? "" : "s")"
      guard skippedLong > 0 else { return "no prompt in \(count)" }
      return tooLongText(skippedLong, "prompt", "prompts", of: count, length)
        + ", the longest has \(longest) tokens; allow longer sequences or shorter answers"
    }
  }
}

/// Makes tokens of a line.
private struct PromptRenderer: Sendable {
  let formatter: ChatFormatter?
  let tokenizer: any Tokenizer

  init(_ formatter: ChatFormatter?, _ tokenizer: any Tokenizer) {
    self.formatter = formatter
    self.tokenizer = tokenizer
  }

  /// The prompt, and whether its last message was an answer.
  func prompt(line: [UInt8]) throws(BadLine) -> (EncodedPrompt, Bool) {
    let object = try Conversation.object(line: line)
    let (list, text) = try Self.content(object)
    guard let formatter else {
      guard let text else {
        throw BadLine(
          problem:
            "has messages, and the model has no chat template; give one, or a \"prompt\" that is a text")
      }
      let messages = [ChatMessage(role: "user", content: text)]
      return (EncodedPrompt(line: object, messages: messages, tokens: try encoded(text)), false)
    }
    var messages = list
    let isAnswered = messages.last?["role"]?.string == "assistant"
    if isAnswered { messages.removeLast() }
    // The order of roles is that of conversations, which end with an answer.
    let answer: JSONValue = .members(["role": .string("assistant"), "content": .string("…")])
    let conversation = try Conversation(messages + [answer], tools: Conversation.tools(object))
    let prompt = Array(conversation.messages.dropLast())
    do {
      let tokens = try formatter.tokens(prompt, tools: conversation.tools, addGenerationPrompt: true)
      guard !tokens.isEmpty else { throw BadLine(problem: "the template writes nothing") }
      return (EncodedPrompt(line: object, messages: prompt, tokens: tokens), isAnswered)
    } catch let bad as BadLine {
      throw bad
    } catch {
      throw BadLine(problem: "\(error)")
    }
  }

  /// The messages, and the text where the prompt is one.
  private static func content(_ object: JSONObject) throws(BadLine) -> ([JSONValue], String?) {
    let names = ["prompt", "messages"].filter { object[$0] != nil }
    guard let name = names.first else {
      throw BadLine(without: "\"prompt\" or \"messages\"", butWith: object.map(\.key))
    }
    guard names.count == 1 else { throw BadLine(problem: "has both \"prompt\" and \"messages\"") }
    if name == "prompt" {
      return (try Conversation.messages(object, name, role: "user"), object[name]?.string)
    }
    let messages = try Conversation.messages(object, name) ?? []
    guard !messages.isEmpty else { throw BadLine(problem: "\"\(name)\" is empty") }
    return (messages, nil)
  }

  /// A text as the beginning of one.
  private func encoded(_ text: String) throws(BadLine) -> [Int32] {
    var tokens: [Int32]
    do throws(TokenizerError) {
      tokens = try tokenizer.encode(text, addSpecial: true)
    } catch {
      throw BadLine(problem: "\(error)")
    }
    if tokenizer.addsEOS, !tokens.isEmpty { tokens.removeLast() }
    guard !tokens.isEmpty else { throw BadLine(problem: "\"prompt\" has no tokens") }
    return tokens
  }
}
