// What the tests of gathering share: tiny networks, and limits of a machine that nobody measured.

import ApusInference
import ApusModels
import ApusRuntime
import ApusTestSupport
import ApusTraining

@testable import ApusProfile

/// A runtime with so many threads, even where there are fewer processors.
func runtime(threads: Int) throws -> Runtime {
  var options = RuntimeOptions(threads: threads)
  options.oversubscribes = true
  return try Runtime(options: options)
}

/// An engine of a tiny network.
func tinyEngine(_ name: String = "llama", threads: Int, context: Int = 64, sequences: Int = 1) throws
  -> Engine
{
  let model = try Model(ModelFixture(name).file(), runtime: runtime(threads: threads))
  var options = EngineOptions(contextLength: context)
  options.batchTokens = 16
  options.sequences = sequences
  return try Engine(model, options)
}

/// Options that measure no machine.
func quickOptions() -> GatherOptions {
  let limits = Ceiling(threads: 1, f32: 1e11, bf16: 2e11, int8: nil, readBytes: 1e10)
  var options = GatherOptions()
  options.ceilings = Ceilings(single: limits, all: limits)
  return options
}

/// A tiny model of vectors.
func tinyEmbedder(threads: Int) throws -> EmbeddingModel {
  try EmbeddingModel(EmbeddingFiles(EmbeddingFixture("bert-mean").file()), runtime: runtime(threads: threads))
}

/// Three texts of eight tokens.
func tinyTexts() -> EmbeddingSettings {
  var settings = EmbeddingSettings()
  (settings.length, settings.texts, settings.seconds) = (8, 3, 0)
  return settings
}

/// A tiny network that learns arbitrary tokens: three steps of four texts of 16, two at a time.
func tinyTask(threads: Int) throws -> (learner: Learner, task: TrainingTask, runtime: Runtime) {
  let runtime = try runtime(threads: threads)
  let shape = ModelShape("gpt2", layers: 2, hidden: 32, heads: 2, context: 16, vocabulary: 96)
  let network = try Network(PrecisionSource(base: shape.source, precision: .bf16))
  let options = TrainingEngineOptions(tokens: 32, sequences: 2, contextLength: 16)
  let graph = try TrainingEngine.graph(network, options)
  let weights = try TrainableWeights(graph, precision: .bf16)
  let initializer = WeightInitializer(.gpt2(), layers: 2, hidden: 32, seed: 1)
  for tensor in weights.tensors {
    try initializer.fill(
      tensor.name, columns: tensor.columns, weights.master(tensor), count: tensor.count,
      workers: runtime.workers, cpu: runtime.cpu.table)
  }
  let learner = Learner(
    try TrainingEngine(network, graph, weights, options, runtime),
    try OptimizerEngine(
      .adamW(AdamWSettings()),
      tensors: Learner.tensors(weights.tensors, masters: weights.masters, gradients: weights.gradients),
      workers: runtime.workers, cpu: runtime.cpu.table))
  let tokens = (0..<17).map { Int32($0 * 37 % 96) }
  let task = TrainingTask(name: "train a tiny network", microBatches: 2, steps: 3, learningRate: 1e-3) {
    _, _, engine in
    tokens.withUnsafeBufferPointer { tokens in
      for _ in 0..<2 {
        engine.add(
          UnsafeBufferPointer(rebasing: tokens[..<16]), targets: UnsafeBufferPointer(rebasing: tokens[1...]),
          weight: 1 / 64)
      }
    }
  }
  return (learner, task, runtime)
}
