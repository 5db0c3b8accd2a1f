// The models that a run reads and does not change: the one below an adapter, the one that answers are compared with, the
// judge. A checkpoint holds no copy of them, so a run that goes on makes sure that their files have the same weights still.

import ApusBasics
import ApusModels

/// What tells the fixed models of a run from others.
struct FixedModels {
  private struct Model {
    /// The key of the configuration that names it.
    let key: String
    let path: String
    let fingerprint: String

    init(_ key: String, _ path: String) throws {
      let files = try ModelFiles(path)
      let network = try files.network()
      let graph = try files.graph(
        network, contextLength: network.configuration.contextLength,
        for: files.isScorer ? .embedding(.rank) : .generation)
      (self.key, self.path) = (key, path)
      fingerprint = String(network.fingerprint(graph), radix: 16)
    }
  }

  private let models: [Model]

  /// - Parameter judge: the model that judges answers; nil where none does.
  /// - Throws: what opening models throws.
  /// - Complexity: O(tensors): reads samples of all weights.
  init(_ configuration: TrainingConfiguration, judge: String?) throws {
    let (objective, reference) = (configuration.objective, configuration.reference.from)
    let compares = objective.isPolicy ? configuration.policy.kl > 0 : objective.hasReference
    let keepsStart = configuration.adapter.rank != nil || compares && reference == nil
    models = try [
      ("model.from", keepsStart ? configuration.model.from : nil),
      ("reference.from", compares ? reference : nil),
      ("reward.model", judge),
    ].compactMap { key, path in try path.map { try Model(key, $0) } }
  }

  /// As a checkpoint's manifest keeps them.
  var json: JSONValue { .members(models.map { ($0.key, .string($0.fingerprint)) }) }

  /// Makes sure that they are those of a checkpoint. Older checkpoints do not say.
  ///
  /// - Parameters:
  ///   - kept: what `json` was when the checkpoint was made.
  ///   - checkpoint: where it is, for errors.
  func check(_ kept: JSONValue?, checkpoint: String) throws(TrainingError) {
    for model in models {
      guard let before = kept?.object?[model.key]?.string else { continue }
      guard before == model.fingerprint else {
        throw .otherModel(checkpoint: checkpoint, key: model.key, path: model.path)
      }
    }
  }
}
