// The lesson of texts and conversations: rows of a data set, one update a step.

import ApusBasics
import ApusData
import ApusText

/// Rows of texts, or of conversations in which tokens count by what they are part of.
struct TextLessonPlan: LessonPlan {
  private let plan: BatchPlan
  private let tokenizer: (any Tokenizer)?

  /// - Parameters:
  ///   - part: what is measured is read in order, and in conversations it is what the assistant says, whatever counts in
  ///     learning: so that runs compare.
  ///   - tokenizer: for the bytes that tokens stand for.
  /// - Throws: `BatchError`.
  init(
    _ dataset: TokenDataset, _ part: DatasetPart, _ configuration: TrainingConfiguration,
    _ tokenizer: (any Tokenizer)?
  ) throws(BatchError) {
    let (data, batch) = (configuration.data, configuration.batch)
    let isLearned = part == .train
    let isTuning = configuration.objective == .sft
    plan = try BatchPlan(
      dataset,
      BatchSettings(
        mode: isTuning || data.mode == .documents ? .documents : .stream,
        sequences: isLearned ? batch.sequences : 1, length: batch.length,
        seed: UInt64(data.seed ?? configuration.seed), shuffles: isLearned && data.shuffle,
        weights: isLearned ? configuration.loss.weights : TokenWeights()))
    self.tokenizer = tokenizer
  }

  var name: String { plan.dataset.name }
  var identity: UInt64 { plan.identity }
  var tokenCount: Int { plan.dataset.tokenCount }
  var rowsPerEpoch: Int { plan.rowsPerEpoch }
  var vocabularySize: Int { plan.dataset.vocabularySize }
  /// Packed conversations leave places empty.
  var isPadded: Bool { plan.dataset.kinds != nil }
  var mostSegments: Int { plan.mostSegments }

  var notes: [String] {
    guard plan.splitDocuments > 0 else { return [] }
    return [
      "\(name): documents longer than batch.length, \(plan.settings.length), are cut into pieces: "
        + countText(plan.splitDocuments)
    ]
  }

  func memory(_ run: LessonMemory) -> Int { 0 }

  func lesson(_ run: LessonRun) -> any Lesson {
    BatchFeed(
      plan, sequences: run.configuration.batch.sequences, micro: run.assembly.micro, group: run.group)
  }

  func examination(_ run: LessonRun) throws -> any Examination {
    let batches = run.configuration.evaluation.batches
    return Evaluator(
      try run.forwardEngine(), plan, rows: batches > 0 ? batches * run.configuration.batch.sequences : nil,
      rowsAtOnce: run.assembly.micro, tokenizer: tokenizer)
  }
}

extension TrainingConfiguration.Loss {
  /// What tokens of conversations count.
  fileprivate var weights: TokenWeights {
    TokenWeights(prompt: Float(prompt), answer: Float(answer), reasoning: Float(reasoning))
  }
}
