// How attention is shared between workers.
//
// A prompt, or many sequences: a unit is one tile of tokens and one or more KV heads, heads ascending, so that workers
// follow each other through the same keys; the last tile, which sees the most of them, first. A few long sequences with
// few heads: a unit is one span of 512 keys, and whoever finishes the last span of a head merges them in order. Both
// give the same bits.

import ApusTensor
import CApusKernels
import Synchronization

final class AttentionKernel: Kernel {
  private let operation: Attention
  private let q: Operand
  private let y: Operand
  private let logSums: Operand?
  private let cache: KVLayout
  private let cpu: KernelTable
  private let workers: Int
  /// Query heads of a KV head.
  private let group: Int
  /// A worker's block holds the rows' offsets, ranges and log-sums, then the kernel's scratch.
  private let scratch: WorkerScratch
  private let rowArrayBytes: Int
  private let spans: SpanStates
  /// How the step at hand is shared.
  private var share = Share.heads(1)

  private enum Share {
    /// Units of a tile and so many KV heads.
    case heads(Int)
    /// Units of a tile, a KV head and a span.
    case spans
  }

  init(_ operation: Attention, q: Operand, y: Operand, logSums: Operand?, _ context: KernelContext) {
    guard let cache = context.cache else { preconditionFailure("the graph has no cache") }
    self.operation = operation
    self.q = q
    self.y = y
    self.logSums = logSums
    self.cache = cache
    cpu = context.cpu
    workers = context.workers
    group = operation.heads / cache.heads
    let rows = group * context.tileTokens
    rowArrayBytes = (rows * 4 + 63) & ~63
    scratch = context.scratch
    scratch.reserve(4 * rowArrayBytes + apus_attention_scratch(Int32(rows), Int32(cache.headSize)))
    spans = SpanStates(
      heads: workers > 1 ? Self.fewHeads(workers) : 0, spans: SpanStates.count(context.positions),
      rowsFloats: group * apus_attention_state(Int32(cache.headSize)))
  }

  /// Fewer heads than this in a step leave workers idle.
  private static func fewHeads(_ workers: Int) -> Int { 2 * workers }

  /// Multiplications and additions, about a microsecond's, that make a unit worth handing out.
  private static let worthwhile = 200_000.0

  override func unitCount(_ step: Step) -> Int {
    guard step.tileCount > 0 else { return 0 }
    let heads = step.tileCount * cache.heads
    var longest = 0
    for sequence in 0..<step.sizes.sequences { longest = max(longest, step.sequences[sequence].length) }
    if workers > 1, logSums == nil, heads < Self.fewHeads(workers), longest > KVLayout.spanKeys,
      step.sizes.tokens == step.tileCount
    {
      share = .spans
      spans.reset(heads)
      return (0..<step.tileCount).reduce(0) { $0 + cache.heads * spanCount(step, $1) }
    }
    let work = 4 * Double(operation.attended(step.sizes) * group * cache.headSize) / Double(step.tileCount)
    let bundle = min(cache.heads, max(1, Int(Self.worthwhile / max(1, work))))
    share = .heads(bundle)
    return step.tileCount * ((cache.heads + bundle - 1) / bundle)
  }

  override func isSmall(_ step: Step) -> Bool { unitCount(step) <= 1 }

  private func spanCount(_ step: Step, _ tile: Int) -> Int {
    SpanStates.count(step.sequences[step.tiles[tile].sequence].length)
  }

  override func run(unit: Int, worker: Int, _ step: Step) {
    switch share {
    case .heads(let bundle):
      let tile = step.tileCount - 1 - unit % step.tileCount
      let first = unit / step.tileCount * bundle
      for head in first..<min(first + bundle, cache.heads) {
        var arguments = arguments(step, tile: tile, head: head, worker)
        cpu.pointee.attention(&arguments)
        if let logSums { keep(arguments.log_sum, in: logSums, tile: step.tiles[tile], head: head) }
      }
    case .spans:
      var (tile, rest) = (0, unit)
      while rest >= cache.heads * spanCount(step, tile) {
        rest -= cache.heads * spanCount(step, tile)
        tile += 1
      }
      let count = spanCount(step, tile)
      run(step, tile: tile, head: rest / count, span: rest % count, of: count, worker)
    }
  }

  private func run(_ step: Step, tile: Int, head: Int, span: Int, of count: Int, _ worker: Int) {
    let slot = tile * cache.heads + head
    var arguments = arguments(step, tile: tile, head: head, worker)
    arguments.span = Int32(span)
    arguments.states = spans.states(slot, span)
    cpu.pointee.attention(&arguments)
    if spans.finish(slot) == count {
      arguments.states = spans.states(slot, 0)
      cpu.pointee.attention_merge(&arguments, Int32(count))
    }
  }

  /// All query heads of a KV head, for the tokens of a tile.
  private func arguments(_ step: Step, tile number: Int, head: Int, _ worker: Int) -> apus_attention {
    let tile = step.tiles[number]
    let sequence = step.sequences[tile.sequence]
    let memory = scratch.block(worker)
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
    arguments.scratch = memory + 4 * rowArrayBytes
    if logSums != nil {
      arguments.log_sum = (memory + 3 * rowArrayBytes).assumingMemoryBound(to: Float.self)
    }
    return arguments
  }

  /// From the order of a tile's rows to a row per token.
  private func keep(_ sums: UnsafeMutablePointer<Float>, in output: Operand, tile: StepTile, head: Int) {
    for token in 0..<tile.count {
      let row = output.floats + (tile.firstToken + token) * output.stride + head * group
      row.update(from: sums + token * group, count: group)
    }
  }
}

/// What is known of the spans of a few heads until they are merged.
private final class SpanStates: @unchecked Sendable {
  private let floats: UnsafeMutablePointer<Float>
  private let finished: UnsafeMutablePointer<Atomic<Int>>
  private let heads: Int
  private let spans: Int
  private let rowsFloats: Int

  /// Spans of a sequence.
  static func count(_ positions: Int) -> Int { (positions + KVLayout.spanKeys - 1) / KVLayout.spanKeys }

  init(heads: Int, spans: Int, rowsFloats: Int) {
    self.heads = heads
    self.spans = spans
    self.rowsFloats = rowsFloats
    // Untouched until a long sequence is decoded.
    floats = UnsafeMutableRawPointer.allocate(
      byteCount: max(64, 4 * heads * spans * rowsFloats), alignment: 64
    )
    .assumingMemoryBound(to: Float.self)
    finished = .allocate(capacity: max(1, heads))
    for head in 0..<heads { (finished + head).initialize(to: Atomic(0)) }
  }

  deinit {
    floats.deallocate()
    finished.deinitialize(count: heads)
    finished.deallocate()
  }

  func reset(_ count: Int) {
    for head in 0..<count { finished[head].store(0, ordering: .relaxed) }
  }

  func states(_ head: Int, _ span: Int) -> UnsafeMutablePointer<Float> {
    floats + (head * spans + span) * rowsFloats
  }

  /// Counts a span of the head as finished; what it wrote is visible to whoever counts the last.
  func finish(_ head: Int) -> Int {
    finished[head].add(1, ordering: .acquiringAndReleasing).newValue
  }
}
