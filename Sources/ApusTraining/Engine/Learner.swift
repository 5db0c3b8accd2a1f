// One step of learning: micro-batches forward and backward, the norm of the gradients, the update. Whatever decides what
// is learned (a trainer, a benchmark) fills the micro-batches.

import ApusModels
import ApusRuntime
import ApusTensor

/// What a step came to.
package struct StepOutcome: Sendable {
  /// The sum of all weighted losses: the mean loss, where the weights add up to 1.
  package var loss: Double
  package var tokens: Int
  /// Of the gradients before clipping.
  package var gradientNorm: Double
  /// The tensor whose gradient was not finite; the weights were not changed then.
  package var nonFinite: String?

  /// Whether the weights were changed.
  package var isApplied: Bool { nonFinite == nil && loss.isFinite }
}

/// The parts of a step.
package enum StepPart {
  /// Micro-batches forward and backward.
  case gradients
  case norm
  case update
  /// The step is over.
  case end
}

/// A network, its gradients and its optimiser.
///
/// Not thread-safe. After the first step, a step allocates nothing.
package final class Learner {
  package let engine: TrainingEngine
  /// Over the tensors, or with several processes over the rows that this one owns.
  package let optimizer: OptimizerEngine
  /// nil in a process of its own.
  package let exchange: GradientExchange?
  /// Told when a part of a step begins, while set: what is measured apart.
  package var partBegins: ((StepPart) -> Void)?

  package init(
    _ engine: TrainingEngine, _ optimizer: OptimizerEngine, exchange: GradientExchange? = nil
  ) {
    self.engine = engine
    self.optimizer = optimizer
    self.exchange = exchange
  }

  /// The weights as optimisers see them: what has rows to look up, and the heads, are embeddings.
  ///
  /// - Parameters:
  ///   - decays: whether weight decay applies to a kind of tensor.
  ///   - rateScale: of a tensor's learning rate.
  package static func tensors(
    _ layout: [TrainableWeights.Tensor], masters: UnsafeMutablePointer<Float>,
    gradients: UnsafeMutablePointer<Float>,
    decays: (TrainableTensor.Kind) -> Bool = { $0 != .vector },
    rateScale: (String, TrainableTensor.Kind) -> Float = { _, _ in 1 }
  ) -> [TrainableTensor] {
    layout.map { tensor in
      let isEmbedding = tensor.isLookedUp || ["output.weight", ScoreHead.weight].contains(tensor.name)
      // An adapter of rank 1 has a matrix of one row.
      let isVector = tensor.rows == 1 && !tensor.isProduct
      let kind: TrainableTensor.Kind = isVector ? .vector : isEmbedding ? .embedding : .matrix
      return TrainableTensor(
        name: tensor.name, rows: tensor.rows, columns: tensor.columns, weights: masters + tensor.offset,
        gradient: gradients + tensor.offset, kind: kind, decays: decays(kind),
        learningRateScale: rateScale(tensor.name, kind))
    }
  }

  /// Makes step `number`, counted from 1; with several processes, on all of them at once.
  ///
  /// - Parameters:
  ///   - clip: the largest norm of the gradients; nil for any.
  ///   - fill: adds the texts of a micro-batch to the engine.
  package func step<E: Error>(
    number: Int, learningRate: Double, clip: Double?, microBatches: Int,
    fill: (_ microBatch: Int, TrainingEngine) throws(E) -> Void
  ) throws -> StepOutcome {
    var outcome = StepOutcome(loss: 0, tokens: 0, gradientNorm: 0)
    partBegins?(.gradients)
    defer {
      engine.phaseHook = nil
      partBegins?(.end)
    }
    for microBatch in 0..<microBatches where outcome.loss.isFinite {
      engine.begin(startsGradients: outcome.tokens == 0)
      try fill(microBatch, engine)
      if let exchange, microBatch == microBatches - 1 {
        exchange.begin()
        engine.phaseHook = exchange.hook
      }
      outcome.loss += engine.run()
      outcome.tokens += engine.tokenCount
    }
    // Other processes wait for this one's gradients, whatever they are.
    guard outcome.loss.isFinite || exchange != nil else { return outcome }
    if outcome.tokens == 0 { engine.weights.clearGradients() }
    partBegins?(.norm)
    let norm = try exchange?.reduce(&outcome, optimizer) ?? optimizer.gradientNorm()
    outcome.gradientNorm = norm.value
    if let tensor = norm.firstNonFinite { outcome.nonFinite = engine.weights.tensors[tensor].name }
    guard outcome.isApplied else { return outcome }
    partBegins?(.update)
    try optimizer.step(
      number: number, learningRate: learningRate, gradientScale: clip.map { norm.scale(clippedTo: $0) } ?? 1)
    try exchange?.shareWeights()
    return outcome
  }
}
