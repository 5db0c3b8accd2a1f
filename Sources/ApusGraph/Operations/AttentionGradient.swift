// The backward pass of attention, from the saved log-sums: scores are made again, page by page, and never stored.
// Dao 2023, arXiv:2307.08691
//
// A unit is one sequence and one KV head; the query heads that share it come one after the other, tokens ascending.
// All keys of the sequences must be of this step.

import ApusTensor
import CApusKernels

package struct AttentionGradient: Operation {
  package static let name = "attention-gradient"
  package var forward: Attention

  /// Queries, outputs, log-sums, the gradient of the outputs and the effect of the store give the gradients of queries,
  /// keys and values.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 5, inputs[0] == inputs[1], inputs[0] == inputs[3], inputs[4].element == .effect
    else {
      throw .shape(
        operation: Self.name, message: "wants q, output, log-sums, dy and a store, got \(inputs)")
    }
    let keys = ValueType(.f32, rows: inputs[0].rows, columns: inputs[4].columns / 2)
    return [inputs[0], keys, keys]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(
      flops: 10 * Double(forward.attended(sizes)) * Double(inputs[0].columns),
      bytes: streamedBytes([inputs[0], inputs[1], inputs[3], inputs[4]], sizes)
        + streamedBytes(outputs, sizes))
  }

  package var detail: String { forward.detail }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    AttentionGradientKernel(forward, inputs, outputs, context)
  }
}

private final class AttentionGradientKernel: Kernel {
  private let operation: Attention
  private let (q, output, logSums, dy): (Operand, Operand, Operand, Operand)
  private let (dq, dk, dv): (Operand, Operand, Operand)
  private let cache: KVLayout
  private let cpu: KernelTable
  private let group: Int
  /// A worker's block holds four arrays of a number for each row, then the kernel's scratch.
  private let scratch: WorkerScratch
  private let rowArrayBytes: Int

  init(_ operation: Attention, _ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) {
    guard let cache = context.cache else { preconditionFailure("the graph has no cache") }
    self.operation = operation
    (q, output, logSums, dy) = (inputs[0], inputs[1], inputs[2], inputs[3])
    (dq, dk, dv) = (outputs[0], outputs[1], outputs[2])
    self.cache = cache
    cpu = context.cpu
    group = operation.heads / cache.heads
    let rows = group * min(context.positions, context.limits.tokens)
    rowArrayBytes = (rows * 4 + 63) & ~63
    scratch = context.scratch
    scratch.reserve(4 * rowArrayBytes + apus_attention_gradient_scratch(Int32(rows), Int32(cache.headSize)))
  }

  override func unitCount(_ step: Step) -> Int { step.sizes.sequences * cache.heads }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let (sequence, head) = (step.sequences[unit / cache.heads], unit % cache.heads)
    let memory = scratch.block(worker)
    func array(_ index: Int) -> UnsafeMutablePointer<Int32> {
      (memory + index * rowArrayBytes).assumingMemoryBound(to: Int32.self)
    }
    let (offsets, firsts, lasts, sums) = (array(0), array(1), array(2), array(3))
    var row = 0
    for member in head * group..<(head + 1) * group {
      for token in sequence.rows {
        let keys = operation.mask.visible(position: Int(step.positions[token]), length: sequence.length)
        let local = token - sequence.firstToken
        offsets[row] = Int32(local * q.stride + member * cache.headSize)
        firsts[row] = Int32(keys.lowerBound)
        lasts[row] = Int32(keys.upperBound)
        sums[row] = Int32(local * logSums.stride + member)
        row += 1
      }
    }
    let first = sequence.firstToken
    var arguments = apus_attention_gradient()
    arguments.format = cache.format.kernelFormat
    arguments.head_size = Int32(cache.headSize)
    arguments.scale = operation.scale
    arguments.softcap = operation.softCap
    arguments.rows = Int32(row)
    arguments.q = UnsafePointer(q.floats + first * q.stride)
    arguments.out = UnsafePointer(output.floats + first * output.stride)
    arguments.dout = UnsafePointer(dy.floats + first * dy.stride)
    arguments.dq = dq.floats + first * dq.stride
    arguments.offset = UnsafePointer(offsets)
    arguments.first = UnsafePointer(firsts)
    arguments.last = UnsafePointer(lasts)
    arguments.log_sum = UnsafePointer(logSums.floats + first * logSums.stride)
    arguments.log_sum_offset = UnsafePointer(sums)
    arguments.pages = sequence.pages
    arguments.page_offset = cache.offset(layer: operation.layer, head: head)
    arguments.keys = Int32(sequence.length)
    arguments.dk = dk.floats + first * dk.stride + head * cache.headSize
    arguments.dv = dv.floats + first * dv.stride + head * cache.headSize
    arguments.kv_stride = dk.stride
    arguments.scratch = memory + 4 * rowArrayBytes
    cpu.pointee.attention_gradient(&arguments)
  }
}

extension AttentionGradient {
  // P = exp(S − L), D = dO·O:  dV = Σ P·dO,  dS = P·(dO·V − D)·slope,  dq = Σ dS·K,  dK = Σ dS·q
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (q, output, logSums, dy, store) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
    let headSize = q.columns / forward.heads
    var dq = ReferenceTensor<S>(rows: q.rows, columns: q.columns)
    // Keys' and values' gradients side by side, as the store has them: terms first, sums at the end.
    var terms = [[S]](repeating: [], count: store.rows * store.columns)
    for pair in forward.referencePairs(q, store, step) {
      let d = S.sum(0..<headSize) { dy[pair.token, pair.query + $0] * output[pair.token, pair.query + $0] }
      var slopes: [S] = []
      for key in pair.keys {
        let (score, slope) = forward.score(q, store, pair, key: key)
        let p = S.exp(score - logSums[pair.token, pair.head])
        let dp = S.sum(0..<headSize) { dy[pair.token, pair.query + $0] * store[key, pair.value + $0] }
        let ds = p * (dp - d) * slope
        slopes.append(ds)
        for i in 0..<headSize {
          terms[key * store.columns + pair.key + i].append(ds * q[pair.token, pair.query + i])
          terms[key * store.columns + pair.value + i].append(p * dy[pair.token, pair.query + i])
        }
      }
      for i in 0..<headSize {
        dq[pair.token, pair.query + i] = S.sum(zip(slopes, pair.keys).map { $0 * store[$1, pair.key + i] })
      }
    }
    let width = store.columns / 2
    func part(_ first: Int) -> ReferenceTensor<S> {
      ReferenceTensor(rows: store.rows, columns: width) { S.sum(terms[$0 * store.columns + first + $1]) }
    }
    return [dq, part(0), part(width)]
  }

  package static var cases: [OperationCase] { Attention.cases }
}
