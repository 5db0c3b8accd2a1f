// Which weights of a network are trained: all of them, or where it has adapters those alone and a head of scores, which is
// new, too. Everything that asks (gradients, masters, optimisers, forecasts, checkpoints) asks here.

import ApusGraph
import ApusModels
import ApusTensor

extension Graph {
  /// Whether some weights are adapters': then no other is trained.
  package var isAdapted: Bool {
    values.contains { value in
      if case .parameter(let reference) = value.source {
        AdapterTensor.isAdapter(reference.tensor)
      } else {
        false
      }
    }
  }

  /// Whether a weight of this graph is trained.
  ///
  /// - Complexity: O(values) to make, O(1) to ask.
  package var isTrained: (ParameterReference) -> Bool {
    let isAdapted = isAdapted
    return { !isAdapted || AdapterTensor.isAdapter($0.tensor) || $0.tensor == ScoreHead.weight }
  }
}

/// An adapter in training: what its files say besides the numbers.
package struct TrainedAdapter: Sendable {
  package let settings: AdapterSettings
  /// The path of the model that it changes.
  package let base: String
  /// The model's weights without it.
  package let weights: any WeightSource

  /// The adapter as it is now: its numbers are the masters themselves.
  func current(_ weights: TrainableWeights) -> LowRankAdapter {
    let changes = weights.tensors.compactMap { a -> LowRankAdapter.Change? in
      guard let (target, isA) = AdapterTensor.parts(a.name), isA,
        let b = weights.tensor(AdapterTensor.b(of: target))
      else { return nil }
      return LowRankAdapter.Change(
        target: target, rank: settings.rank,
        a: FloatVector(borrowing: weights.master(a), count: a.count),
        b: FloatVector(borrowing: weights.master(b), count: b.count), factor: settings.factor)
    }
    return LowRankAdapter(name: "adapter", settings: settings, changes: changes)
  }

  /// Copies the numbers of a saved adapter into the masters.
  ///
  /// - Throws: `AdapterError` and what reading throws, `ModelError`.
  func load(_ path: String, _ network: Network, into masters: TrainableWeights) throws {
    let saved = try LowRankAdapter(path, for: network)
    try masters.load(from: AdaptedWeights(weights, [(saved, 1)]))
  }
}

extension TrainingConfiguration.Adapter {
  /// The settings of a new adapter; nil where all weights are trained.
  package var settings: AdapterSettings? {
    guard let rank else { return nil }
    return AdapterSettings(rank: rank, alpha: alpha ?? 2 * Double(rank), isRankStabilized: rslora)
  }
}
