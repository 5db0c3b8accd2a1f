// What is said beside the text: the settings in force and where they come from, the speed, the profile, the
// machine-readable summary.

import ApusBasics
import ApusGraph
import ApusInference
import ApusRuntime

/// The remarks of a generating command.
struct Report {
  private let model: Model
  private let engine: Engine
  private let values: Values
  private let console: Console

  init(_ model: Model, _ engine: Engine, _ values: Values, _ console: Console) {
    self.model = model
    self.engine = engine
    self.values = values
    self.console = console
  }

  /// The settings in force with their origin, on standard error.
  func effectiveSettings(_ options: GenerationOptions) {
    console.note("model: \(model.name), \(model.architecture), \(countText(model.parameterCount)) parameters")
    console.note("kernels: \(model.runtime.cpu.name), \(model.runtime.workers.count) threads")
    let context = values.has(GenerationFlags.context) ? "command line" : "the model's, or what fits in memory"
    console.note(
      "context: \(engine.options.contextLength) (\(context)), cache \(engine.options.keyValueFormat.rawValue)"
    )
    let fromFile = Set(model.samplingDefaults.fromFile)
    for (name, value, flag) in listing(options.sampling) {
      let origin =
        values.found[flag] != nil ? "command line" : fromFile.contains(name) ? "model file" : "default"
      console.note("\(name): \(value) (\(origin))")
    }
  }

  /// What is in force: the name in a model file, the value, the option's name.
  private func listing(_ o: SamplingOptions) -> [(name: String, value: String, flag: String)] {
    [
      ("temp", "\(o.temperature)", "temp"), ("top_k", "\(o.topK)", "top-k"), ("top_p", "\(o.topP)", "top-p"),
      ("min_p", "\(o.minP)", "min-p"), ("typical_p", "\(o.typicalP)", "typical"),
      ("penalty_repeat", "\(o.repeatPenalty)", "repeat-penalty"),
      ("penalty_last_n", "\(o.penaltyLastN)", "repeat-last-n"), ("mirostat", "\(o.mirostat)", "mirostat"),
      ("seed", o.seed.map { "\($0)" } ?? "random", "seed"),
    ]
  }

  /// Tokens and seconds, on standard error.
  func speed(_ generation: Generation) {
    let s = generation.statistics
    let prompt = s.promptTokens - s.cachedTokens
    console.note(
      "prompt: \(prompt) tokens in \(fixed(s.promptSeconds, 3)) s, \(rate(prompt, s.promptSeconds)) tokens/s")
    console.note(
      "generation: \(s.generatedTokens) tokens in \(fixed(s.generationSeconds, 3)) s, "
        + "\(rate(s.generatedTokens - 1, s.generationSeconds)) tokens/s")
  }

  private func rate(_ tokens: Int, _ seconds: Double) -> String {
    seconds > 0 && tokens > 0 ? fixed(Double(tokens) / seconds, 1) : "-"
  }

  /// One line of JSON with the text and the counts.
  func json(_ generation: Generation, text: String) throws {
    let s = generation.statistics
    var object = JSONObject()
    object["text"] = .string(text)
    object["finishReason"] = .string(generation.finish.map(\.name) ?? "interrupted")
    object["promptTokens"] = .int(Int64(s.promptTokens))
    object["generatedTokens"] = .int(Int64(s.generatedTokens))
    object["promptSeconds"] = .double(s.promptSeconds)
    object["generationSeconds"] = .double(s.generationSeconds)
    object["model"] = .string(model.name)
    object["threads"] = .int(Int64(model.runtime.workers.count))
    try console.line(JSONValue.object(object).serialized())
  }

  /// Time, work and share of the machine's limit for each kind of operation.
  func profile(_ profile: ExecutionProfile) throws {
    let ceilings = try Ceilings.measure(model.runtime)
    try console.line()
    for line in ProfileTable.report(profile, of: "run", ceilings) { try console.line(line) }
  }
}
