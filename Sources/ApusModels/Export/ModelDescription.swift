// A model without its weights: its family, its hyper-parameters, its tensors. Exporters write files from one; a source of
// weights made of one lets the network itself check that nothing is missing and every shape fits.

import ApusBasics
import ApusGraph
import ApusTensor

/// What a model's file says besides the weights.
///
///     let description = ModelDescription(
///       architecture: "llama", hyperparameters: ["llama.block_count": .integer(4), …],
///       tensors: [TensorDescription(name: "token_embd.weight", type: .f32, rows: 16_000, columns: 384), …])
package struct ModelDescription: Sendable {
  /// The value of `general.architecture`, "llama".
  package var architecture: String
  /// By the keys of GGUF files, "llama.block_count".
  package var hyperparameters: [String: HyperparameterValue]
  /// Every tensor of the network by its name here, in the order they are written, and how it is stored now.
  package var tensors: [TensorDescription]
  /// The model's name for people.
  package var name: String?
  /// The heads it is written with.
  package var heads = NetworkHeads.tokens

  package init(
    architecture: String, hyperparameters: [String: HyperparameterValue], tensors: [TensorDescription],
    name: String? = nil
  ) {
    self.architecture = architecture
    self.hyperparameters = hyperparameters
    self.tensors = tensors
    self.name = name
  }

  /// Whether the head is the embedding: there is no tensor of its own for it.
  package var isTied: Bool { !tensors.contains { $0.name == "output.weight" } }

  /// A hyper-parameter by its name without the architecture.
  package subscript(name: String) -> HyperparameterValue? { hyperparameters["\(architecture).\(name)"] }

  /// The one type of all matrices, if they have one that both formats have.
  package var matrixType: TensorType? {
    let types = Set(tensors.filter(GGUFExport.isConverted).map(\.type))
    return types.count == 1 ? types.first.flatMap { HuggingFaceExport.types.contains($0) ? $0 : nil } : nil
  }

  /// The network this describes, all of whose tensors are there with the right shapes.
  ///
  /// - Throws: `ModelError`; `ExportError.tensor` for a tensor that the network has no use for.
  package func network() throws -> Network {
    let network = try Network(DescribedWeights(self))
    let graph = try network.graph(
      contextLength: network.configuration.contextLength, for: .training(LossOptions(), heads: heads))
    let used = Set(graph.parameterNames).union(Self.factorTensors)
    if let extra = tensors.first(where: { !used.contains($0.name) }) {
      throw ExportError.tensor(extra.name, "is no part of a \(architecture) network")
    }
    return network
  }

  /// Tensors that change frequencies and are no operand of the network.
  package static let factorTensors = [
    "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
  ]
}

extension ModelDescription {
  /// What opened files say: the hyper-parameters they have, and the tensors that their network uses.
  ///
  /// - Returns: also the names of tensors that are in the files and not in the network.
  /// - Throws: `ModelError`, `HuggingFaceError`.
  package static func of(_ files: ModelFiles) throws -> (description: ModelDescription, unused: [String]) {
    let network = try files.network()
    guard network.isGenerative else {
      throw ModelError.notGenerative(architecture: network.architectureName)
    }
    let heads = files.isScorer ? NetworkHeads.scores : .tokens
    let graph = try files.graph(
      network, contextLength: network.configuration.contextLength,
      for: heads == .scores ? .training(LossOptions(), heads: heads) : .generation)
    let names = graph.parameterNames + factorTensors
    let architecture = network.architectureName
    var description = ModelDescription(
      architecture: architecture, hyperparameters: [:],
      tensors: names.compactMap { files.source.tensor($0) }, name: files.modelName)
    description.heads = heads
    let known = Set(names)
    switch files.kind {
    case .gguf(let file):
      for key in file.metadata.keys where key.hasPrefix("\(architecture).") {
        description.hyperparameters[key] = files.source.hyperparameter(key)
      }
      return (description, file.tensors.map(\.name).filter { !known.contains($0) })
    case .folder:
      guard let weights = files.folderWeights else { break }
      for name in weights.hyperparameterNames {
        description.hyperparameters["\(architecture).\(name)"] = weights.hyperparameter(
          "\(architecture).\(name)")
      }
    }
    return (description, [])
  }
}

extension Graph {
  /// The names of all tensors used, each once, in the order of the graph.
  fileprivate var parameterNames: [String] {
    var seen: Set<String> = []
    return values.compactMap { value in
      guard case .parameter(let reference) = value.source, seen.insert(reference.tensor).inserted else {
        return nil
      }
      return reference.tensor
    }
  }
}

/// A description as a source of weights without weights: enough for a network to be built and checked.
package struct DescribedWeights: WeightSource {
  private let description: ModelDescription
  private let tensors: [String: TensorDescription]

  package init(_ description: ModelDescription) {
    self.description = description
    tensors = Dictionary(description.tensors.map { ($0.name, $0) }) { first, _ in first }
  }

  package var name: String { description.name ?? description.architecture }
  package var architecture: String? { description.architecture }
  package func hyperparameter(_ key: String) -> HyperparameterValue? { description.hyperparameters[key] }

  /// Factors are left out: a network reads their values while it is built.
  package func tensor(_ name: String) -> TensorDescription? {
    ModelDescription.factorTensors.contains(name) ? nil : tensors[name]
  }

  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    preconditionFailure("\(tensor.name) is only described")
  }

  package func release(_ tensor: TensorDescription) {}
}
