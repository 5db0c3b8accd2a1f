// The loop: read rows, learn from them, and now and then measure, write down and save. A run is a function of its
// configuration, its data and the step, so it can end at any step and go on from a checkpoint to the same bits.

import ApusBasics
import ApusData
import ApusFiles
import ApusModels
import ApusRuntime

/// Trains a network as a configuration says.
///
///     let trainer = try Trainer(TrainingConfiguration(path: "pretrain.json"), runtime: runtime)
///     let summary = try trainer.run { event in print(event) }
///
/// Several processes train one network when each is given its end of a connection, `joinProcesses()`. Then only rank 0 opens
/// the run's folder and is told events; an error that not all of them meet ends all, after a line on standard error.
///
/// Not thread-safe.
public final class Trainer {
  /// What is trained, and how.
  public let configuration: TrainingConfiguration
  /// What the run takes of memory.
  public var forecast: MemoryForecast { assembly.forecast }
  /// What the user should know before the start, one line each.
  public private(set) var notes: [String]
  /// Steps of the whole run.
  public var totalSteps: Int { assembly.totalSteps }
  /// Steps done.
  public var step: Int { state.step }

  private let runtime: Runtime
  private let inputs: TrainingInputs
  private let assembly: TrainingAssembly
  private let group: RankGroup
  let learner: Learner
  private let examination: (any Examination)?
  private let sampler: TextSampler?
  private let lesson: any Lesson
  private let fixedModels: FixedModels
  /// On rank 0 only.
  private let store: CheckpointStore?
  private let files: TrainerFiles
  private var state = TrainerState()
  private var skippedInARow = 0
  private var clock = StepClock()

  /// Opens the inputs, reserves memory, and goes on from the newest whole checkpoint in the run's folder if there is one.
  ///
  /// - Parameters:
  ///   - communicator: to the other processes of the run, all of which do the same.
  ///   - timeout: seconds after which a process that gives no sign of life ends the run.
  ///   - reward: judges answers, for objectives that learn from them, in place of `configuration.reward`.
  /// - Throws: `ConfigurationError`, `TrainingError`, `CheckpointError`, and what opening the inputs throws; with several
  ///   processes `CommunicationError` on all of them. Nothing is written before everything fits.
  public convenience init(
    _ configuration: TrainingConfiguration, runtime: Runtime,
    communicator: any Communicator = SingleProcess(), timeout: Double = 60, reward: (any Reward)? = nil
  ) throws {
    try self.init(
      configuration, runtime: runtime, group: RankGroup(communicator, timeout: timeout),
      operations: SystemFileOperations(), reward: reward)
  }

  /// The same with a group of processes.
  package convenience init(
    _ configuration: TrainingConfiguration, runtime: Runtime, group: RankGroup
  ) throws {
    try self.init(configuration, runtime: runtime, group: group, operations: SystemFileOperations())
  }

  init(
    _ configuration: TrainingConfiguration, runtime: Runtime, group: RankGroup = RankGroup(SingleProcess()),
    operations: any FileOperations, reward: (any Reward)? = nil
  ) throws {
    self.configuration = configuration
    self.runtime = runtime
    self.group = group
    (inputs, assembly) = try group.guarding {
      try Self.assemble(configuration, runtime, group, reward)
    }
    let (assembly, inputs) = (assembly, inputs)
    (learner, lesson, fixedModels, examination, sampler, store, files) = try group.guarding {
      try group.confirm("the start of rank 0") {
        let learner = try assembly.makeLearner(inputs, runtime)
        let run = LessonRun(
          configuration: configuration, assembly: assembly, inputs: inputs, learner: learner,
          runtime: runtime, group: group)
        let lesson = try inputs.training.lesson(run)
        let models = try FixedModels(
          configuration, judge: (inputs.training.reward as? ModelReward)?.files.name)
        let examination =
          configuration.evaluation.every > 0 ? try inputs.validation?.examination(run) : nil
        let files = TrainerFiles(
          learner: learner, states: assembly.states(learner), network: assembly.network,
          adapter: inputs.adapter, hyperparameters: inputs.hyperparameters, tokenizer: inputs.tokenizerFiles)
        // Families that cannot be saved are refused now, not after the first hour.
        _ = try files.files()
        guard group.isFirst else { return (learner, lesson, models, examination, nil, nil, files) }
        let sampler = try TextSampler(configuration, assembly, learner, inputs, runtime)
        let store = try CheckpointStore(
          directory: configuration.checkpoint.directory, keepLast: configuration.checkpoint.keepLast,
          keepBest: configuration.checkpoint.keepBest, operations: operations)
        return (learner, lesson, models, examination, sampler, store, files)
      }
    }
    notes = []
    notes = try group.guarding {
      configuration.notes + inputs.notes + assembly.notes + (store?.notes ?? []) + (try restore())
    }
  }

