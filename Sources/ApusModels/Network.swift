// A model file's network: its family, its sizes, and its graph for a given context.

import ApusGraph
import ApusTensor

/// The network a file describes, before any weight is loaded.
package struct Network: Sendable {
  package let source: any WeightSource
  package let architecture: any Architecture
  /// The value of `general.architecture`.
  package let architectureName: String

  /// Finds the family and checks the hyper-parameters.
  package init(_ source: any WeightSource) throws(ModelError) {
    guard let name = source.architecture else { throw .missingKey("general.architecture") }
    guard let family = allArchitectures.first(where: { $0.names.contains(name) }) else {
      throw .unknownArchitecture(name, known: allArchitectures.flatMap { $0.names }.sorted())
    }
    guard let embedding = source.tensor("token_embd.weight") else {
      throw .missingTensors(["token_embd.weight"])
    }
    self.source = source
    architectureName = name
    architecture = try family.init(
      Hyperparameters(source, architecture: name), vocabularySize: embedding.rows)
  }

  package var configuration: TransformerConfiguration { architecture.configuration }

  /// The graph from tokens to logits.
  ///
  /// - Throws: `ModelError` when tensors are missing or their shapes contradict the hyper-parameters.
  package func graph(contextLength: Int) throws(ModelError) -> Graph {
    var builder = NetworkBuilder(
      source, hiddenSize: configuration.hiddenSize, contextLength: contextLength)
    let logits = try architecture.build(
      &builder, Hyperparameters(source, architecture: architectureName))
    return try builder.finish(logits)
  }

  /// The KV pages' geometry.
  package func cacheLayout(_ format: KVFormat) -> KVLayout {
    KVLayout(
      format: format, layers: configuration.layers, heads: configuration.keyValueHeads,
      headSize: configuration.headSize)
  }
}
