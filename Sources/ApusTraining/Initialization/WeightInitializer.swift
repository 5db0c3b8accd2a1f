// How the tensors of a new model begin: three schemes, by the role of a tensor.
//
//                     gpt2                    llama                      muP (hidden size h, base size b, m = h / b)
//   token embedding   N(0, 0.02²)             N(0, 0.02²)                N(0, 0.02²)
//   positions, types  N(0, 0.02²) (*)         N(0, 0.02²)                N(0, 0.02²)
//   hidden            N(0, 0.02²)             N(0, 0.02²) cut at 3 σ     N(0, 1/fan-in)              rate / m
//   residual          … / √(2 layers)         … / √(2 layers)            … / √(2 layers)             rate / m
//   head              N(0, 0.02²)             N(0, 1/fan-in) cut at 3 σ  0, or N(0, 1/fan-in²)       rate / m
//   norms, biases     1, 0                    1, 0                       1, 0
//   head of scores    0                       0                          0
//
// gpt2: A. Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, as nanoGPT has it; (*) OpenAI's own code
// draws positions with 0.01: `positionDeviation`. llama: torchtitan's deviations, but embeddings of 0.02 as in transformers,
// which also suit a head that shares them, and every block the same. muP: G. Yang et al., "Tensor Programs V", arXiv:2203.03466,
// table 3 for Adam; there the model itself must scale attention by 1 / head size, and a head that shares the
// embedding's weights by 1 / m. The factor of the depth is not part of it; widths transfer with or without.

import ApusRuntime
import ApusTensor

/// A scheme of first values.
package enum InitializationScheme: Equatable, Sendable {
  /// - Parameter positionDeviation: 0.02 as in nanoGPT, 0.01 as in OpenAI's code.
  case gpt2(positionDeviation: Float = 0.02)
  case llama
  /// - Parameters:
  ///   - baseHidden: the hidden size the learning rate was found with.
  ///   - zeroOutput: the head begins with zeros, else with deviation 1 / fan-in.
  case muP(baseHidden: Int, zeroOutput: Bool = true)
}

/// Gives the tensors of a new model their first values.
///
///     let initializer = WeightInitializer(.gpt2(), layers: 12, hidden: 768, seed: 42)
///     try initializer.fill("blk.0.ffn_down.weight", columns: 3072, weights, count: 768 * 3072, workers: …, cpu: …)
package struct WeightInitializer: Equatable, Sendable {
  package let scheme: InitializationScheme
  package let layers: Int
  package let hidden: Int
  package let seed: UInt64

  package init(_ scheme: InitializationScheme, layers: Int, hidden: Int, seed: UInt64) {
    precondition(layers > 0 && hidden > 0)
    self.scheme = scheme
    self.layers = layers
    self.hidden = hidden
    self.seed = seed
  }

  /// - Throws: `LearningError.setting`.
  package func validate() throws(LearningError) {
    switch scheme {
    case .gpt2(let deviation): try LearningError.checkPositive("deviation of positions", Double(deviation))
    case .llama: break
    case .muP(let base, _):
      try LearningError.check("base hidden size", base, "at least 1") { $0 >= 1 }
    }
  }

  /// What a tensor's values are drawn from.
  ///
  /// - Parameters:
  ///   - name: in GGUF's manner.
  ///   - columns: of the tensor: the fan-in of a matrix.
  /// - Throws: `LearningError.unknownTensor`.
  package func distribution(of name: String, columns: Int) throws(LearningError) -> WeightDistribution {
    let role = try TensorRole(name)
    let depth = 1 / (2 * Float(layers)).squareRoot()
    let fanIn = Float(columns)
    switch (role, scheme) {
    case (.norm, _): return .constant(1)
    case (.bias, _), (.score, _): return .constant(0)
    case (.tokenEmbedding, _): return .normal(deviation: 0.02)
    case (.positionEmbedding, .gpt2(let deviation)): return .normal(deviation: deviation)
    case (.positionEmbedding, _): return .normal(deviation: 0.02)
    case (.hidden, .gpt2), (.output, .gpt2): return .normal(deviation: 0.02)
    case (.residual, .gpt2): return .normal(deviation: 0.02 * depth)
    case (.hidden, .llama): return .normal(deviation: 0.02, cut: 3)
    case (.residual, .llama): return .normal(deviation: 0.02 * depth, cut: 3)
    case (.output, .llama): return .normal(deviation: 1 / fanIn.squareRoot(), cut: 3)
    case (.hidden, .muP): return .normal(deviation: 1 / fanIn.squareRoot())
    case (.residual, .muP): return .normal(deviation: depth / fanIn.squareRoot())
    case (.output, .muP(_, let zero)): return zero ? .constant(0) : .normal(deviation: 1 / fanIn)
    }
  }

  /// The learning rate of a tensor as a multiple of the schedule's, for AdamW and its like: 1 but in μP.
  package func learningRateScale(of name: String) throws(LearningError) -> Float {
    guard case .muP(let base, _) = scheme else { return 1 }
    switch try TensorRole(name) {
    case .hidden, .residual, .output: return Float(base) / Float(hidden)
    case .tokenEmbedding, .positionEmbedding, .norm, .bias, .score: return 1
    }
  }

  /// Writes the first values of a tensor. The same bits for any number of workers, on every machine.
  ///
  /// - Throws: `LearningError.unknownTensor`.
  package func fill(
    _ name: String, columns: Int, _ weights: UnsafeMutablePointer<Float>, count: Int, workers: WorkerPool,
    cpu: KernelTable
  ) throws(LearningError) {
    let distribution = try distribution(of: name, columns: columns)
    distribution.fill(
      weights, count: count, key: Philox.key(for: name, seed: seed), workers: workers, cpu: cpu)
  }
}