  /// Everything that is decided before memory is reserved; all processes decide the same.
  private static func assemble(
    _ configuration: TrainingConfiguration, _ runtime: Runtime, _ group: RankGroup, _ reward: (any Reward)?
  ) throws -> (TrainingInputs, TrainingAssembly) {
    // Only rank 0 need see the run's folder.
    let last = try group.broadcast(
      TrainerState.microBatch(ofNewestIn: configuration.checkpoint.directory).map { "\($0)" } ?? "",
      "the size of micro-batches")
    let (inputs, assembly) = try group.confirm("the inputs of the other processes") {
      let inputs = try TrainingInputs(configuration, runtime: runtime, reward: reward)
      let assembly = try TrainingAssembly(configuration, inputs, runtime, group, lastMicro: Int(last))
      try assembly.schedule.validate()
      try assembly.ramp.validate()
      return (inputs, assembly)
    }
    try group.compare(RunIdentity(configuration, data: inputs.training.identity))
    let micro = try group.minimum(assembly.micro, "the size of micro-batches")
    guard micro < assembly.micro else { return (inputs, assembly) }
    let smaller = try group.confirm("smaller micro-batches") {
      try TrainingAssembly(configuration, inputs, runtime, group, lastMicro: micro)
    }
    return (inputs, smaller)
  }

  /// Goes on from a checkpoint, which only rank 0 looks for: the others get all from there. What the user should know.
  private func restore() throws -> [String] {
    var notes: [String] = []
    var (found, states) = ("", SafetensorsFile?.none)
    try group.confirm("the checkpoint of rank 0") {
      guard let store, let loaded = try store.load() else { return }
      notes += loaded.notes
      let checkpoint = loaded.checkpoint
      let differences = configuration.differences(from: checkpoint.configuration)
      let forbidden = differences.filter { !$0.isAllowed }
      guard forbidden.isEmpty else { throw TrainingError.otherRun(checkpoint: checkpoint.path, forbidden) }
      state = try TrainerState(
        checkpoint.metadata, checkpoint: checkpoint.path, dataIdentity: inputs.training.identity,
        models: fixedModels)
      states = try files.restoreWeights(checkpoint)
      notes += differences.map { "changed since the checkpoint: \($0)" }
      notes.append("going on after step \(state.step) of \(assembly.totalSteps)")
      found = JSONValue.object(checkpoint.metadata).serialized()
    }
    try learner.exchange?.broadcastWeights()
    found = try group.broadcast(found, "the checkpoint of rank 0")
    guard !found.isEmpty else { return notes }
    if !group.isFirst, let object = try JSONValue(parsing: found).object {
      state = try TrainerState(
        object, checkpoint: "rank 0's checkpoint", dataIdentity: inputs.training.identity, models: fixedModels
      )
    }
    try files.states.distribute { state in states!.bytes(of: states!.tensor(named: state.name)!) }
    return notes
  }

