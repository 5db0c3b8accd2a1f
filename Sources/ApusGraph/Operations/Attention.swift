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
    return [inputs[0]]
  }

  /// Counted for keys equal to the step's tokens: the planner has no deeper cache to know of.
  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let tokens = Double(sizes[inputs[0].rows])
    return Cost(
      flops: 4 * tokens * (tokens + 1) / 2 * Double(inputs[0].columns),
      bytes: 2 * streamedBytes(outputs, sizes))
  }

  package var detail: String {
    "layer \(layer), \(mask)" + (softCap > 0 ? ", cap \(softCap)" : "")
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    AttentionKernel(self, q: inputs[0], y: outputs[0], context)
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

  /// The keys that the token at `position` sees in a sequence of `length` tokens.
  func visible(position: Int, length: Int) -> Range<Int> {
    switch self {
    case .causal: 0..<position + 1
    case .sliding(let window): max(0, position - window + 1)..<position + 1
    case .bidirectional: 0..<length
    }
  }

  package var description: String {
    switch self {
    case .causal: "causal"
    case .sliding(let window): "window \(window)"
    case .bidirectional: "bidirectional"
    }
  }
}

/// A unit is one tile of tokens and one KV head: all query heads that share it.
private final class AttentionKernel: Kernel {
  private let operation: Attention
  private let q: Operand
  private let y: Operand
  private let cache: KVLayout
  private let attention: apus_attention_fn_pointer
  private let group: Int
  /// Per worker: the rows' offsets and ranges, then the kernel's scratch.
  private let scratch: UnsafeMutableRawPointer
  private let rowArrayBytes: Int
  private let workerBytes: Int

  init(_ operation: Attention, q: Operand, y: Operand, _ context: KernelContext) {
    guard let cache = context.cache else { preconditionFailure("the graph has no cache") }
    self.operation = operation
    self.q = q
    self.y = y
    self.cache = cache
    attention = context.cpu.pointee.attention!
    group = operation.heads / cache.heads
    let rows = group * Step.tileTokens
    rowArrayBytes = (rows * 4 + 63) & ~63
    workerBytes =
      (3 * rowArrayBytes + apus_attention_scratch(Int32(rows), Int32(cache.headSize)) + 63) & ~63
    scratch = .allocate(byteCount: workerBytes * context.workers, alignment: 64)
  }

  deinit {
    scratch.deallocate()
  }

  override func unitCount(_ step: Step) -> Int { step.tileCount * cache.heads }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let tile = step.tiles[unit / cache.heads]
    let head = unit % cache.heads
    let sequence = step.sequences[tile.sequence]
    let memory = scratch + worker * workerBytes
    let offsets = memory.assumingMemoryBound(to: Int32.self)
    let first = (memory + rowArrayBytes).assumingMemoryBound(to: Int32.self)
    let last = (memory + 2 * rowArrayBytes).assumingMemoryBound(to: Int32.self)
    var row = 0
    for token in tile.firstToken..<tile.firstToken + tile.count {
      let keys = operation.mask.visible(position: Int(step.positions[token]), length: sequence.length)
      for member in 0..<group {
        offsets[row] = Int32((token - tile.firstToken) * q.stride + (head * group + member) * cache.headSize)
        first[row] = Int32(keys.lowerBound)
        last[row] = Int32(keys.upperBound)
        row += 1
      }
    }
    var arguments = apus_attention()
    arguments.format = cache.format.kernelFormat
    arguments.head_size = Int32(cache.headSize)
    arguments.scale = operation.scale
    arguments.softcap = operation.softCap
    arguments.rows = Int32(row)
    arguments.q = UnsafePointer(q.floats + tile.firstToken * q.stride)
    arguments.q_offset = UnsafePointer(offsets)
    arguments.first = UnsafePointer(first)
    arguments.last = UnsafePointer(last)
    arguments.pages = sequence.pages
    arguments.page_offset = cache.offset(layer: operation.layer, head: head)
    arguments.out = y.floats + tile.firstToken * y.stride
    arguments.out_offset = UnsafePointer(offsets)
    arguments.scratch = memory + 3 * rowArrayBytes
    attention(&arguments)
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
