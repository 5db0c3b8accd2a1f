// A model file's network: its family, its sizes, and its graph for a given context and use.

import ApusGraph
import ApusTensor

/// What a network is run for.
package enum NetworkUse: Hashable, Sendable {
  /// Logits of the rows wanted.
  case generation
  /// A vector or a score for each sequence.
  case embedding(Pooling)
  /// The loss of each token, its score, or first the losses and then the scores.
  case training(LossOptions, heads: NetworkHeads = .tokens)
}

extension NetworkUse {
  fileprivate var isTraining: Bool {
    if case .training = self { true } else { false }
  }
}

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

  /// Whether the network was made to continue texts.
  package var isGenerative: Bool { type(of: architecture).isGenerative }

  /// The pooling the file asks for.
  package func pooling() throws(ModelError) -> Pooling? {
    let h = Hyperparameters(source, architecture: architectureName)
    let id = try h.integer("pooling_type", in: -1...1000, default: -1)
    guard id >= 0 else { return nil }
    guard let pooling = Pooling(id: id) else {
      throw .invalidKey("\(architectureName).pooling_type", value: "\(id)", expected: "0 to 4")
    }
    return pooling
  }

  /// The graph from tokens to what the use wants.
  ///
  /// - Throws: `ModelError` when tensors are missing or their shapes contradict the hyper-parameters.
  package func graph(
    contextLength: Int, for use: NetworkUse = .generation
  ) throws(ModelError) -> Graph {
    var builder = NetworkBuilder(
      source, hiddenSize: configuration.hiddenSize, contextLength: contextLength,
      selectsOutputs: !use.isTraining)
    let x = try architecture.hiddenStates(
      &builder, Hyperparameters(source, architecture: architectureName))
    let results = try results(x, of: use, &builder)
    return try builder.finish(results)
  }

  private func results(
    _ x: ValueID, of use: NetworkUse, _ b: inout NetworkBuilder
  ) throws(ModelError) -> [ValueID] {
    guard case .training(let options, let heads) = use else { return [try result(x, of: use, &b)] }
    var results: [ValueID] = []
    if heads.hasTokens {
      let logits = try architecture.logits(x, &b)
      results.append(try b.graph { (g) throws(GraphError) in try g.crossEntropy(logits, options) })
    }
    if heads.hasScores { results.append(try b.linear(x, ScoreHead.name, rows: 1)) }
    return results
  }

  private func result(
    _ x: ValueID, of use: NetworkUse, _ b: inout NetworkBuilder
  ) throws(ModelError) -> ValueID {
    switch use {
    case .generation:
      return try architecture.logits(x, &b)
    case .training:
      preconditionFailure("a network in training has several results")
    case .embedding(.none):
      return x
    case .embedding(.mean):
      let mean = try b.graph { (g) throws(GraphError) in try g.meanOfTokens(x) }
      return try architecture.embedding(mean, &b)
    case .embedding(.cls), .embedding(.last):
      let row = try b.graph { (g) throws(GraphError) in try g.selectOutputs(x) }
      return try architecture.embedding(row, &b)
    case .embedding(.rank):
      let row = try b.graph { (g) throws(GraphError) in try g.selectOutputs(x) }
      return try architecture.scores(row, &b)
    }
  }

  /// The KV pages' geometry.
  ///
  /// - Parameter isKept: whether keys outlive the step; otherwise the layers take turns with one layer's room.
  package func cacheLayout(_ format: KVFormat, isKept: Bool = true) -> KVLayout {
    KVLayout(
      format: format, layers: isKept ? configuration.layers : 1, heads: configuration.keyValueHeads,
      headSize: configuration.headSize)
  }
}