  /// What a run would take, without reserving or writing anything.
  ///
  /// - Throws: as the initialiser.
  public static func plan(
    _ configuration: TrainingConfiguration, runtime: Runtime
  ) throws -> (forecast: MemoryForecast, microBatch: Int, steps: Int) {
    try plan(configuration, runtime: runtime, group: RankGroup(SingleProcess()))
  }

  /// What a process of a group would take; the others are not asked.
  package static func plan(
    _ configuration: TrainingConfiguration, runtime: Runtime, group: RankGroup
  ) throws -> (forecast: MemoryForecast, microBatch: Int, steps: Int) {
    let inputs = try TrainingInputs(configuration, runtime: runtime)
    let assembly = try TrainingAssembly(
      configuration, inputs, runtime, group,
      lastMicro: TrainerState.microBatch(ofNewestIn: configuration.checkpoint.directory))
    return (assembly.forecast, assembly.micro, assembly.totalSteps)
  }

  /// Trains until all steps are done or `shouldStop` says so; then the last step is saved.
  ///
  /// - Parameters:
  ///   - peak: the machine's peak in operations per second, for the share of it in records.
  ///   - shouldStop: asked after every step, and while a program judges; when one process wants to stop, all do.
  ///   - observe: told what happens, on rank 0.
  /// - Throws: `TrainingError.notFinite` and `.skippedTooOften`; `CheckpointError.notSaved` for the last checkpoint, while
  ///   one on the way that cannot be saved is told and does not end the run; `ExportError`. With several processes
  ///   `CommunicationError.failed` on all of them instead.
  public func run(
    peak: Double? = nil, shouldStop: @escaping () -> String? = { nil },
    observe: (RunEvent) throws -> Void
  ) throws -> TrainerSummary {
    inputs.training.reward?.interrupt { shouldStop() != nil }
    return try group.guarding {
      let log = group.isFirst ? try makeLog() : nil
      return try run(peak, log, shouldStop) { kind in
        guard let log else { return }
        let event = RunEvent(step: state.step, kind)
        for problem in log.record(event) { try observe(RunEvent(step: state.step, .note(problem))) }
        try observe(event)
      }
    }
  }

  private func makeLog() throws -> RunLog {
    try RunLog(
      directory: configuration.checkpoint.directory, settings: configuration.log,
      resumingAt: state.step > 0 ? state.step : nil)
  }

  private func run(
    _ peak: Double?, _ log: RunLog?, _ shouldStop: () -> String?, _ tell: (RunEvent.Kind) throws -> Void
  ) throws -> TrainerSummary {
    try tell(.start(start))
    clock.begin()
    var reason = "all steps are done"
    var saved = state.step
    while state.step < totalSteps {
      if let why = try wish(shouldStop()) {
        reason = why
        break
      }
      do {
        try learn { try tell(.note($0)) }
      } catch RewardError.interrupted {
        // Nothing has been learned of this step: it begins anew when the run goes on.
        reason = shouldStop() ?? "\(RewardError.interrupted)"
        break
      } catch {
        // For those who read the records later; who runs this is told by the error.
        _ = log?.record(RunEvent(step: state.step, .end("\(error)")))
        throw error
      }
      let isLast = state.step == totalSteps
      if isDue(configuration.log.every) || isLast { try tell(.step(record(peak))) }
      do {
        if isDue(configuration.evaluation.every) || isLast { try measure(tell) }
      } catch RewardError.interrupted {
        try tell(.note("the evaluation was given up: the run was told to stop"))
        reason = shouldStop() ?? "\(RewardError.interrupted)"
        break
      }
      if isDue(configuration.checkpoint.every), !isLast {
        try group.lead(files.states.answer) {
          do {
            try save(tell)
            saved = state.step
          } catch let error as CheckpointError {
            try tell(.note("\(error); training goes on, the next checkpoint is tried in time"))
          }
        }
      }
    }
    try group.lead(files.states.answer) {
      // After this one there is no next: what cannot be saved now ends as an error.
      if saved < state.step || (try? store?.folder.steps().isEmpty) ?? true { try save(tell) }
      if state.step == totalSteps { try export(tell) }
      try tell(.end(reason))
    }
    return TrainerSummary(
      steps: state.step, tokens: state.tokens, loss: state.recent.lastLoss,
      validationLoss: state.validationLoss,
      isComplete: state.step == totalSteps)
  }

