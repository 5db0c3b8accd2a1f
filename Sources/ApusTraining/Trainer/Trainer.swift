// The loop: read rows, learn from them, and now and then measure, write down and save. A run is a function of its
// configuration, its data and the step, so it can end at any step and go on from a checkpoint to the same bits.

import ApusBasics
import ApusData
import ApusModels
import ApusRuntime

/// Trains a network as a configuration says.
///
///     let trainer = try Trainer(TrainingConfiguration(path: "pretrain.json"), runtime: runtime)
///     let summary = try trainer.run { event in print(event) }
///
/// Not thread-safe.
public final class Trainer {
  /// What is trained, and how.
  public let configuration: TrainingConfiguration
  /// What the run takes of memory.
  public var forecast: MemoryForecast { assembly.forecast }
  /// What the user should know before the start, one line each.
  public let notes: [String]
  /// Steps of the whole run.
  public var totalSteps: Int { assembly.totalSteps }
  /// Steps done.
  public var step: Int { state.step }

  private let runtime: Runtime
  private let inputs: TrainingInputs
  private let assembly: TrainingAssembly
  private let learner: Learner
  private let evaluator: Evaluator?
  private let sampler: TextSampler?
  private let feed: BatchFeed
  private let store: CheckpointStore
  private let files: TrainerFiles
  private var state = TrainerState()
  private var skippedInARow = 0
  /// Sums since the last record.
  private var recent = Recent()

  /// Opens the inputs, reserves memory, and goes on from the newest whole checkpoint in the run's folder if there is one.
  ///
  /// - Throws: `ConfigurationError`, `TrainingError`, `CheckpointError`, and what opening the inputs throws. Nothing is
  ///   written before everything fits.
  public init(_ configuration: TrainingConfiguration, runtime: Runtime) throws {
    self.configuration = configuration
    self.runtime = runtime
    inputs = try TrainingInputs(configuration, runtime: runtime)
    assembly = try TrainingAssembly(configuration, inputs, runtime)
    try assembly.schedule.validate()
    try assembly.ramp.validate()
    store = try CheckpointStore(
      directory: configuration.checkpoint.directory, keepLast: configuration.checkpoint.keepLast,
      keepBest: configuration.checkpoint.keepBest)
    learner = try assembly.makeLearner(inputs, runtime)
    evaluator = try assembly.makeEvaluator(learner, inputs, runtime)
    sampler = try TextSampler(configuration, assembly, learner, inputs, runtime)
    feed = BatchFeed(assembly.plan, sequences: configuration.batch.sequences, micro: assembly.micro)
    files = TrainerFiles(
      learner: learner, architecture: assembly.network.architectureName,
      hyperparameters: inputs.hyperparameters, tokenizer: inputs.tokenizerFiles)
    // Families that cannot be saved are refused now, not after the first hour.
    _ = try files.files()
    var notes = inputs.notes + store.notes
    if let loaded = try store.load() {
      notes += loaded.notes
      let differences = configuration.differences(from: loaded.checkpoint.configuration)
      let forbidden = differences.filter { !$0.isAllowed }
      guard forbidden.isEmpty else {
        throw TrainingError.otherRun(checkpoint: loaded.checkpoint.path, forbidden)
      }
      state = try TrainerState(loaded.checkpoint, dataIdentity: assembly.plan.identity)
      try files.restore(loaded.checkpoint)
      notes += differences.map { "changed since the checkpoint: \($0)" }
      notes.append("going on after step \(state.step) of \(assembly.totalSteps)")
    }
    self.notes = notes
  }

  /// What a run would take, without reserving or writing anything.
  ///
  /// - Throws: as the initialiser.
  public static func plan(
    _ configuration: TrainingConfiguration, runtime: Runtime
  ) throws -> (forecast: MemoryForecast, microBatch: Int, steps: Int) {
    let inputs = try TrainingInputs(configuration, runtime: runtime)
    let assembly = try TrainingAssembly(configuration, inputs, runtime)
    return (assembly.forecast, assembly.micro, assembly.totalSteps)
  }

  /// Trains until all steps are done or `shouldStop` says so; then the last step is saved.
  ///
  /// - Parameters:
  ///   - peak: the machine's peak in operations per second, for the share of it in records.
  ///   - shouldStop: asked after every step.
  ///   - observe: told what happens.
  /// - Throws: `TrainingError.notFinite` and `.skippedTooOften`; a full disk is told and does not end the run.
  public func run(
    peak: Double? = nil, shouldStop: () -> String? = { nil }, observe: (RunEvent) throws -> Void
  ) throws -> TrainerSummary {
    let log = try RunLog(
      directory: configuration.checkpoint.directory, settings: configuration.log,
      resumingAt: state.step > 0 ? state.step : nil)
    func tell(_ kind: RunEvent.Kind) throws {
      let event = RunEvent(step: state.step, kind)
      for problem in log.record(event) { try observe(RunEvent(step: state.step, .note(problem))) }
      try observe(event)
    }
    try tell(.start(start))
    recent.begin()
    var reason = "all steps are done"
    var saved = state.step
    while state.step < totalSteps {
      if let why = shouldStop() {
        reason = why
        break
      }
      try learn { try tell(.note($0)) }
      let isLast = state.step == totalSteps
      if isDue(configuration.log.every) || isLast { try tell(.step(record(peak))) }
      if isDue(configuration.evaluation.every) || isLast { try measure(tell) }
      if isDue(configuration.checkpoint.every), !isLast, try save(tell) { saved = state.step }
    }
    if saved < state.step || (try? store.folder.steps().isEmpty) ?? true { _ = try save(tell) }
    try tell(.end(reason))
    return TrainerSummary(
      steps: state.step, tokens: state.tokens, loss: recent.lastLoss, validationLoss: state.validationLoss,
      isComplete: state.step == totalSteps)
  }

