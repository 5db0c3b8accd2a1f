// A model that does not exist yet: its hyper-parameters are decided, its tensors are whatever the network asks for.

import ApusBasics

/// A source of weights that has none, for networks that are to be trained from the start.
package struct FreshModel: WeightSource {
  package let name: String
  private let family: String
  private let hyperparameters: [String: HyperparameterValue]
  private let vocabularySize: Int
  private let hiddenSize: Int
  /// Whether the head is the embedding.
  private let isTied: Bool

  /// - Parameters:
  ///   - hyperparameters: by their keys as GGUF files have them, without the architecture's name.
  package init(
    architecture: String, _ hyperparameters: [String: HyperparameterValue], vocabularySize: Int,
    hiddenSize: Int, isTied: Bool
  ) {
    name = "new \(architecture)"
    family = architecture
    self.hyperparameters = hyperparameters
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.isTied = isTied
  }

  package var architecture: String? { family }

  /// All hyper-parameters by their full keys.
  package var fullHyperparameters: [String: HyperparameterValue] {
    Dictionary(uniqueKeysWithValues: hyperparameters.map { ("\(family).\($0)", $1) })
  }

  package func hyperparameter(_ key: String) -> HyperparameterValue? {
    hyperparameters[String(key.dropFirst(family.count + 1))]
  }

  package func fileKey(_ key: String) -> String { "model." + String(key.dropFirst(family.count + 1)) }

  package func tensor(_ name: String) -> TensorDescription? {
    guard name == "token_embd.weight" else { return nil }
    return TensorDescription(name: name, type: .f32, rows: vocabularySize, columns: hiddenSize)
  }

  package func tensor(_ name: String, rows: Int, columns: Int) -> TensorDescription? {
    guard has(name) else { return nil }
    return TensorDescription(name: name, type: .f32, rows: rows, columns: columns)
  }

  /// What a family can do without: a head of its own, and biases where it has none.
  package func has(_ name: String) -> Bool {
    let parts = name.split(separator: ".")
    guard let last = parts.last else { return false }
    if name == "output.weight" { return !isTied }
    if last == "bias" {
      switch family {
      case "gpt2": return !["output.bias", "token_embd.bias", "\(ScoreHead.name).bias"].contains(name)
      case "qwen2": return parts.count == 4 && ["attn_q", "attn_k", "attn_v"].contains(parts[2])
      default: return false
      }
    }
    // Llama, Qwen and Gemma keep queries, keys and values apart; the others ask for what they need.
    return !name.hasPrefix("rope_")
      && !(name.hasSuffix("attn_qkv.weight") && !["gpt2", "phi3"].contains(family))
  }

  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    preconditionFailure("\(tensor.name) does not exist yet")
  }

  package func release(_ tensor: TensorDescription) {}
}