  private func isDue(_ every: Int) -> Bool { every > 0 && state.step % every == 0 }

  // MARK: A step

  /// Why all processes stop, if one of them wants to.
  private func wish(_ own: String?) throws -> String? {
    let (wishes, _) = try group.sum(own == nil ? 0 : 1, 0, "the wish to stop")
    return wishes == 0 ? nil : own ?? "another process was told to stop; the run can go on"
  }

  private func learn(note: (String) throws -> Void) throws {
    let rate = assembly.schedule.rate(at: state.step)
    let clip = configuration.optimizer.clip > 0 ? configuration.optimizer.clip : nil
    try lesson.begin(
      step: state.step, cursor: state.cursor, rows: assembly.ramp.sequences(at: state.step))
    for text in lesson.takeNotes() { try note(text) }
    var isApplied = true
    for update in 0..<lesson.updates where isApplied {
      try lesson.prepare(update: update)
      let (total, _) = try group.sum(lesson.weight, 0, "the texts of a step")
      var outcome = try learner.step(
        number: state.updates + 1, learningRate: rate, clip: clip, microBatches: lesson.microBatches
      ) { lesson.add($0, to: $1, total: total) }
      isApplied = outcome.isApplied
      if isApplied {
        skippedInARow = 0
        state.updates += 1
      } else {
        try handle(outcome, note)
      }
      outcome.loss = lesson.loss(outcome)
      state.recent.add(outcome)
      clock.add(outcome)
      state.tokens += outcome.tokens
    }
    if isApplied { state.recent.add(lesson.figures) }
    clock.steps += 1
    state.cursor += lesson.stepRows
    state.step += 1
  }

  /// A step whose loss or gradient is not a number has changed nothing: it ends the run, or is passed over.
  private func handle(_ outcome: StepOutcome, _ note: (String) throws -> Void) throws {
    let node = learner.engine.tokenCount > 0 ? learner.engine.findNonFinite() : nil
    let found = node.map { "\($0.name)" + ($0.scope.isEmpty ? "" : " in \($0.scope)") } ?? ""
    // The process whose texts they were knows the place.
    let place = try group.gather(found, "the place of a number that is not finite").first { !$0.isEmpty }
    let what = outcome.nonFinite.map { "the gradient of \($0)" } ?? "the loss"
    let step = state.step + 1
    guard configuration.nonFinite == .skip else {
      try group.confirm("what rank 0 says of a number that is not finite") {
        guard let store else { return }
        let last = (try? store.folder.steps())?.last.map { store.folder.path($0) }
        throw TrainingError.notFinite(
          step: step, what: what, firstOperation: place, rows: state.cursor..<state.cursor + lesson.stepRows,
          checkpoint: last)
      }
      return
    }
    state.skipped += 1
    skippedInARow += 1
    try group.confirm("the skipped steps") {
      guard skippedInARow <= configuration.skipLimit else {
        throw TrainingError.skippedTooOften(step: step, skipped: skippedInARow)
      }
    }
    try note("step \(step) was skipped: \(what) is not a number" + (place.map { ", first in \($0)" } ?? ""))
  }

  // MARK: Now and then

  private func measure(_ tell: (RunEvent.Kind) throws -> Void) throws {
    clock.pause()
    defer { clock.goOn() }
    if let examination {
      let record = try examination.measure(group)
      state.validationLoss = record.loss
      state.bestLoss = min(state.bestLoss ?? .infinity, record.loss)
      try tell(.evaluation(record))
    }
    try group.lead(files.states.answer) {
      for (prompt, text) in try sampler?.sample(step: state.step) ?? [] {
        try tell(.sample(prompt: prompt, text: text))
      }
    }
  }

