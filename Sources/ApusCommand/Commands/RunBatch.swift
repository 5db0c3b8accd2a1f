// `apus run --input`: many prompts from a JSONL file, several at once, answers as JSONL in the same order.

import ApusBasics
import ApusInference
import ApusText

extension RunCommand {
  /// Answers every line of a file.
  static func runBatch(_ input: String, _ values: Values, _ console: Console) throws {
    let bytes = try InputFile.read(input, console)
    let interrupt = Interrupt.install()
    let model = try EngineFlags.load(values, console, at: ModelFile.pathOrDefault(values))
    let requests = try requests(bytes, name: input == "-" ? "standard input" : input, model, values, console)
    let engine = try Engine(
      model,
      EngineFlags.engineOptions(
        values, model, console, sequences: min(values[GenerationFlags.parallel], max(1, requests.count))))
    let options = try EngineFlags.generation(values, model, contextLength: engine.options.contextLength)
    var bar = ProgressBar("answering", total: requests.count, unit: .items("prompts"), on: console)
    defer { bar.finish() }

    let batch = Batch(engine)
    var answers: [Int: Answer] = [:]
    var (started, written) = (0, 0)
    while written < requests.count, !interrupt.isRequested {
      while batch.hasRoom, started < requests.count {
        let answer = try Answer(model, engine, requests[started], options, number: started)
        answers[started] = answer
        if answer.generation.finish == nil { batch.join(answer.generation) }
        started += 1
      }
      try batch.advance()
      while let answer = answers[written], answer.generation.finish != nil {
        try console.line(answer.line())
        answers[written] = nil
        written += 1
        bar.update(written)
      }
    }
    try interrupt.check()
  }

  private static func requests(
    _ bytes: [UInt8], name: String, _ model: Model, _ values: Values, _ console: Console
  ) throws -> [Request] {
    let prompts = PromptTokens(model, values, console)
    var requests: [Request] = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { continue }
      do {
        let value = try JSONValue(parsing: Array(line))
        requests.append(
          Request(tokens: try tokens(value, prompts, model, values, console), id: value.object?["id"]))
      } catch {
        throw CommandError.failure("\(name):\(index + 1): \(error)")
      }
    }
    return requests
  }

  private static func tokens(
    _ value: JSONValue, _ prompts: PromptTokens, _ model: Model, _ values: Values, _ console: Console
  ) throws -> [Int32] {
    if let text = value.string ?? value.object?["prompt"]?.string { return try prompts.user(text) }
    guard let messages = value.object?["messages"]?.array else {
      throw CommandError.failure("neither \"prompt\" nor \"messages\"")
    }
    return try ChatFlags.formatter(values, model, console).tokens(
      messages.map { try ChatMessage($0) }, tools: value.object?["tools"], addGenerationPrompt: true)
  }

  /// A line of the input.
  private struct Request {
    let tokens: [Int32]
    let id: JSONValue?
  }

  /// The answer to a line, in the making.
  private final class Answer {
    let generation: Generation
    private let text = TextBuffer()
    private let id: JSONValue?
    private let number: Int

    init(
      _ model: Model, _ engine: Engine, _ request: Request, _ options: GenerationOptions, number: Int
    ) throws {
      self.number = number
      id = request.id
      let text = text
      // Each line draws its own random numbers, whatever is answered beside it.
      generation = try Generation(
        model, engine.makeSequence(), prompt: request.tokens, options: options, stream: UInt64(number)
      ) { text.bytes.append(contentsOf: $0) }
    }

    func line() -> String {
      var object = JSONObject()
      object["index"] = .int(Int64(number))
      if let id { object["id"] = id }
      object["text"] = .string(String(decoding: text.bytes, as: UTF8.self))
      object["finishReason"] = .string(generation.finish.map(\.name) ?? "interrupted")
      object["promptTokens"] = .int(Int64(generation.statistics.promptTokens))
      object["generatedTokens"] = .int(Int64(generation.statistics.generatedTokens))
      return JSONValue.object(object).serialized()
    }
  }

  private final class TextBuffer {
    var bytes: [UInt8] = []
  }
}
