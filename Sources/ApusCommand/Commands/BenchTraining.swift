// `apus bench training`: tokens per second of training at three sizes, optimiser included, on random tokens.

import ApusBasics
import ApusGraph
import ApusProfile
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

  private enum Optimizer: String, CaseIterable {
    case adamw, adamw8bit
  }

  private static let shape = Option<TrainingSize>.choice(
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
    let precision = values[precision]
    let ceilings = values[GenerationFlags.profile] ? try Ceilings.measure(runtime) : nil
    var options = TrainingBenchOptions(values[shape], micro: values[micro])
    guard options.sequences % options.micro == 0 else {
      throw CommandError.usage("--micro must divide \(options.sequences)")
    }
    options.precision = precision
    options.optimizer = values[optimizer] == .adamw ? .adamW(AdamWSettings()) : .adamW8(AdamWSettings())
    options.recomputes = values[recompute]
    let bench = try TrainingBench(options, runtime)
    let learner = bench.learner
    let weights = learner.engine.weights
    var seconds: [Double] = []
    var profile: ExecutionProfile?
    var loss = 0.0
    for step in 1...values[repetitions] + 2 {
      try interrupt.check()
      if step == 3, ceilings != nil {
        profile = ExecutionProfile(learner.engine.plan, workers: runtime.workers.count)
        learner.engine.profile = profile
      }
      let time = try MonotonicClock.seconds { loss = try bench.step() }
      if step > 2 { seconds.append(time) }
    }
    let median = seconds.sorted()[seconds.count / 2]
    let rate = Double(options.tokens) / median
    let flops = learner.engine.flops(sequences: options.sequences, length: options.length)
    let activations = learner.engine.activationBytes + learner.engine.cacheBytes
    let peak = ProcessMemory.peakResident ?? 0
    if values[CommonOptions.json] {
      try console.json(
        .members([
          "shape": .string(values[shape].rawValue), "precision": .string(precision.rawValue),
          "parameters": .integer(weights.parameterCount), "tokensPerSecond": .double(rate),
          "medianSeconds": .double(median), "flopsPerSecond": .double(flops / median),
          "activationBytes": .integer(activations), "peakBytes": .integer(peak), "loss": .double(loss),
          "threads": .integer(runtime.workers.count), "kernels": .string(runtime.cpu.name),
          "samples": .array(seconds.map { .double($0) }),
        ]))
      return
    }
    try console.line(
      "\(values[shape].rawValue) \(precision.rawValue): \(weights.parameterCount) weights, \(fixed(rate, 0)) tokens/s "
        + "(median of \(seconds.count)), \(fixed(flops / median * 1e-9, 0)) GFLOP/s, loss \(fixed(loss, 4))")
    try console.line(
      "memory: activations, keys and values \(sizeText(activations)), peak of the process \(sizeText(peak))")
    if let profile, let ceilings {
      for line in ProfileTable.report(profile, of: "step", ceilings) { try console.line(line) }
      let wall = Double(profile.wall) * 1e-9 / Double(profile.runs)
      try console.line("beside the graph (norm, optimiser): \(fixed((median - wall) * 1e3, 1)) ms a step")
    }
  }
}
