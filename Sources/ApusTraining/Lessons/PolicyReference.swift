// The model that a run began with, frozen: what a policy is held near.

import ApusModels
import ApusRuntime

extension LessonRun {
  /// An engine that computes losses by the weights the run began with.
  ///
  /// Weights that are not trained are shared with the network that is; a new adapter changes nothing, so beside it the
  /// reference is the model without one. A run that goes on reads them again from the same file, to the same bits.
  /// - Throws: `RuntimeError.outOfMemory`, `ModelError`.
  func referenceEngine() throws -> TrainingEngine {
    let options = assembly.options.forwardOnly
    let graph = try TrainingEngine.graph(assembly.network, options)
    let weights = try TrainableWeights(
      graph, precision: configuration.precision, frozen: learner.engine.weights.frozen)
    try weights.load(from: inputs.source)
    return try TrainingEngine(assembly.network, graph, weights, options, runtime)
  }
}
