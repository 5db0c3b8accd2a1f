// What a step takes, from what it is made of and what each of its passes takes. What reads the same tokens in the same way is
// timed once.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTraining

/// Times the passes of a step in one precision.
struct PassSpeed {
  private let configuration: TrainingConfiguration
  private let work: LessonWork
  private let network: Network
  /// The network that is compared with, where it is another.
  private let reference: Network?
  /// Seconds of what does not depend on micro-batches.
  private let answers: (rollouts: Double, judging: Double)
  private var learning: TrainingSpeed
  private var forward: TrainingSpeed
  private var comparing: TrainingSpeed

  init(
    _ configuration: TrainingConfiguration, _ network: Network, _ work: LessonWork?, _ runtime: Runtime,
    _ machine: MachineLimits, effort: Double
  ) throws {
    let (precision, length) = (configuration.precision, configuration.batch.length)
    self.configuration = configuration
    self.network = network
    let work = work ?? LessonWork(configuration)
    self.work = work
    reference = try (work.compared + work.comparedBefore > 0 ? configuration.reference.from : nil).map {
      try Network(PrecisionSource(base: ModelFiles($0).source, precision: precision))
    }
    func speed(_ network: Network) -> TrainingSpeed {
      TrainingSpeed(network, precision, length: length, runtime, machine, effort: effort)
    }
    (learning, forward, comparing) = (speed(network), speed(network), speed(reference ?? network))
    answers =
      try work.answers.map { answers in
        let speed = AnswerSpeed(work: answers, runtime: runtime, effort: effort)
        return (
          try speed.rollouts(network, configuration), try answers.judge.map(speed.judging) ?? 0
        )
      } ?? (0, 0)
  }

  /// Seconds of a step with micro-batches of `micro` rows, compiled to `plan`.
  ///
  /// - Parameters:
  ///   - options: what the plan was compiled with.
  ///   - update: seconds of the optimiser in an update.
  mutating func seconds(
    _ plan: Plan, micro: Int, options: TrainingEngineOptions, update: Double
  ) throws -> (seconds: StepSeconds, limit: StepLimit) {
    let texts = micro * configuration.objective.textsOfRow
    let tokens = Double(texts * configuration.batch.length)
    let pass = try learning.seconds(plan, micro: texts)
    var seconds = StepSeconds(
      learning: work.learned / tokens * pass.seconds, updates: work.updates * update)
    (seconds.rollouts, seconds.judging) = answers
    let options = options.forwardOnly
    if work.measured > 0 || (reference == nil && work.compared + work.comparedBefore > 0) {
      let plan = TrainingEngine.plan(try TrainingEngine.graph(network, options), options)
      let each = try forward.seconds(plan, micro: texts).seconds / tokens
      seconds.measuring = work.measured * each
      if reference == nil {
        (seconds.reference, seconds.before) = (work.compared * each, work.comparedBefore * each)
      }
    }
    if let reference {
      var options = options
      options.heads = .tokens
      let plan = TrainingEngine.plan(try TrainingEngine.graph(reference, options), options)
      let each = try comparing.seconds(plan, micro: texts).seconds / tokens
      (seconds.reference, seconds.before) = (work.compared * each, work.comparedBefore * each)
    }
    return (seconds, pass.limit)
  }
}
