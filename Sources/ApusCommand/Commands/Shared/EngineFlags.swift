// From the options to a loaded model and its engine.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor

enum EngineFlags {
  static let cacheType = Option<KVFormat>.choice(
    "cache-type", placeholder: "TYPE", default: .f16, help: "The number format of the KV cache")

  static let coarse = Option.flag(
    "coarse-activations",
    help:
      "Round activations per 256 instead of per 32 values where weights have blocks of 32: faster, less accurate"
  )

  static let adapters = Option<[AdapterFile]>.adapters(
    "lora", help: "A low-rank adapter beside the weights, its change times SCALE; may be given more than once"
  )

  /// The options of every command that loads a model.
  static let rows: [OptionRow] = [
    ModelFile.option.row, GenerationFlags.context.row, GenerationFlags.batch.row, cacheType.row, coarse.row,
    adapters.row,
    CommonOptions.threads.row, CommonOptions.verbose.row, CommonOptions.json.row,
  ]

  /// Loads the model with a progress bar, and tells what is odd about it.
  ///
  /// - Parameters:
  ///   - path: nil for the one that the options name.
  ///   - runtime: nil for one as the options say.
  static func load(
    _ values: Values, _ console: Console, at path: String? = nil, on runtime: Runtime? = nil
  ) throws -> Model {
    let path = try path ?? ModelFile.path(values)
    let runtime = try runtime ?? CommonOptions.runtime(values, console)
    var bar: ProgressBar?
    defer { bar?.finish() }
    let model = try ModelFile.naming(path, or: values[adapters].map(\.path)) {
      try Model(ModelFile.open(path).adapted(by: values[adapters]), runtime: runtime) { done, total in
        if bar == nil { bar = ProgressBar("loading", total: total, on: console) }
        bar?.update(done)
      }
    }
    bar?.finish()
    console.notes(model.files.warnings + model.tokenizer.notes.map { "\(path): \($0)" })
    return model
  }

  /// The engine's options, with a word where the context is not what one would expect.
  static func engineOptions(
    _ values: Values, _ model: Model, _ console: Console, sequences: Int = 1
  ) throws -> EngineOptions {
    let asked = GenerationFlags.contextLength(values)
    let options = try EngineOptions.fitting(
      model, contextLength: asked, sequences: sequences, keyValueFormat: values[cacheType],
      batchTokens: values[GenerationFlags.batch], coarseActivations: values[coarse])
    let trained = model.configuration.contextLength
    if asked == nil, options.contextLength < trained {
      console.note(
        "note: context \(options.contextLength) of the model's \(trained): what fits in memory; -c sets it")
    } else if options.contextLength > trained {
      console.note(
        "note: context \(options.contextLength) is more than the \(trained) the model was trained for")
    }
    return options
  }

  /// What to generate: the model's own defaults, then the command line.
  static func generation(
    _ values: Values, _ model: Model, contextLength: Int
  ) throws -> GenerationOptions {
    try GenerationFlags.generation(
      values, defaults: model.samplingDefaults.options, contextLength: contextLength)
  }
}

extension Option where Value == [AdapterFile] {
  /// Paths of adapters, each with a factor behind a "=" if it has one.
  static func adapters(_ name: String, help: String) -> Self {
    Self(
      row: OptionRow(name: name, placeholder: "FILE[=SCALE]", repeats: true, help: help, isFile: true) {
        texts throws(ValueProblem) in
        var adapters: [AdapterFile] = []
        for text in texts { adapters.append(try AdapterFile(argument: text)) }
        return adapters
      }, absent: [])
  }
}

extension AdapterFile {
  /// A path, with a factor behind a "=" if it has one.
  init(argument text: String) throws(ValueProblem) {
    var (path, scale) = (text, 1.0)
    // A "=" may be part of a path; what stands behind the last one is a scale if it is a number.
    if let equals = text.lastIndex(of: "="), let number = Double(text[text.index(after: equals)...]) {
      (path, scale) = (String(text[..<equals]), number)
    }
    guard scale.isFinite else { throw ValueProblem(text: "has a scale that is not finite") }
    guard !path.isEmpty else { throw ValueProblem(text: "is not a file name") }
    self.init(path, scale: scale)
  }
}
