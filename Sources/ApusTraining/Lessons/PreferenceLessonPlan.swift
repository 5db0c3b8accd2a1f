// Preferences as what a run learns from, before memory is reserved.

import ApusData
import ApusModels

/// Rows of preferences: two sequences each.
struct PreferenceLessonPlan: LessonPlan {
  private let plan: PreferencePlan

  /// - Parameter part: what is measured is read in order.
  init(_ dataset: PreferenceDataset, _ part: DatasetPart, _ configuration: TrainingConfiguration) {
    plan = PreferencePlan(
      dataset, seed: UInt64(configuration.data.seed ?? configuration.seed),
      shuffles: part == .train && configuration.data.shuffle)
  }

  var name: String { plan.dataset.name }
  var identity: UInt64 { plan.identity }
  var tokenCount: Int { plan.dataset.tokenCount }
  var rowsPerEpoch: Int { plan.rowsPerEpoch }
  var vocabularySize: Int { plan.dataset.vocabularySize }
  /// Answers are seldom as long as they may be.
  var isPadded: Bool { true }
  var mostSegments: Int { 2 }
  var notes: [String] { [] }

  /// The first pass of a step, and the reference while it is asked.
  func memory(_ run: LessonMemory) throws -> Int {
    let configuration = run.configuration
    let bytes = try TrainingAssembly.forwardBytes(run.network, run.options, configuration.precision)
    guard configuration.objective.hasReference, let path = configuration.reference.from else { return bytes }
    return try bytes + run.referenceBytes(from: path)
  }

  func lesson(_ run: LessonRun) throws -> any Lesson {
    let (feed, forward) = (feed(run), try run.forwardEngine())
    let references = try ReferenceLogProbabilities(plan.dataset, rows: plan.rowsPerEpoch, feed, forward, run)
    return PreferenceLesson(
      plan, PreferenceObjective(run.configuration), feed, sequences: run.configuration.batch.sequences,
      forward, references, run.group)
  }

  func examination(_ run: LessonRun) throws -> any Examination {
    let (feed, forward) = (feed(run), try run.forwardEngine())
    let wanted = run.configuration.evaluation.batches * run.configuration.batch.sequences
    let rows = wanted > 0 ? min(wanted, plan.rowsPerEpoch) : plan.rowsPerEpoch
    return PreferenceExamination(
      PreferenceObjective(run.configuration), feed, rows: rows, forward,
      try ReferenceLogProbabilities(plan.dataset, rows: rows, feed, forward, run))
  }

  private func feed(_ run: LessonRun) -> PreferenceFeed {
    PreferenceFeed(
      plan.dataset, micro: run.assembly.micro, length: run.configuration.batch.length,
      isScored: run.configuration.objective.heads == .scores)
  }
}
