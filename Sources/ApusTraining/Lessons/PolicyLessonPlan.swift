// What a run that learns from its own answers begins with: prompts, tokens that end an answer, and who judges.

import ApusBasics
import ApusData
import ApusModels
import ApusRuntime
import ApusText

/// The prompts of a run, to learn from or to be measured on.
struct PolicyLessonPlan: LessonPlan {
  let name: String
  let corpus: PromptCorpus
  let shared: SharedPlayer
  private let vocabulary: Int
  private let order: PromptOrder

  /// Reads the prompts.
  ///
  /// - Throws: `PromptError`, `ReadingError` with file and line, `ConversationError`.
  init(
    _ paths: [String], _ part: DatasetPart, _ configuration: TrainingConfiguration, template: String?,
    _ tokenizer: any Tokenizer, _ shared: SharedPlayer, _ runtime: Runtime
  ) throws {
    name = paths.count == 1 ? paths[0] : "\(paths.count) files"
    // The last token of an answer takes no place.
    let room = configuration.batch.length - configuration.rollout.tokens + 1
    corpus = try PromptCorpus(
      paths, template: template, tokenizer, length: room, skipLimit: configuration.data.skipBad,
      pool: runtime.workers, problem: shared.reward.promptProblem)
    vocabulary = tokenizer.vocabulary.count
    self.shared = shared
    let data = configuration.data
    order = PromptOrder(
      count: corpus.prompts.count, seed: UInt64(data.seed ?? configuration.seed),
      shuffles: part == .train && data.shuffle)
  }

  var identity: UInt64 { corpus.identity }
  var tokenCount: Int { corpus.tokenCount }
  var rowsPerEpoch: Int { corpus.prompts.count }
  var vocabularySize: Int { vocabulary }
  /// An epoch is its prompts, whatever is answered.
  var isPadded: Bool { true }
  /// Answers are shorter than rows may be: so many of them share a row's places.
  var mostSegments: Int { 4 }
  var notes: [String] { corpus.notes.map { "\(name): \($0)" } }

  /// The prompts of a step.
  func prompts(from cursor: Int, rows: Int) -> [EncodedPrompt] {
    (cursor..<cursor + rows).map { corpus.prompts[order[$0]] }
  }

  var reward: (any Reward)? { shared.reward }

  func judgeMemory(_ configuration: TrainingConfiguration) throws -> Int {
    try shared.reward.byteCount(tokens: configuration.batch.length, shortest: corpus.shortest + 1)
  }

  func memory(_ run: LessonMemory) throws -> Int {
    let (configuration, network) = (run.configuration, run.network)
    var bytes = try PolicyPlayer.byteCount(configuration, network)
    if PolicyLearning.needsForward(configuration) {
      bytes += try TrainingAssembly.forwardBytes(network, run.options, configuration.precision)
    }
    guard configuration.policy.kl > 0 else { return bytes }
    return try bytes + run.referenceBytes(from: configuration.reference.from)
  }

  /// What the policy is held near; nil where nothing holds it.
  func reference(_ run: LessonRun) throws -> TrainingEngine? {
    guard run.configuration.policy.kl > 0 else { return nil }
    return try run.configuration.reference.from.map {
      try run.referenceEngine(from: $0, name, vocabulary: vocabulary)
    } ?? run.referenceEngine()
  }

  func lesson(_ run: LessonRun) throws -> any Lesson {
    guard run.group.isAlone else { throw TrainingError.aloneOnly(run.configuration.objective) }
    return run.configuration.objective == .ppo ? try PPOLesson(run, self) : try GRPOLesson(run, self)
  }

  func examination(_ run: LessonRun) throws -> any Examination {
    try PolicyExamination(run, self)
  }
}
