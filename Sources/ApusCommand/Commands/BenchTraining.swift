// `apus bench training`: tokens per second of training at three sizes, optimiser included, on random tokens.

import ApusBasics
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTraining

enum BenchTrainingCommand: Command {
  static let name = "bench training"
  static let summary = "Measure how fast models are trained"
  static let discussion = [
    "small is GPT-style, 256 wide, 2 layers, 10,000 pieces, 32 texts of 128 tokens a step; medium 384 wide, 6 layers, "
      + "16,384 pieces, 16 texts of 256; gpt2 is GPT-2 124M, 4 texts of 256. A step is forward, backward, clipping and "
      + "AdamW; the median of -r steps after two to warm up."
  ]
  static let examples = ["apus bench training --shape medium --precision bf16"]

  private enum Shape: String, CaseIterable {
    case small, medium, gpt2
  }

  private enum Optimizer: String, CaseIterable {
    case adamw, adamw8bit
  }

  private static let shape = Option<Shape>.choice(
    "shape", placeholder: "SIZE", default: .small, help: "The size of the model")
  private static let precision = Option<TrainingPrecision>.choice(
    "precision", placeholder: "TYPE", default: .bf16, help: "What matrices are rounded to in products")
  private static let optimizer = Option<Optimizer>.choice(
    "optimizer", placeholder: "NAME", default: .adamw, help: "The optimiser")
  private static let micro = Option<Int?>.integer(
    "micro", in: 1...64, defaultText: "as many as have 1,024 tokens", help: "Texts of a micro-batch")
  private static let recompute = Option.flag(
    "recompute", help: "Make activations again on the way back instead of keeping them")
  private static let repetitions = Option<Int>.integer(
    "repetitions", "r", in: 1...10_000, default: 10, help: "Steps that are measured")

  static let options =
    [
      shape.row, precision.row, optimizer.row, micro.row, recompute.row, repetitions.row,
      GenerationFlags.profile.row,
    ]
    + [CommonOptions.threads.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let runtime = try CommonOptions.runtime(values, console)
    let (shape, sequences, length) = sizes(values[shape])
    let precision = values[precision]
    let ceilings = values[GenerationFlags.profile] ? try Ceilings.measure(runtime) : nil
    let micro = min(values[micro] ?? max(1, 1024 / length), sequences)
    guard sequences % micro == 0 else { throw CommandError.usage("--micro must divide \(sequences)") }
    let learner = try learner(shape, micro * length, micro, length, precision, values, runtime)
    let weights = learner.engine.weights
    let batch = tokens(sequences * length, vocabulary: shape.vocabulary)
    var seconds: [Double] = []
    var profile: ExecutionProfile?
    var loss = 0.0
    for step in 1...values[repetitions] + 2 {
      try interrupt.check()
      if step == 3, ceilings != nil {
        profile = ExecutionProfile(learner.engine.plan, workers: runtime.workers.count)
        learner.engine.profile = profile
      }
      let time = try MonotonicClock.seconds {
        loss = try learner.step(
          number: step, learningRate: 1e-4, clip: 1, microBatches: sequences / micro
        ) { (part, engine) in
          for sequence in part * micro..<(part + 1) * micro {
            batch.withUnsafeBufferPointer { batch in
              let tokens = UnsafeBufferPointer(rebasing: batch[sequence * length..<(sequence + 1) * length])
              let targets = UnsafeBufferPointer(
                rebasing: batch[sequence * length + 1..<(sequence + 1) * length + 1])
              engine.add(tokens, targets: targets, weight: 1 / Float(sequences * length))
            }
          }
        }.loss
      }
      if step > 2 { seconds.append(time) }
    }
    let median = seconds.sorted()[seconds.count / 2]
    let rate = Double(sequences * length) / median
    let flops = learner.engine.flops(sequences: sequences, length: length)
    let activations = learner.engine.activationBytes + learner.engine.cacheBytes
    let peak = ProcessMemory.peakResident ?? 0
    if values[CommonOptions.json] {
      try console.json(
        .members([
          "shape": .string(values[Self.shape].rawValue), "precision": .string(precision.rawValue),
          "parameters": .integer(weights.parameterCount), "tokensPerSecond": .double(rate),
          "medianSeconds": .double(median), "flopsPerSecond": .double(flops / median),
          "activationBytes": .integer(activations), "peakBytes": .integer(peak), "loss": .double(loss),
          "threads": .integer(runtime.workers.count), "kernels": .string(runtime.cpu.name),
          "samples": .array(seconds.map { .double($0) }),
        ]))
      return
    }
    try console.line(
      "\(values[Self.shape].rawValue) \(precision.rawValue): \(weights.parameterCount) weights, \(fixed(rate, 0)) tokens/s "
        + "(median of \(seconds.count)), \(fixed(flops / median * 1e-9, 0)) GFLOP/s, loss \(fixed(loss, 4))")
    try console.line(
      "memory: activations, keys and values \(sizeText(activations)), peak of the process \(sizeText(peak))")
    if let profile, let ceilings {
      for line in ProfileTable.report(profile, of: "step", ceilings) { try console.line(line) }
      let wall = Double(profile.wall) * 1e-9 / Double(profile.runs)
      try console.line("beside the graph (norm, optimiser): \(fixed((median - wall) * 1e3, 1)) ms a step")
    }
  }

  private static func sizes(_ name: Shape) -> (ModelShape, sequences: Int, length: Int) {
    switch name {
    case .small:
      (ModelShape("gpt2", layers: 2, hidden: 256, heads: 4, context: 128, vocabulary: 10_000), 32, 128)
    case .medium:
      (ModelShape("gpt2", layers: 6, hidden: 384, heads: 6, context: 256, vocabulary: 16_384), 16, 256)
    case .gpt2:
      (ModelShape("gpt2", layers: 12, hidden: 768, heads: 12, context: 1024, vocabulary: 50_257), 4, 256)
    }
  }

  private static func learner(
    _ shape: ModelShape, _ tokens: Int, _ sequences: Int, _ length: Int, _ precision: TrainingPrecision,
    _ values: Values, _ runtime: Runtime
  ) throws -> Learner {
    let network = try Network(PrecisionSource(base: shape.source, precision: precision))
    var options = TrainingEngineOptions(tokens: tokens, sequences: sequences, contextLength: length)
    options.recomputing = values[recompute] ? .all : .none
    let graph = try TrainingEngine.graph(network, options)
    let weights = try TrainableWeights(graph, precision: precision)
    let initializer = WeightInitializer(.gpt2(), layers: shape.layers, hidden: shape.hidden, seed: 1)
    for tensor in weights.tensors {
      try initializer.fill(
        tensor.name, columns: tensor.columns, weights.master(tensor), count: tensor.count,
        workers: runtime.workers, cpu: runtime.cpu.table)
    }
    let engine = try TrainingEngine(network, graph, weights, options, runtime)
    let kind: OptimizerKind =
      values[optimizer] == .adamw ? .adamW(AdamWSettings()) : .adamW8(AdamWSettings())
    let optimizer = try OptimizerEngine(
      kind,
      tensors: Learner.tensors(weights.tensors, masters: weights.masters, gradients: weights.gradients),
      workers: runtime.workers, cpu: runtime.cpu.table)
    return Learner(engine, optimizer)
  }

  /// Arbitrary but fixed tokens, and one more for the last target.
  private static func tokens(_ count: Int, vocabulary: Int) -> [Int32] {
    let random = Philox(key: 1)
    return (0...count).map { Int32(random.block(UInt64($0))[0] % UInt32(vocabulary)) }
  }
}
