// The profile of training: forward, backward, and what is done with the gradients.

import ApusGraph
import ApusRuntime
import ApusTraining

/// What is run of a network that learns.
package struct TrainingTask {
  /// In a line: "train gpt2, 4 texts of 256".
  package var name: String
  /// Micro-batches of a step.
  package var microBatches: Int
  /// Steps that are measured, after two to warm up.
  package var steps: Int
  package var learningRate: Double
  /// Adds the texts of a micro-batch of a step, counted from 1.
  package var fill: (_ step: Int, _ microBatch: Int, TrainingEngine) throws -> Void

  package init(
    name: String, microBatches: Int, steps: Int, learningRate: Double,
    fill: @escaping (_ step: Int, _ microBatch: Int, TrainingEngine) throws -> Void
  ) {
    self.name = name
    self.microBatches = microBatches
    self.steps = steps
    self.learningRate = learningRate
    self.fill = fill
  }
}

/// Measures a learner. Its weights change.
package final class TrainingGatherer {
  private let learner: Learner
  private let task: TrainingTask
  private let runtime: Runtime
  private let recorder: Recorder
  private let options: GatherOptions
  private var number = 0

  /// - Throws: `RuntimeError.outOfMemory`.
  package init(
    _ learner: Learner, _ task: TrainingTask, _ runtime: Runtime, _ options: GatherOptions
  ) throws {
    self.learner = learner
    self.task = task
    self.runtime = runtime
    self.options = options
    recorder = try Recorder(runtime, options)
  }

  /// Warms up, measures, then makes a step with one thread.
  ///
  /// - Throws: what filling and stepping throw.
  package func gather() throws -> Profile {
    defer {
      learner.engine.profile = nil
      learner.partBegins = nil
      runtime.workers.measure()
    }
    for _ in 0..<2 where recorder.goesOn { _ = try step() }
    recorder.begin()
    let execution = ExecutionProfile(
      learner.engine.plan, workers: runtime.workers.count, spans: recorder.spans(phases: 1), mayStride: true)
    learner.engine.profile = execution
    let parts = PartMeter(runtime.workers, steps: task.steps)
    learner.partBegins = parts.begin
    var steps = 0
    while steps < task.steps, recorder.goesOn {
      try recorder.step { _ = try step() }
      steps += 1
      recorder.progress(Double(steps) / Double(task.steps))
    }
    var (forward, backward) = phases(execution, parts, wall: recorder.wall, steps: steps)
    var optimiser = optimiserPhase(parts, steps: steps, tokens: execution.tokens)
    recorder.noteStride(execution, "training")
    var profile = recorder.end(
      task.name, [forward.phase, backward.phase, optimiser],
      learner.engine.regions + [learner.optimizer.region])
    profile.timeline =
      recorder.timeline(execution, [(0, forward.operations), (1, backward.operations)])
      + parts.spans.map { recorder.span($0.worker, $0.start, $0.end, phase: 2, operation: $0.part) }
    guard options.measuresSingle, runtime.workers.count > 1, !recorder.isInterrupted else { return profile }
    let alone = ExecutionProfile(learner.engine.plan, workers: runtime.workers.count)
    learner.engine.profile = alone
    let aloneParts = PartMeter(runtime.workers, steps: 1, alone: true)
    learner.partBegins = aloneParts.begin
    _ = try step()
    let (forwardAlone, backwardAlone) = phases(alone, aloneParts, wall: nil, steps: 1)
    forward.compare(single: forwardAlone)
    backward.compare(single: backwardAlone)
    let optimiserAlone = optimiserPhase(aloneParts, steps: 1, tokens: alone.tokens)
    for index in optimiser.operations.indices {
      optimiser.operations[index].single =
        UInt64(steps) * optimiserAlone.operations[index].busy.reduce(0, +)
    }
    profile.phases = [forward.phase, backward.phase, optimiser]
    return profile
  }

  private func step() throws -> StepOutcome {
    number += 1
    return try learner.step(
      number: number, learningRate: task.learningRate, clip: 1, microBatches: task.microBatches
    ) { (part, engine) in try task.fill(number, part, engine) }
  }

  private func phases(
    _ execution: ExecutionProfile, _ parts: PartMeter, wall: UInt64?, steps: Int
  ) -> (GatheredPhase, GatheredPhase) {
    // What a step takes beside the graph and the optimiser is filling micro-batches and adding up losses.
    let graphWall = wall.map { $0 - min($0, parts.norm.wall + parts.update.wall) }
    return (
      GatheredPhase(
        "forward", execution, wall: graphWall, steps: steps, tokens: execution.tokens,
        between: "batches and losses"
      ) { !$0.isBackward },
      GatheredPhase("backward", execution, steps: steps, tokens: execution.tokens) { $0.isBackward }
    )
  }

  private func optimiserPhase(_ parts: PartMeter, steps: Int, tokens: Int) -> ProfiledPhase {
    let optimizer = learner.optimizer
    let weights = Double(optimizer.tensors.reduce(0) { $0 + $1.rows * $1.columns })
    let states = Double(optimizer.states.reduce(0) { $0 + $1.bytes.count })
    // Weights and states are read and written, gradients read.
    let passes: [(name: String, part: PartMeter.Part, flops: Double, bytes: Double)] = [
      ("gradient norm", parts.norm, 2 * weights, 4 * weights),
      ("update of weights", parts.update, 0, 12 * weights + 2 * states),
    ]
    let operations = passes.map { pass in
      OperationProfile(
        name: pass.name, scope: "", arithmetic: .f32, calls: pass.part.calls,
        flops: Double(pass.part.calls) * pass.flops, bytes: Double(pass.part.calls) * pass.bytes,
        busy: pass.part.busy, wait: pass.part.busy.map { pass.part.wall - min($0, pass.part.wall) },
        isSerial: false, single: nil)
    }
    return ProfiledPhase(
      name: "optimiser", wall: parts.norm.wall + parts.update.wall, steps: steps, tokens: tokens,
      operations: operations)
  }
}
