// What a configuration names, opened: the model to begin with, the tokenizer, the texts.

import ApusBasics
import ApusData
import ApusFiles
import ApusModels
import ApusRuntime
import ApusText

/// The inputs of a run.
package struct TrainingInputs {
  /// The model's sizes, and its weights unless it is new.
  package let source: any WeightSource
  /// What the model's file says of its sizes, by the keys of GGUF files.
  package let hyperparameters: [String: HyperparameterValue]
  /// The adapter that is trained in place of the weights.
  package let adapter: TrainedAdapter?
  /// Whether there are no weights yet.
  package let isNew: Bool
  package let tokenizer: (any Tokenizer)?
  /// What writes conversations down, in fine-tuning.
  package let chat: ChatFormatter?
  /// The tokenizer's own files, for checkpoints.
  package let tokenizerFiles: TokenizerFiles
  let training: any LessonPlan
  let validation: (any LessonPlan)?
  /// What the user should know, one line each.
  package private(set) var notes: [String] = []
  /// What there is to learn from, for the records of a run.
  package private(set) var facts: [RunStart.Fact] = []

  /// Whether something is held out.
  package var validates: Bool { validation != nil }

  /// What is learned from needs so many bytes beside the network that learns, compiled in this way.
  package func lessonBytes(
    _ configuration: TrainingConfiguration, _ network: Network, _ options: TrainingEngineOptions
  ) throws -> Int {
    try training.memory(LessonMemory(configuration: configuration, network: network, options: options))
  }

  /// Opens everything; text is tokenised in memory.
  ///
  /// - Throws: `TrainingError`, and what opening each throws.
  package init(_ configuration: TrainingConfiguration, runtime: Runtime) throws {
    let model = try configuration.model.from.map { try ModelFiles($0) }
    let tokenizer: (any Tokenizer)?
    var tokenizerFiles: TokenizerFiles
    if let path = configuration.data.tokenizer {
      (tokenizer, tokenizerFiles) = try Self.tokenizer(path, context: configuration.batch.length)
    } else if let model {
      (tokenizer, tokenizerFiles) = try Self.tokenizer(model.path, context: configuration.batch.length)
    } else {
      (tokenizer, tokenizerFiles) = (nil, TokenizerFiles())
    }
    self.tokenizer = tokenizer
    var notes: [String] = []
    switch configuration.objective {
    case .pretrain:
      chat = nil
      let data = configuration.data
      let learned = try Self.dataset(data.train, .train, configuration, tokenizer, runtime, &notes)!
      let held = try Self.dataset(data.validation, .validation, configuration, tokenizer, runtime, &notes)
      training = try TextLessonPlan(learned, .train, configuration, tokenizer)
      validation = try held.map { try TextLessonPlan($0, .validation, configuration, tokenizer) }
    case .sft:
      let conversations = try ConversationInputs(configuration, model, tokenizer, runtime)
      training = try TextLessonPlan(conversations.training, .train, configuration, tokenizer)
      validation = try conversations.validation.map {
        try TextLessonPlan($0, .validation, configuration, tokenizer)
      }
      chat = conversations.chat
      notes += conversations.notes
      facts = conversations.facts
      if let template = conversations.ownTemplate { tokenizerFiles.set(chatTemplate: template) }
    case .reward, .dpo, .ipo, .kto, .simpo:
      let preferences = try PreferenceInputs(configuration, model, tokenizer, runtime)
      training = PreferenceLessonPlan(preferences.training, .train, configuration)
      validation = preferences.validation.map { PreferenceLessonPlan($0, .validation, configuration) }
      chat = preferences.chat
      notes += preferences.notes
      facts = preferences.facts
      if let template = preferences.ownTemplate { tokenizerFiles.set(chatTemplate: template) }
    }
    self.tokenizerFiles = tokenizerFiles
    let weights = try model.map { try Self.scored($0, configuration) }
    adapter = model.flatMap { model in
      configuration.adapter.settings.map {
        TrainedAdapter(settings: $0, base: model.path, weights: weights ?? model.source)
      }
    }
    if let model, let weights {
      source = try adapter.map { try Self.adapted($0, configuration, model) } ?? weights
      hyperparameters = try ModelDescription.of(model).description.hyperparameters
      isNew = false
    } else {
      let new = try Self.newModel(
        configuration, vocabulary: tokenizer?.vocabulary.count ?? training.vocabularySize)
      source = new
      hyperparameters = new.fullHyperparameters
      isNew = true
    }
    let rows = try Network(source).configuration.vocabularySize
    for plan in [training, validation].compactMap({ $0 }) {
      guard plan.vocabularySize <= rows else {
        throw TrainingError.vocabulary(data: plan.name, tokens: plan.vocabularySize, model: rows)
      }
      notes += plan.notes
    }
    self.notes = notes
  }

  /// The weights with a new adapter beside them.
  private static func adapted(
    _ adapter: TrainedAdapter, _ configuration: TrainingConfiguration, _ model: ModelFiles
  ) throws -> any WeightSource {
    let targets = try model.network().productTargets(
      named: configuration.adapter.targets, key: "adapter.targets")
    let new = try LowRankAdapter.new(
      targets, adapter.settings, seed: UInt64(configuration.seed), name: "adapter.rank")
    return AdaptedWeights(adapter.weights, [(new, 1)])
  }

  /// The weights with a head of scores, where one is learned and there is none.
  private static func scored(
    _ model: ModelFiles, _ configuration: TrainingConfiguration
  ) throws -> any WeightSource {
    let heads = configuration.objective.heads
    guard heads.hasScores else { return model.source }
    return ScoredWeights.of(
      model.source, hidden: try model.network().configuration.hiddenSize,
      heads.hasTokens ? .zeros : .normals(seed: UInt64(configuration.seed)))
  }

  private static func newModel(
    _ configuration: TrainingConfiguration, vocabulary: Int
  ) throws(TrainingError) -> FreshModel {
    guard let sizes = configuration.model.sizes else { throw .noVocabulary }
    var shape = ModelShape(
      sizes.architecture.rawValue, layers: sizes.layers, hidden: sizes.hidden, heads: sizes.heads,
      context: configuration.model.context ?? configuration.batch.length,
      vocabulary: configuration.model.vocabulary ?? vocabulary)
    shape.keyValueHeads = sizes.keyValueHeads
    shape.headSize = sizes.headSize
    shape.feedForward = sizes.feedForward
    shape.isTied = sizes.tiedEmbeddings
    shape.ropeTheta = sizes.ropeTheta
    shape.normEpsilon = sizes.normEpsilon
    return shape.source
  }

  /// A tokenizer and its files, of a GGUF file, a folder or a `tokenizer.json`.
  private static func tokenizer(
    _ path: String, context: Int
  ) throws -> ((any Tokenizer)?, TokenizerFiles) {
    if path.hasSuffix(".json") {
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      return (try makeTokenizer(json: path), try TokenizerFiles(copying: folder))
    }
    if HuggingFaceFolder.isFolder(path) {
      return (try makeTokenizer(inFolder: path), try TokenizerFiles(copying: path))
    }
    let file = try GGUFFile.open(path)
    return (try makeTokenizer(from: file), try TokenizerFiles(of: file, contextLength: context))
  }

  /// Shards and folders of `apus data tokenize` as they are; anything else is text.
  private static func dataset(
    _ paths: [String], _ part: DatasetPart, _ configuration: TrainingConfiguration,
    _ tokenizer: (any Tokenizer)?, _ runtime: Runtime, _ notes: inout [String]
  ) throws -> TokenDataset? {
    guard let first = paths.first else { return nil }
    if paths.count == 1, FileKind(first) == .folder {
      let dataset = try TokenDataset(folder: first, part: part, pool: runtime.workers)
      if let tokenizer { try dataset.check(tokenizer) }
      return dataset
    }
    if paths.allSatisfy({ TokenShard.isShard($0) }) {
      let dataset = try TokenDataset(shards: paths, pool: runtime.workers)
      if let tokenizer { try dataset.check(tokenizer) }
      return dataset
    }
    guard let tokenizer else { throw TrainingError.noTokenizer(first) }
    var options = TokenizingOptions()
    options.reading.field = configuration.data.field
    options.reading.skipLimit = configuration.data.skipBad
    let (dataset, report) = try CorpusTokenizer(tokenizer, options, runtime: runtime).read(paths)
    if report.reading.badLines > 0 {
      notes.append(
        "\(report.reading.badLines) bad lines were skipped, the first: "
          + (report.reading.firstBad.first ?? ""))
    }
    return dataset
  }
}
