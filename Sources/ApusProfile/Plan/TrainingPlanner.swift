// What a training run could take: micro-batches, recomputing and precisions. Memory is the trainer's own forecast.

import ApusBasics
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTraining

/// Plans a training run.
package struct TrainingPlanner {
  private let configuration: TrainingConfiguration
  private let source: any WeightSource
  /// Texts of a sequence, at most.
  private let segments: Int
  private let validates: Bool
  /// The micro-batch the trainer would choose.
  private let chosenMicro: Int?

  /// Bytes of the process before anything is reserved; nil for the trainer's own estimate.
  private let program: Int?
  /// Data and tokenizer are a part of the process.
  private let inputs: TrainingInputs?

  /// A run as the configuration says, its data opened.
  ///
  /// - Parameter program: asked when the data is there.
  /// - Throws: as `Trainer.plan`.
  package init(
    _ configuration: TrainingConfiguration, _ runtime: Runtime, program: () -> Int? = { nil }
  ) throws {
    let inputs = try TrainingInputs(configuration, runtime: runtime)
    // A configuration that does not fit is planned all the same: with everything made again, in the smallest pieces.
    let assembly: TrainingAssembly
    do {
      assembly = try TrainingAssembly(configuration, inputs, runtime)
      chosenMicro = assembly.micro
    } catch TrainingError.memory {
      var relaxed = configuration
      relaxed.memory.limit = .bytes(Int.max)
      assembly = try TrainingAssembly(relaxed, inputs, runtime)
      chosenMicro = nil
    }
    self.configuration = configuration
    source = inputs.source
    segments = assembly.segments
    validates = inputs.validates
    self.inputs = inputs
    self.program = program()
  }

  /// A run of a new model on texts that fill their sequences.
  package init(_ configuration: TrainingConfiguration, _ shape: ModelShape, program: Int? = nil) {
    self.configuration = configuration
    source = shape.source
    segments = 1
    validates = false
    inputs = nil
    self.program = program
    chosenMicro = configuration.batch.micro
  }

  /// A micro-batch has at most so many tokens: more do not run faster.
  private static let mostTokens = 4096
  /// Sequences of a micro-batch to compare, ascending: divisors of a step.
  package static func micros(_ batch: TrainingConfiguration.Batch) -> [Int] {
    let divisors = (1...batch.sequences).filter {
      batch.sequences % $0 == 0 && (batch.ramp.from ?? 0) % $0 == 0
        && ($0 == 1 || $0 * batch.length <= mostTokens)
    }
    return Array(Set(divisors.suffix(4) + [1] + (batch.micro.map { [$0] } ?? []))).sorted()
  }

  /// The choices, with the threads of a runtime.
  ///
  /// - Parameters:
  ///   - machine: the limits of these threads; nil leaves the speed out.
  ///   - effort: how long to measure: 1 is half a second for each plan.
  /// - Throws: `PlanError`, and what networks and graphs throw.
  package func plan(
    _ runtime: Runtime, _ machine: MachineLimits?, effort: Double = 1
  ) throws -> TrainingPlan {
    let limit = configuration.memory.limit.bytes(available: runtime.memoryLimit)
    var plan = TrainingPlan(
      threads: runtime.workers.count, sequences: configuration.batch.sequences,
      length: configuration.batch.length, memoryLimit: limit, choices: [])
    plan.work = inputs?.work(configuration)
    var update: Double?
    for precision in TrainingPrecision.allCases {
      let network = try Network(PrecisionSource(base: source, precision: precision))
      guard configuration.batch.length <= network.configuration.contextLength else {
        throw TrainingError.context(
          length: configuration.batch.length, context: network.configuration.contextLength)
      }
      var speed: PassSpeed?
      for micro in Self.measuringOrder(Self.micros(configuration.batch), length: plan.length) {
        var variants = try self.variants(network, precision, micro, limit: limit)
        if let machine {
          if speed == nil {
            speed = try PassSpeed(
              configuration(precision), network, plan.work, runtime, machine, effort: effort)
          }
          if update == nil {
            update = try OptimizerMeter(configuration.optimizer.kind, runtime)
              .seconds(
                TrainableWeights.layout(variants[0].plan.graph), averages: configuration.optimizer.ema > 0)
          }
          for index in variants.indices {
            let (seconds, limit) = try speed!.seconds(
              variants[index].plan, micro: micro, options: engineOptions(precision, micro), update: update!)
            (variants[index].choice.seconds, variants[index].choice.limit) = (seconds, limit)
          }
        }
        plan.choices += variants.map(\.choice)
      }
    }
    plan.choices.sort { ($0.precision.rawValue, $0.micro) < ($1.precision.rawValue, $1.micro) }
    plan.configured = plan.choices.firstIndex(where: isConfigured)
    return plan
  }

  /// The smallest and the largest that is timed come first: what lies between is between.
  private static func measuringOrder(_ micros: [Int], length: Int) -> [Int] {
    let largest = micros.last { $0 <= TrainingSpeed.timedSequences(length) } ?? micros[0]
    return [micros[0]] + (largest > micros[0] ? [largest] : [])
      + micros.filter { $0 != micros[0] && $0 != largest }
  }

  /// Whether the trainer would do it so.
  private func isConfigured(_ choice: TrainingChoice) -> Bool {
    guard choice.precision == configuration.precision, choice.micro == chosenMicro else { return false }
    switch configuration.memory.recompute {
    case .none: return choice.recomputing == .none
    case .all: return choice.recomputing == .all
    case .auto: return choice.fits && choice.recomputing != .all
    }
  }

  private func configuration(_ precision: TrainingPrecision) -> TrainingConfiguration {
    var configuration = configuration
    configuration.precision = precision
    return configuration
  }

  private func engineOptions(_ precision: TrainingPrecision, _ micro: Int) -> TrainingEngineOptions {
    TrainingAssembly.engineOptions(configuration(precision), sequences: micro * segments, micro: micro)
  }

  /// Ways to run a micro-batch, what is made again ascending.
  private func variants(
    _ network: Network, _ precision: TrainingPrecision, _ micro: Int, limit: Int
  ) throws -> [(choice: TrainingChoice, plan: Plan)] {
    let configuration = configuration(precision)
    var options = engineOptions(precision, micro)
    let graph = try TrainingEngine.graph(network, options)
    func variant(
      _ recomputing: RecomputingChoice, _ budget: RecomputationBudget
    ) throws -> (choice: TrainingChoice, plan: Plan) {
      options.recomputing = budget
      let plan = TrainingEngine.plan(graph, options)
      var memory = try TrainingAssembly.forecast(configuration, network, plan, options, validates: validates)
      try inputs?.addLesson(to: &memory, configuration, network, options)
      if let program { memory.program = program }
      return (
        TrainingChoice(
          precision: precision, micro: micro, recomputing: recomputing, memory: memory,
          fits: memory.total <= limit), plan
      )
    }
    var variants = [try variant(.none, .none)]
    let all = try variant(.all, .all)
    if !variants[0].choice.fits, all.choice.fits {
      variants.append(
        try variant(.asNeeded, .fitting(variants[0].choice.memory.activationRoom(limit))))
    }
    return variants + [all]
  }
}
