// Scaled dot-product attention over the KV cache, by the online softmax of flash attention.
// Vaswani et al. 2017, arXiv:1706.03762; Dao et al. 2022, arXiv:2205.14135
//
// Keys are cut into spans of 512 from the sequence's first token and walked in pages of 64; spans merge in
// order. So a token's result does not depend on the batch, the chunk or the number of workers.

import ApusTensor
import CApusKernels

package struct Attention: Operation {
  package static let name = "attention"
  package var layer: Int
  package var heads: Int
  package var scale: Float
  /// Scores become cap · tanh(score / cap); 0 for none.
  package var softCap: Float = 0
  package var mask: AttentionMask
  /// Whether the second output is the logarithm of each row's sum of exponentials, which the backward pass starts from.
  package var savesLogSum = false

  package init(layer: Int, heads: Int, scale: Float, softCap: Float = 0, mask: AttentionMask) {
    self.layer = layer
    self.heads = heads
    self.scale = scale
    self.softCap = softCap
    self.mask = mask
  }

  /// f32 queries `[tokens, heads·headSize]` and the effect of storing this layer's keys give f32 of the
  /// queries' shape.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[1].element == .effect,
      inputs[0].columns % heads == 0
    else {
      throw .shape(
        operation: Self.name, message: "wants queries of \(heads) heads and a store, got \(inputs)")
    }
    return savesLogSum ? [inputs[0], logSumType(inputs[0])] : [inputs[0]]
  }

  private func logSumType(_ queries: ValueType) -> ValueType {
    ValueType(.f32, rows: queries.rows, columns: heads)
  }

  /// Bytes as if the cache had 16 bits a value.
  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let keys = mask.window.map { min(sizes.cached, $0 * sizes.sequences + sizes.tokens) } ?? sizes.cached
    return Cost(
      flops: 4 * Double(attended(sizes)) * Double(inputs[0].columns),
      bytes: 2 * streamedBytes(outputs, sizes) + 2 * Double(keys) * Double(inputs[1].columns))
  }

  /// Pairs of a query and a key it sees, at most.
  func attended(_ sizes: Sizes) -> Int {
    let all = mask.seesLaterTokens ? 2 * sizes.attended - sizes.tokens : sizes.attended
    return mask.window.map { min(all, $0 * sizes.tokens) } ?? all
  }

  package var detail: String {
    "layer \(layer), \(mask)" + (softCap > 0 ? ", cap \(softCap)" : "")
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    AttentionKernel(self, q: inputs[0], y: outputs[0], logSums: savesLogSum ? outputs[1] : nil, context)
  }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    var saving = self
    saving.savesLogSum = true
    let logSum = g.extendNode(saving, outputs: [logSumType(g.builder.type(of: node.inputs[0]))])[0]
    let gradients = try g.apply(
      AttentionGradient(forward: saving),
      [node.inputs[0], node.outputs[0], logSum, g.outputGradient(node), node.inputs[1]])
    try g.add(gradients[0], to: node.inputs[0])
    try g.add(gradients[1], to: node.inputs[1], part: 0)
    try g.add(gradients[2], to: node.inputs[1], part: 1)
  }
}

/// Which keys a token sees.
package enum AttentionMask: Hashable, Sendable, CustomStringConvertible {
  /// Itself and everything before.
  case causal
  /// Itself and the `window − 1` tokens before.
  case sliding(window: Int)
  /// The whole sequence.
  case bidirectional
  /// Itself and up to `reach` tokens on either side.
  case nearby(reach: Int)

  /// The keys that the token at `position` sees in a sequence of `length` tokens.
  func visible(position: Int, length: Int) -> Range<Int> {
    switch self {
    case .causal: 0..<position + 1
    case .sliding(let window): max(0, position - window + 1)..<position + 1
    case .bidirectional: 0..<length
    case .nearby(let reach): max(0, position - reach)..<min(length, position + reach + 1)
    }
  }

  /// The most keys a token sees, where that is limited.
  var window: Int? {
    switch self {
    case .sliding(let window): window
    case .nearby(let reach): 2 * reach + 1
    case .causal, .bidirectional: nil
    }
  }

  /// Whether a token sees what comes after it: then a sequence must be in one step as a whole.
  package var seesLaterTokens: Bool {
    switch self {
    case .causal, .sliding: false
    case .bidirectional, .nearby: true
    }
  }

  package var description: String {
    switch self {
    case .causal: "causal"
    case .sliding(let window): "window \(window)"
    case .bidirectional: "bidirectional"
    case .nearby(let reach): "within \(reach)"
    }
  }
}