  /// Saves a checkpoint; when this returns it is on the disk.
  ///
  /// - Throws: `CheckpointError.notSaved`.
  private func save(_ tell: (RunEvent.Kind) throws -> Void) throws {
    guard let store else { return }
    clock.pause()
    defer { clock.goOn() }
    let notes = try store.save(
      step: state.step, configuration: configuration.canonical,
      metadata: state.json(
        dataIdentity: inputs.training.identity, models: fixedModels, micro: assembly.micro),
      validationLoss: state.validationLoss, files: try files.files())
    try tell(.checkpoint(name: store.folder.path(state.step)))
    for note in notes { try tell(.note(note)) }
  }

  /// Writes the model that the run has made as a folder for others to use; or the adapter, in both layouts.
  private func export(_ tell: (RunEvent.Kind) throws -> Void) throws {
    if let adapter = inputs.adapter {
      let path = configuration.checkpoint.directory + "/adapter"
      let trained = adapter.current(learner.engine.weights)
      try trained.writeFolder(path, for: assembly.network, base: adapter.base, replacing: true)
      try trained.writeGGUF("\(path).gguf", for: assembly.network, replacing: true)
      try tell(.note("exported \(path) and \(path).gguf"))
      return
    }
    let folder = configuration.checkpoint.directory + "/model"
    try files.modelExport(configuration.checkpoint.export == .bf16 ? .bf16 : .f32).write(
      to: folder, replacing: true)
    try tell(.note("exported \(folder)"))
  }

  // MARK: Records

  private var start: RunStart {
    let weights = learner.engine.weights
    var facts: [RunStart.Fact] = [
      .init(
        "model",
        "\(assembly.network.architectureName), \(countText(weights.parameterCount)) "
          + (inputs.adapter == nil ? "weights" : "weights of an adapter")),
      .init("data", "\(inputs.training.name), \(countText(inputs.training.tokenCount)) tokens"),
    ]
    facts += inputs.facts + lesson.facts
    facts += [
      .init("micro-batch", "\(assembly.micro) × \(configuration.batch.length) tokens"),
      .init("memory", sizeText(forecast.total)), .init("processor", runtime.machine.model),
      .init("threads", "\(runtime.workers.count)"), .init("kernels", runtime.cpu.name),
    ]
    if !group.isAlone { facts.append(.init("processes", "\(group.size)")) }
    return RunStart(configuration: configuration, facts: facts, totalSteps: totalSteps)
  }

  private func record(_ peak: Double?) -> StepRecord {
    let flops = learner.engine.flops(sequences: lesson.stepRows, length: configuration.batch.length)
    var record = StepRecord(
      loss: state.recent.meanLoss, learningRate: assembly.schedule.rate(at: state.step - 1),
      gradientNorm: state.recent.gradientNorm, tokens: state.tokens,
      tokensPerSecond: Double(clock.tokens) / clock.seconds,
      peakShare: peak.map { flops * Double(clock.steps) / clock.seconds / ($0 * Double(group.size)) },
      memory: ProcessMemory.resident)
    record.figures = state.recent.meanFigures
    state.recent.begin()
    clock.begin()
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

/// What steps take, without what is done between them.
private struct StepClock {
  var steps = 0
  private(set) var tokens = 0
  private var started: UInt64 = 0
  private var paused: UInt64 = 0

  mutating func begin() {
    (steps, tokens, started) = (0, 0, MonotonicClock.nanoseconds)
  }

  mutating func pause() { paused = MonotonicClock.nanoseconds }

  mutating func goOn() { started += MonotonicClock.nanoseconds - paused }

  mutating func add(_ outcome: StepOutcome) { tokens += outcome.tokens }

  var seconds: Double { max(1e-9, Double(MonotonicClock.nanoseconds - started) * 1e-9) }
}