  private func isDue(_ every: Int) -> Bool { every > 0 && state.step % every == 0 }

  // MARK: A step

  private func learn(note: (String) throws -> Void) throws {
    feed.read(from: state.cursor, rows: assembly.ramp.sequences(at: state.step))
    let clip = configuration.optimizer.clip
    let outcome = try learner.step(
      number: state.step + 1 - state.skipped, learningRate: assembly.schedule.rate(at: state.step),
      clip: clip > 0 ? clip : nil, microBatches: feed.microBatches
    ) { feed.add($0, to: $1) }
    if outcome.isApplied {
      skippedInARow = 0
    } else {
      try handle(outcome, note)
    }
    recent.add(outcome)
    state.tokens += outcome.tokens
    state.cursor += feed.rows
    state.step += 1
  }

  /// A step whose loss or gradient is not a number has changed nothing: it ends the run, or is passed over.
  private func handle(_ outcome: StepOutcome, _ note: (String) throws -> Void) throws {
    let node = outcome.loss.isFinite ? nil : learner.engine.findNonFinite()
    let place = node.map { "\($0.name)" + ($0.scope.isEmpty ? "" : " in \($0.scope)") }
    let what = outcome.nonFinite.map { "the gradient of \($0)" } ?? "the loss"
    let step = state.step + 1
    guard configuration.nonFinite == .skip else {
      let last = (try? store.folder.steps())?.last.map { store.folder.path($0) }
      throw TrainingError.notFinite(
        step: step, what: what, firstOperation: place, rows: state.cursor..<state.cursor + feed.rows,
        checkpoint: last)
    }
    state.skipped += 1
    skippedInARow += 1
    guard skippedInARow <= configuration.skipLimit else {
      throw TrainingError.skippedTooOften(step: step, skipped: skippedInARow)
    }
    try note("step \(step) was skipped: \(what) is not a number" + (place.map { ", first in \($0)" } ?? ""))
  }

  // MARK: Now and then

  private func measure(_ tell: (RunEvent.Kind) throws -> Void) throws {
    if let evaluator {
      let record = evaluator.measure()
      state.validationLoss = record.loss
      state.bestLoss = min(state.bestLoss ?? .infinity, record.loss)
      try tell(.evaluation(record))
    }
    for (prompt, text) in try sampler?.sample(step: state.step) ?? [] {
      try tell(.sample(prompt: prompt, text: text))
    }
    recent.begin()
  }

  /// Whether the checkpoint is on the disk.
  private func save(_ tell: (RunEvent.Kind) throws -> Void) throws -> Bool {
    let made = try files.files()
    let notes: [String]
    do throws(CheckpointError) {
      notes = try store.save(
        step: state.step, configuration: configuration.canonical,
        metadata: state.json(dataIdentity: assembly.plan.identity), validationLoss: state.validationLoss,
        files: made)
    } catch {
      try tell(.note("\(error); training goes on, the next checkpoint is tried in time"))
      return false
    }
    try tell(.checkpoint(name: store.folder.path(state.step)))
    for note in notes { try tell(.note(note)) }
    recent.begin()
    return true
  }

  // MARK: Records

  private var start: RunStart {
    let weights = learner.engine.weights
    let facts: [RunStart.Fact] = [
      .init("model", "\(assembly.network.architectureName), \(countText(weights.parameterCount)) weights"),
      .init("data", "\(inputs.training.name), \(countText(inputs.training.tokenCount)) tokens"),
      .init("micro-batch", "\(assembly.micro) × \(configuration.batch.length) tokens"),
      .init("memory", sizeText(forecast.total)), .init("processor", runtime.machine.model),
      .init("threads", "\(runtime.workers.count)"), .init("kernels", runtime.cpu.name),
    ]
    return RunStart(configuration: configuration, facts: facts, totalSteps: totalSteps)
  }

  private func record(_ peak: Double?) -> StepRecord {
    let seconds = recent.seconds
    let flops = learner.engine.flops(sequences: feed.rows, length: configuration.batch.length)
    let record = StepRecord(
      loss: recent.meanLoss, learningRate: assembly.schedule.rate(at: state.step - 1),
      gradientNorm: recent.norm, tokens: state.tokens, tokensPerSecond: Double(recent.tokens) / seconds,
      peakShare: peak.map { flops * Double(recent.steps) / seconds / $0 }, memory: ProcessMemory.resident)
    recent.begin()
    return record
  }
}

/// How a run ended.
public struct TrainerSummary: Sendable, Equatable {
  /// Steps done since the run began, those before a checkpoint included.
  public var steps: Int
  /// Tokens learned from.
  public var tokens: Int
  /// The loss of the last step.
  public var loss: Double
  /// The last validation loss.
  public var validationLoss: Double?
  /// Whether all steps are done.
  public var isComplete: Bool
}

/// Sums since the last record.
private struct Recent {
  var steps = 0
  var tokens = 0
  private var loss = 0.0
  private(set) var norm = 0.0
  private(set) var lastLoss = 0.0
  private var started: UInt64 = 0

  mutating func begin() {
    (steps, tokens, loss, started) = (0, 0, 0, MonotonicClock.nanoseconds)
  }

  mutating func add(_ outcome: StepOutcome) {
    steps += 1
    tokens += outcome.tokens
    guard outcome.isApplied else { return }
    loss += outcome.loss
    (norm, lastLoss) = (outcome.gradientNorm, outcome.loss)
  }

  var meanLoss: Double { loss / Double(max(1, steps)) }
  var seconds: Double { max(1e-9, Double(MonotonicClock.nanoseconds - started) * 1e-9) }
}