extension GraphBuilder {
  /// Attention of `q` over everything its sequences have stored in the layer, this step included.
  package mutating func attention(
    _ q: ValueID, after store: ValueID, _ operation: Attention
  ) throws(GraphError) -> ValueID {
    try apply(operation, [q, store])[0]
  }
}

extension Attention {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (q, store) = (inputs[0], inputs[1])
    let headSize = q.columns / heads
    var y = ReferenceTensor<S>(rows: q.rows, columns: q.columns)
    var logSums = ReferenceTensor<S>(rows: q.rows, columns: heads)
    for pair in referencePairs(q, store, step) {
      let weights = pair.keys.map { S.exp(score(q, store, pair, key: $0).value) }
      let sum = S.sum(weights)
      logSums[pair.token, pair.head] = S.log(sum)
      for i in 0..<headSize {
        let products = zip(weights, pair.keys).map { $0 * store[$1, pair.value + i] }
        y[pair.token, pair.query + i] = S.sum(products) / sum
      }
    }
    return savesLogSum ? [y, logSums] : [y]
  }

  /// A token and a query head, and what they meet: rows of keys, and the first columns of the query, keys and values.
  struct ReferencePair {
    let token: Int
    let head: Int
    let keys: Range<Int>
    let query: Int
    let key: Int
    let value: Int
  }

  /// All pairs of a step. `store` holds keys and values side by side.
  func referencePairs<S: ReferenceScalar>(
    _ q: ReferenceTensor<S>, _ store: ReferenceTensor<S>, _ step: ReferenceStep
  ) -> [ReferencePair] {
    let headSize = q.columns / heads
    let width = store.columns / 2
    let group = heads / (width / headSize)
    return step.sequences.flatMap { rows in
      rows.flatMap { token in
        let seen = mask.visible(position: step.positions[token], length: rows.count)
        return (0..<heads).map { head in
          ReferencePair(
            token: token, head: head,
            keys: rows.lowerBound + seen.lowerBound..<rows.lowerBound + seen.upperBound,
            query: head * headSize, key: head / group * headSize, value: width + head / group * headSize)
        }
      }
    }
  }

  /// The score of a key, and its derivative by the product of query and key.
  func score<S: ReferenceScalar>(
    _ q: ReferenceTensor<S>, _ store: ReferenceTensor<S>, _ pair: ReferencePair, key: Int
  ) -> (value: S, slope: S) {
    let product = S.sum(0..<q.columns / heads) { i in
      q[pair.token, pair.query + i] * store[key, pair.key + i]
    }
    let scaled = S(scale) * product
    guard softCap > 0 else { return (scaled, S(scale)) }
    let t = S.tanh(scaled / S(softCap))
    return (S(softCap) * t, S(scale) * (1 - t * t))
  }

  package static var cases: [OperationCase] {
    let masks: [AttentionMask] = [.causal, .sliding(window: 3), .bidirectional, .nearby(reach: 2)]
    return masks.map { mask in
      self.case("\(mask)", [5, 1, 7], heads: 3, keyHeads: 3, headSize: 4, mask: mask)
    } + [
      self.case("grouped heads", [4, 6], heads: 6, keyHeads: 2, headSize: 2),
      self.case("one key head, capped", [7, 3], heads: 3, keyHeads: 1, headSize: 6, softCap: 1.5),
      self.case("several pages", [67], heads: 1, keyHeads: 1, headSize: 2, mask: .sliding(window: 65)),
    ]
  }

  private static func `case`(
    _ title: String, _ lengths: [Int], heads: Int, keyHeads: Int, headSize: Int, softCap: Float = 0,
    mask: AttentionMask = .causal
  ) -> OperationCase {
    OperationCase(
      "attention, \(title)", ReferenceStep(lengths: lengths), cache: (1, keyHeads, headSize)
    ) { b in
      let tokens = lengths.reduce(0, +)
      let q = try b.example("q", columns: heads * headSize, rows: tokens)
      let k = try b.example("k", columns: keyHeads * headSize, rows: tokens)
      let v = try b.example("v", columns: keyHeads * headSize, rows: tokens)
      return try b.attention(
        q, after: b.storeKeyValue(k, v, layer: 0),
        Attention(layer: 0, heads: heads, scale: 0.75, softCap: softCap, mask: mask))
    }
  }
}
