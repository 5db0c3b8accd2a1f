// The state of a conversation on a terminal: messages, settings, and the sequence whose keys are kept.

import ApusBasics
import ApusInference
import ApusRuntime
import ApusText

/// A conversation and its commands.
final class Conversation {
  private let model: Model
  private let engine: Engine
  private let console: Console
  private let interrupt: Interrupt
  private let formatter: ChatFormatter
  private var options: GenerationOptions
  private var messages: [ChatMessage]
  private var sequence: TokenSequence

  init(_ model: Model, _ values: Values, _ console: Console, _ interrupt: Interrupt) throws {
    self.model = model
    self.console = console
    self.interrupt = interrupt
    formatter = try ChatFlags.formatter(values, model, console)
    messages = ChatFlags.systemMessages(values)
    engine = try Engine(model, EngineFlags.engineOptions(values, model, console))
    options = try EngineFlags.generation(values, model, contextLength: engine.options.contextLength)
    sequence = engine.makeSequence()
  }

  var contextLength: Int { engine.options.contextLength }

  /// Reads and answers until the end of input or /bye.
  func loop() throws {
    while let text = try nextMessage() {
      if text.hasPrefix("/") {
        guard try obey(text) else { return }
        continue
      }
      if text.isEmpty { continue }
      do {
        try answer(text)
      } catch let error as InferenceError {
        // The conversation survives an answer that could not be given.
        messages.removeLast()
        console.note("apus chat: \(error)")
      }
    }
  }

  // MARK: Input

  private func prompt(_ text: String) throws {
    guard console.input.isTerminal else { return }
    try console.write(text)
    try console.output.flush()
  }

  /// The next message; nil at the end of input or when Ctrl-C was typed at the prompt.
  private func nextMessage() throws -> String? {
    try prompt("> ")
    switch try console.input.readLine() {
    case .end:
      if console.input.isTerminal { try console.line() }
      return nil
    case .interrupted:
      try console.line()
      try interrupt.check()
      return ""
    case .text("\"\"\""):
      return try restOfQuote()
    case .text(let line):
      return line
    }
  }

  private func restOfQuote() throws -> String? {
    var lines: [String] = []
    while true {
      try prompt(". ")
      switch try console.input.readLine() {
      case .text("\"\"\""), .end: return lines.joined(separator: "\n")
      case .interrupted:
        interrupt.clear()
        return ""
      case .text(let line): lines.append(line)
      }
    }
  }

  // MARK: Answers

  private func answer(_ text: String) throws {
    messages.append(ChatMessage(role: "user", content: text))
    let tokens = try formatter.tokens(messages, addGenerationPrompt: true)
    guard tokens.count < contextLength else {
      throw InferenceError.contextExceeded(tokens: tokens.count, context: contextLength)
    }
    // At least one token must be computed to have logits to choose from.
    sequence.truncate(to: min(sequence.commonPrefix(with: tokens), tokens.count - 1))
    let outcome = Outcome(console)
    let generation = try Generation(
      model, sequence, prompt: Array(tokens[sequence.length...]), options: options, onText: outcome.receive)
    let batch = Batch(engine)
    if generation.finish == nil { batch.join(generation) }
    while generation.finish == nil, outcome.failure == nil {
      try batch.advance()
      if interrupt.isRequested {
        generation.cancel()
        interrupt.clear()
      }
    }
    if let failure = outcome.failure { throw failure }
    try console.line()
    try console.output.flush()
    if generation.finish == .contextFull {
      console.note("note: the context of \(contextLength) tokens is full; /clear starts anew, -c sets it")
    }
    messages.append(ChatMessage(role: "assistant", content: outcome.text))
  }

  // MARK: Commands

  /// Obeys a line that begins with a slash; false to leave.
  private func obey(_ line: String) throws -> Bool {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    let rest = words.count > 1 ? words[1] : ""
    switch words[0] {
    case "/bye", "/exit", "/quit": return false
    case "/help", "/?": for help in ChatCommand.discussion { console.note(help) }
    case "/clear":
      messages.removeAll { $0.role != "system" }
      sequence.truncate(to: 0)
    case "/system":
      messages.removeAll { $0.role == "system" }
      if !rest.isEmpty { messages.insert(ChatMessage(role: "system", content: rest), at: 0) }
    case "/set": set(rest)
    case "/save": report { try save(rest) }
    case "/load": report { try load(rest) }
    default: console.note("unknown command \(words[0]); /help lists them")
    }
    return true
  }

  private func report(_ body: () throws -> Void) {
    do { try body() } catch { console.note("\(error)") }
  }

  /// `/set temp 0.7`, under the names of the command line.
  private func set(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 2, let value = Double(words[1]) else {
      console.note("usage: /set temp 0.7 (temp, top-k, top-p, min-p, repeat-penalty, seed, predict)")
      return
    }
    var changed = options
    switch words[0] {
    case "temp", "temperature": changed.sampling.temperature = value
    case "top-k": changed.sampling.topK = Int(value)
    case "top-p": changed.sampling.topP = value
    case "min-p": changed.sampling.minP = value
    case "repeat-penalty": changed.sampling.repeatPenalty = value
    case "seed": changed.sampling.seed = value < 0 ? nil : UInt64(value)
    case "predict": changed.maxTokens = value < 0 ? nil : Int(value)
    default:
      console.note("unknown setting \(words[0])")
      return
    }
    do {
      try changed.sampling.validate()
      options = changed
    } catch {
      console.note("\(error)")
    }
  }

  private func save(_ name: String) throws {
    guard !name.isEmpty else { throw CommandError.failure("usage: /save FILE") }
    var object = JSONObject()
    object["messages"] = .array(messages.map(\.json))
    var file = try AtomicFile(path: name, replacing: true)
    try file.write(Array((JSONValue.object(object).serialized(pretty: true) + "\n").utf8))
    try file.commit()
    console.note("saved \(messages.count) messages to \(name)")
  }

  private func load(_ name: String) throws {
    guard !name.isEmpty else { throw CommandError.failure("usage: /load FILE") }
    let value = try JSONValue(parsing: InputFile.read(name, console))
    guard let list = value.object?["messages"]?.array else {
      throw CommandError.failure("\(name): no \"messages\"")
    }
    messages = try list.map { try ChatMessage($0) }
    console.note("loaded \(messages.count) messages from \(name)")
  }
}
