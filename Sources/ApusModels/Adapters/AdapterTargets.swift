// Which products of a network an adapter may change, and the words people have for them.

import ApusBasics
import ApusGraph

/// A product of a network by a weight of its own.
package struct ProductTarget: Sendable, Equatable {
  /// Of the weight, "blk.0.attn_q.weight".
  package let name: String
  package let rows: Int
  package let columns: Int

  /// The name in words: "attn_q", or "output" for the head.
  package var short: String {
    let short = TensorName(name)?.short ?? name
    return short.hasPrefix("blk.#.") ? String(short.dropFirst(6)) : short
  }
}

extension Network {
  /// Every product by a weight of its own, in the network's order. A head that is the embedding is none: its rows are looked
  /// up, too.
  ///
  /// - Throws: `ModelError`.
  package func productTargets() throws(ModelError) -> [ProductTarget] {
    let graph = try graph(contextLength: configuration.contextLength)
    var seen: Set<String> = []
    var targets: [ProductTarget] = []
    for value in graph.values {
      guard case .parameter(let reference) = value.source, reference.role == .product,
        reference.tensor != "token_embd.weight", !AdapterTensor.isAdapter(reference.tensor),
        seen.insert(reference.tensor).inserted,
        let tensor = source.tensor(reference.tensor)
      else { continue }
      targets.append(
        ProductTarget(name: tensor.name, rows: tensor.rows, columns: tensor.columns))
    }
    return targets
  }

  /// How Hugging Face names this network's tensors; nil for families without folders.
  package var huggingFaceLayout: HuggingFaceLayout? {
    let layouts = type(of: architecture).huggingFace.filter { $0.className != nil }
    let modelType = architecture.huggingFaceModelType
    return layouts.first { modelType == nil || $0.modelTypes[modelType!] != nil }
  }

  /// The products that words name: "all-linear" for all but the head, or names such as "q", "attn_q" and "q_proj".
  ///
  /// - Parameter key: what the words come from, for errors.
  /// - Throws: `AdapterError`, `ModelError`.
  package func productTargets(named words: [String], key: String) throws -> [ProductTarget] {
    let all = try productTargets()
    if words == ["all-linear"] { return all.filter { $0.short != "output" } }
    let layout = huggingFaceLayout
    var names: [String: String] = [:]
    for target in all where names[target.short] == nil {
      names[target.short] = target.short
      if let word = Self.shortWords[target.short] { names[word] = target.short }
      let patterns = TensorName(target.name).flatMap { layout?.tensors[$0.short] } ?? []
      for pattern in patterns {
        // "layers.#.self_attn.q_proj" is "q_proj"; GPT-2 has two "c_proj", which take a word more.
        let parts = pattern.split(separator: ".")
        for count in [1, 2] where parts.count >= count {
          let word = parts.suffix(count).joined(separator: ".")
          if let other = names[word], other != target.short {
            names[word] = nil
          } else {
            names[word] = target.short
          }
        }
      }
    }
    var chosen: [String: String] = [:]
    for word in words {
      guard let short = names[word] else {
        let known = Array(Set(names.values.compactMap { Self.shortWords[$0] ?? $0 })).sorted()
        throw AdapterError(
          key, .unknownTarget(word, similar: suggestion(for: word, among: Array(names.keys)), known: known))
      }
      if let other = chosen.updateValue(word, forKey: short) {
        throw AdapterError(key, .duplicateTarget(other, word))
      }
    }
    return all.filter { chosen[$0.short] != nil }
  }

  /// The shortest words for products.
  private static let shortWords = [
    "attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_qkv": "qkv", "attn_output": "o", "ffn_gate": "gate",
    "ffn_up": "up", "ffn_down": "down", "output": "head",
  ]
}
