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
  package private(set) var notes: [String]
  /// What there is to learn from, for the records of a run.
  package let facts: [RunStart.Fact]

  /// Whether something is held out.
  package var validates: Bool { validation != nil }

  /// Adds what is needed beside the network that learns, which is compiled in this way.
  package func addLesson(
    to forecast: inout MemoryForecast, _ configuration: TrainingConfiguration, _ network: Network,
    _ options: TrainingEngineOptions
  ) throws {
    forecast.lesson = try training.memory(
      LessonMemory(configuration: configuration, network: network, options: options))
    forecast.judge = try training.judgeMemory(configuration)
  }

  /// What a step is made of.
  package func work(_ configuration: TrainingConfiguration) -> LessonWork { training.work(configuration) }

  /// Opens everything; text is tokenised in memory.
  ///
  /// - Parameter reward: judges answers in place of what the configuration names.
  /// - Throws: `TrainingError`, and what opening each throws.
  package init(
    _ configuration: TrainingConfiguration, runtime: Runtime, reward: (any Reward)? = nil
  ) throws {
    let model = try configuration.model.from.map { try Self.model($0, configuration) }
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
    let lessons: LessonInputs =
      switch configuration.objective {
      case .pretrain: try .texts(configuration, tokenizer, runtime)
      case .sft: try .conversations(configuration, model, tokenizer, runtime)
      case .reward, .dpo, .ipo, .kto, .simpo: try .preferences(configuration, model, tokenizer, runtime)
      case .grpo, .ppo: try .prompts(configuration, model, tokenizer, reward, runtime)
      }
    (training, validation) = (lessons.training, lessons.validation)
    (chat, facts, notes) = (lessons.chat, lessons.facts, lessons.notes)
    if let template = lessons.ownTemplate { tokenizerFiles.set(chatTemplate: template) }
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
  }

  /// The model to begin with, which continues texts; one that scores them may learn to do so better.
  private static func model(_ path: String, _ configuration: TrainingConfiguration) throws -> ModelFiles {
    let model = try ModelFiles(path)
    let network = try model.network()
    guard network.isGenerative else {
      throw ModelError.notGenerative(architecture: network.architectureName)
    }
    guard !model.isScorer || !configuration.objective.heads.hasTokens else { throw ModelError.scorer(path) }
    return model
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
}
