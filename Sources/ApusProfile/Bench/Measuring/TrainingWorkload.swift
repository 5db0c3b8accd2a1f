// Steps of training on random tokens, at the three sizes of `apus bench training`.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTraining

/// What is trained, and how.
package struct TrainingBenchOptions: Sendable {
  package var model: ModelShape
  /// Texts of a step and of a micro-batch, which divides them.
  package var sequences: Int
  package var micro: Int
  /// Tokens of a text.
  package var length: Int
  package var precision = TrainingPrecision.bf16
  package var optimizer = OptimizerKind.adamW(AdamWSettings())
  package var recomputes = false

  /// - Parameter micro: texts of a micro-batch; nil for as many as have 1,024 tokens.
  package init(_ size: TrainingSize, micro: Int? = nil) {
    let shape = size.shape
    model = shape.model
    sequences = shape.sequences
    length = shape.length
    self.micro = min(micro ?? max(1, 1024 / shape.length), shape.sequences)
  }

  /// Tokens of a step.
  package var tokens: Int { sequences * length }
}

/// A learner with tokens to learn.
package final class TrainingBench {
  package let options: TrainingBenchOptions
  package let learner: Learner
  private let batch: [Int32]
  private var number = 0

  /// Makes the model with random weights.
  package init(_ options: TrainingBenchOptions, _ runtime: Runtime) throws {
    self.options = options
    let network = try Network(PrecisionSource(base: options.model.source, precision: options.precision))
    var engineOptions = TrainingEngineOptions(
      tokens: options.micro * options.length, sequences: options.micro, contextLength: options.length)
    engineOptions.recomputing = options.recomputes ? .all : .none
    let graph = try TrainingEngine.graph(network, engineOptions)
    let weights = try TrainableWeights(graph, precision: options.precision)
    let initializer = WeightInitializer(
      .gpt2(), layers: options.model.layers, hidden: options.model.hidden, seed: 1)
    for tensor in weights.tensors {
      try initializer.fill(
        tensor.name, columns: tensor.columns, weights.master(tensor), count: tensor.count,
        workers: runtime.workers, cpu: runtime.cpu.table)
    }
    let engine = try TrainingEngine(network, graph, weights, engineOptions, runtime)
    let optimizer = try OptimizerEngine(
      options.optimizer,
      tensors: Learner.tensors(weights.tensors, masters: weights.masters, gradients: weights.gradients),
      workers: runtime.workers, cpu: runtime.cpu.table)
    learner = Learner(engine, optimizer)
    // Arbitrary but fixed tokens, and one more for the last target.
    let random = Philox(key: 1)
    batch = (0...options.tokens).map {
      Int32(random.block(UInt64($0))[0] % UInt32(options.model.vocabulary))
    }
  }

  /// Makes a step; its loss.
  @discardableResult
  package func step() throws -> Double {
    number += 1
    return try learner.step(
      number: number, learningRate: Self.learningRate, clip: 1, microBatches: microBatches, fill: fill
    ).loss
  }

  package static let learningRate = 1e-4

  /// Micro-batches of a step.
  package var microBatches: Int { options.sequences / options.micro }

  /// Adds the texts of a micro-batch, the same in every step.
  package func fill(_ microBatch: Int, _ engine: TrainingEngine) {
    let (micro, length) = (options.micro, options.length)
    for sequence in microBatch * micro..<(microBatch + 1) * micro {
      batch.withUnsafeBufferPointer { batch in
        let tokens = UnsafeBufferPointer(rebasing: batch[sequence * length..<(sequence + 1) * length])
        let targets = UnsafeBufferPointer(
          rebasing: batch[sequence * length + 1..<(sequence + 1) * length + 1])
        engine.add(tokens, targets: targets, weight: 1 / Float(options.tokens))
      }
    }
  }
}

/// Steps of one size.
package final class TrainingWorkload: Workload {
  /// What is beside the graph: the gradients' norm and the optimiser.
  static let rest = "gradient norm + optimiser"

  package let tests: [BenchTest]
  private let options: TrainingBenchOptions
  private let runtime: Runtime
  private let clocksOperations: Bool
  private let handicap: Handicap?
  private var bench: TrainingBench?
  private var clock: OperationClock?

  package init(
    _ name: String, _ options: TrainingBenchOptions, _ runtime: Runtime, clocksOperations: Bool,
    handicap: Handicap? = nil
  ) {
    self.options = options
    self.runtime = runtime
    self.clocksOperations = clocksOperations
    self.handicap = handicap
    tests = [BenchTest("train \(name)", work: Double(options.tokens))]
  }

  package func renew() throws {
    bench = nil
    clock = nil
    let bench = try TrainingBench(options, runtime)
    let engine = bench.learner.engine
    engine.setHandicap(handicap)
    if clocksOperations { clock = OperationClock(engine.plan, workers: runtime.workers.count) }
    try bench.step()
    try bench.step()
    self.bench = bench
  }

  package func operations(_ test: Int) -> [String] { clock.map { $0.names + [Self.rest] } ?? [] }

  package func sample(_ test: Int) throws -> BenchReading {
    guard let bench else { preconditionFailure("a workload is made anew before it is measured") }
    bench.learner.engine.profile = clock?.profile
    defer { bench.learner.engine.profile = nil }
    _ = clock?.lap()
    let before = clock?.profile.wall ?? 0
    let seconds = try MonotonicClock.seconds { try bench.step() }
    guard clock != nil else { return BenchReading(seconds: seconds) }
    let graph = Double((clock?.profile.wall ?? 0) - before) * 1e-9
    // All threads take part in it.
    let rest = max(0, seconds - graph) * Double(runtime.workers.count)
    return BenchReading(seconds: seconds, operations: (clock?.lap() ?? []) + [rest])
  }
}
