// `apus bench embeddings`: how long texts take to become vectors, one alone and many together.

import ApusBasics
import ApusGraph
import ApusInference
import ApusProfile
import ApusRuntime

enum BenchEmbeddingsCommand: Command {
  static let name = "bench embeddings"
  static let summary = "Measure how fast texts become vectors"
  static let discussion = [
    "embed128 is one text of 128 tokens at a time, from its ids to its vector: the median of -r runs, the 99th "
      + "percentile, and the weights that cross the memory bus. With -f all lines of a file are embedded together, "
      + "tokenisation included."
  ]
  static let examples = [
    "apus bench embeddings model.gguf --tokens 4,128,512",
    "apus bench embeddings all-MiniLM-L6-v2 -f sentences.txt",
  ]

  private static let tokens = Option<[Int]>.integers(
    "tokens", in: 1...1_000_000, default: [4, 128, 512], help: "Lengths of a single text")
  private static let file = Option<String?>.file("file", "f", help: "Embed the lines of a file")
  private static let repetitions = Option<Int?>.integer(
    "repetitions", "r", in: 1...1_000_000, defaultText: "for a second each, at least 5",
    help: "Times each is measured")

  static let arguments = [ModelFile.argument.row]
  static let options =
    [tokens.row, file.row, repetitions.row, GenerationFlags.profile.row] + EmbeddingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let texts = try values[file].map { try lines($0, console) }
    let model = try EmbeddingFlags.load(values, console)
    var results: [EmbeddingResult] = []
    var profiles: [(String, ExecutionProfile)] = []
    let ceilings = values[GenerationFlags.profile] ? try Ceilings.measure(model.runtime) : nil
    for count in values.has(tokens) || texts == nil ? values[tokens] : [] {
      guard count <= model.contextLength else {
        throw CommandError.failure("\(count) tokens are more than the \(model.contextLength) the model takes")
      }
      let profile = values[GenerationFlags.profile] ? try profile(model, count) : nil
      let samples = try measure(values[repetitions], check: interrupt.check) {
        try EmbeddingWorkload.seconds(model, tokens: count)
      }
      results.append(EmbeddingResult(test: "embed\(count)", texts: 1, tokens: count, seconds: samples))
      if let profile { profiles.append(("embed\(count)", profile)) }
      try model.setProfile(nil)
    }
    if let texts {
      let prompt = values[EmbeddingFlags.promptName]
      let count = try model.tokenCount(texts, prompt: prompt)
      let samples = try measure(values[repetitions], check: interrupt.check) {
        try MonotonicClock.seconds { _ = try model.embed(texts, prompt: prompt) }
      }
      results.append(EmbeddingResult(test: "texts", texts: texts.count, tokens: count, seconds: samples))
    }
    try show(results, model, values, console)
    for (name, profile) in profiles {
      try console.line()
      for line in ProfileTable.report(profile, of: name, ceilings!) { try console.line(line) }
    }
  }

  private static func lines(_ path: String, _ console: Console) throws -> [[UInt8]] {
    var input = TextInput(words: [], files: [path], form: .lines, field: "", console)
    let texts = try input.all().map(\.bytes)
    guard !texts.isEmpty else { throw CommandError.failure("\(path) has no lines") }
    return texts
  }

  /// A profile that gathers from here on, made after the encoder has the size it needs.
  private static func profile(_ model: EmbeddingModel, _ tokens: Int) throws -> ExecutionProfile? {
    _ = try EmbeddingWorkload.seconds(model, tokens: tokens)
    return try model.setProfile { ExecutionProfile($0, workers: model.runtime.workers.count) }
  }

  /// Times of `count` runs after two to warm up, or of as many as fill a second.
  private static func measure(
    _ count: Int?, check: () throws -> Void, _ body: () throws -> Double
  ) throws -> [Double] {
    for _ in 0..<2 { _ = try body() }
    var samples: [Double] = []
    var total = 0.0
    while count.map({ samples.count < $0 }) ?? (total < 1 || samples.count < 5) {
      try check()
      samples.append(try body())
      total += samples.last!
    }
    return samples
  }

  private static func show(
    _ results: [EmbeddingResult], _ model: EmbeddingModel, _ values: Values, _ console: Console
  ) throws {
    var table = Table([
      ("test", .left), ("runs", .right), ("median ms", .right), ("p99 ms", .right), ("texts/s", .right),
      ("t/s", .right), ("weights GB/s", .right),
    ])
    let weights = Double(model.weightBytes)
    for result in results {
      let median = result.seconds.quantile(0.5)
      table.append([
        result.test, "\(result.seconds.count)", fixed(median * 1e3, 3),
        fixed(result.seconds.quantile(0.99) * 1e3, 3),
        fixed(Double(result.texts) / median, 1), fixed(Double(result.tokens) / median, 1),
        result.texts == 1 ? fixed(weights / median * 1e-9, 1) : "",
      ])
    }
    for line in table.lines(.markdown) { try console.line(line) }
    guard values[CommonOptions.json] else { return }
    let list = results.map { result -> JSONValue in
      let median = result.seconds.quantile(0.5)
      return .members([
        "test": .string(result.test), "texts": .integer(result.texts), "tokens": .integer(result.tokens),
        "medianSeconds": .double(median), "p99Seconds": .double(result.seconds.quantile(0.99)),
        "textsPerSecond": .double(Double(result.texts) / median),
        "tokensPerSecond": .double(Double(result.tokens) / median),
        "weightBytesPerSecond": result.texts == 1 ? .double(weights / median) : .null,
        "samples": .array(result.seconds.prefix(10_000).map { .double($0) }),
      ])
    }
    try console.json(
      .members([
        "results": .array(list), "model": .string(model.name), "weightBytes": .integer(model.weightBytes),
        "threads": .integer(model.runtime.workers.count), "kernels": .string(model.runtime.cpu.name),
      ]))
  }
}

/// The times of one test.
private struct EmbeddingResult {
  let test: String
  let texts: Int
  let tokens: Int
  let seconds: [Double]
}
