// What the commands about vectors share: which model, how its vectors are made, and how it is loaded.

import ApusBasics
import ApusFiles
import ApusInference
import ApusModels
import ApusRuntime

enum EmbeddingFlags {
  /// The poolings of vectors, and the model's own.
  enum PoolingChoice: String, CaseIterable { case model, mean, cls, last }

  static let pooling = Option<PoolingChoice>.choice(
    "pooling", placeholder: "KIND", default: .model, help: "How tokens become one vector")
  static let normalize = Option<Bool>.toggle(
    "normalize", default: true, help: "Bring vectors to length 1, unless the model's files say otherwise")
  static let dimension = Option<Int?>.integer(
    "dim", placeholder: "N", in: 1...1_000_000, defaultText: "all",
    help: "Keep the first N values of a vector (Matryoshka models), brought to length 1 again")
  static let promptName = Option<String?>.text(
    "prompt-name", placeholder: "NAME",
    help: "Put this prompt of the model before each text (query, document, …)")
  static let longTexts = longTexts(default: .refuse)
  static let context = Option<Int?>.integer(
    "ctx", "c", in: 1...16_777_216, defaultText: "the model's", help: "The most tokens of a text")

  /// What is done with texts that are too long, with a default of the command's own.
  static func longTexts(default policy: LongTextPolicy) -> Option<LongTextPolicy> {
    .choice(
      "long-texts", placeholder: "POLICY", default: policy,
      help: "What to do with texts longer than the model takes")
  }

  /// The options that load a model.
  static func loading(longTexts: Option<LongTextPolicy> = longTexts) -> [OptionRow] {
    [
      ModelFile.option.row, longTexts.row, context.row, CommonOptions.threads.row, CommonOptions.verbose.row,
      CommonOptions.json.row,
    ]
  }

  /// The options that make vectors.
  static let rows: [OptionRow] =
    [pooling.row, normalize.row, dimension.row, promptName.row] + loading()

  static func options(_ values: Values) -> EmbeddingOptions {
    var options = EmbeddingOptions()
    options.pooling = Pooling(rawValue: values[pooling].rawValue)
    options.normalizes = values.has(normalize) ? values[normalize] : nil
    options.dimension = values[dimension]
    return lengths(values, options)
  }

  /// The options of texts' lengths.
  static func lengths(_ values: Values, _ start: EmbeddingOptions = EmbeddingOptions()) -> EmbeddingOptions {
    var options = start
    options.longTexts = values[longTexts]
    options.contextLength = values[context]
    return options
  }

  /// Loads an embedding model with a progress bar, and tells what is odd about it.
  ///
  /// - Parameter longTexts: the command's own option for them.
  static func load(
    _ values: Values, _ console: Console, longTexts: Option<LongTextPolicy> = longTexts
  ) throws -> EmbeddingModel {
    var options = options(values)
    options.longTexts = values[longTexts]
    let model = try load(values, console) {
      try EmbeddingModel($0, runtime: $1, options: options, progress: $2)
    }
    console.notes(model.warnings)
    _ = try model.promptText(values[promptName])
    if values[CommonOptions.verbose] {
      console.note(
        "\(model.name): \(model.architecture), \(model.dimension) values, \(model.pooling.rawValue) pooling, "
          + "\(model.normalizes ? "length 1" : "lengths as they are"), up to \(model.contextLength) tokens, "
          + "\(model.runtime.workers.count) threads, \(model.runtime.cpu.name)")
    }
    return model
  }

  /// Loads a reranker.
  static func loadReranker(_ values: Values, _ console: Console) throws -> RerankModel {
    let model = try load(values, console) {
      try RerankModel($0, runtime: $1, options: lengths(values), progress: $2)
    }
    console.notes(model.warnings)
    return model
  }

  /// Loads a model with a progress bar.
  static func load<Model>(
    _ values: Values, _ console: Console,
    _ make: (String, Runtime, @escaping (Int, Int) -> Void) throws -> Model
  ) throws -> Model {
    let path = try ModelFile.path(values)
    let runtime = try CommonOptions.runtime(values, console)
    var bar: ProgressBar?
    defer { bar?.finish() }
    return try ModelFile.naming(path) {
      try make(path, runtime) { done, total in
        if bar == nil { bar = ProgressBar("loading", total: total, on: console) }
        bar?.update(done)
      }
    }
  }
}
