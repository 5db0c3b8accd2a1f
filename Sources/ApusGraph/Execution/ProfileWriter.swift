// What workers write while a profile is gathered. A boundary between two pieces of work is a few stores into memory that
// only its worker writes: no reference is counted, no line of a cache is shared, nothing is allocated.

import ApusRuntime

/// The memory of a profile, as workers write to it. Copies are the same memory.
struct ProfileWriter {
  /// A piece of a worker's timeline; where nothing was written yet it ends at 0.
  struct Span {
    var start: UInt64
    var end: UInt64
    /// The word of the group's time in a row; 0 while waiting.
    var word: Int32
  }

  /// Where everything lies; one pointer to it is all that is handed around.
  private struct Fields {
    let ticks: TickClock
    let rowWords: Int
    let spanCapacity: Int
    /// A row for each worker.
    let rows: UnsafeMutablePointer<UInt64>
    let spans: UnsafeMutablePointer<Span>
    /// The words of a row before each phase's block.
    let blocks: UnsafeMutableBufferPointer<Int>
    /// For each stage that the executor runs, those before its phase's, and when one worker ran it alone, in this run.
    var stages: UnsafeMutableBufferPointer<Int>
    var lone: UnsafeMutableBufferPointer<(start: UInt64, end: UInt64)>
  }

  private let fields: UnsafeMutablePointer<Fields>

  /// - Parameters:
  ///   - groups: of each phase.
  ///   - spans: the last so many spans of each worker are kept.
  init(groups: [Int], workers: Int, spans: Int) {
    let blocks = UnsafeMutableBufferPointer<Int>.allocate(capacity: groups.count)
    var words = Row.headWords
    for (phase, count) in groups.enumerated() {
      blocks.initializeElement(at: phase, to: words)
      words += Block.words(groups: count)
    }
    // Rows of different workers share no pair of cache lines.
    let rowWords = (words + 15) & ~15
    let rows = UnsafeMutableRawPointer.allocate(byteCount: workers * rowWords * 8, alignment: 128)
      .assumingMemoryBound(to: UInt64.self)
    rows.initialize(repeating: 0, count: workers * rowWords)
    let ring = UnsafeMutablePointer<Span>.allocate(capacity: workers * spans)
    // Written now, so that no page is taken from the system within a run.
    ring.initialize(repeating: Span(start: 0, end: 0, word: 0), count: workers * spans)
    fields = .allocate(capacity: 1)
    fields.initialize(
      to: Fields(
        ticks: TickClock(), rowWords: rowWords, spanCapacity: spans, rows: rows, spans: ring,
        blocks: blocks, stages: .init(start: nil, count: 0), lone: .init(start: nil, count: 0)))
  }

  func deallocate() {
    fields.pointee.rows.deallocate()
    fields.pointee.spans.deallocate()
    fields.pointee.blocks.deallocate()
    fields.pointee.stages.deallocate()
    fields.pointee.lone.deallocate()
    fields.deallocate()
  }

  /// A worker's row: when it last looked at the clock, where its next span goes, and a block for each phase. Weights pass
  /// through the caches between two boundaries, so what is written at one lies in a line or two.
  private struct Row {
    let base: UnsafeMutablePointer<UInt64>

    static let headWords = 2

    var clock: UnsafeMutablePointer<UInt64> { base }
    var nextSpan: UnsafeMutablePointer<UInt64> { base + 1 }
  }

  /// What a row has of a phase: ticks waited, runs alone, and of each group ticks of work and calls.
  private enum Block {
    static func words(groups: Int) -> Int { 2 + 2 * groups }
    static let (waited, alone) = (0, 1)
    static func busy(_ group: Int) -> Int { 2 + 2 * group }
    static func calls(_ group: Int) -> Int { 3 + 2 * group }
  }

  @inline(__always)
  private func row(_ worker: Int) -> Row {
    Row(base: fields.pointee.rows + worker * fields.pointee.rowWords)
  }
}

// MARK: What the executor tells

extension ProfileWriter {
  /// An executor is going to tell of its runs; `stages` has the number of the phase of each stage it runs.
  func bind(stages phases: [Int]) {
    let (blocks, count) = (fields.pointee.blocks, phases.count)
    let stages = fields.pointee.stages
    if stages.count == count, (0..<count).allSatisfy({ stages[$0] == blocks[phases[$0]] }) { return }
    fields.pointee.stages.deallocate()
    fields.pointee.lone.deallocate()
    fields.pointee.stages = .allocate(capacity: count)
    _ = fields.pointee.stages.initialize(from: phases.map { blocks[$0] })
    fields.pointee.lone = .allocate(capacity: count)
    fields.pointee.lone.initialize(repeating: (0, 0))
  }

  var now: UInt64 { fields.pointee.ticks.now }

  /// A run begins.
  func begin(_ worker: Int, at ticks: UInt64) { row(worker).clock.pointee = ticks }

  /// A worker begins the first unit of a group.
  func addCall(stage: Int, group: Int, worker: Int) {
    row(worker).base[fields.pointee.stages[stage] + Block.calls(group)] += 1
  }

  /// A worker has run its last unit of a group; what it did since it last looked at the clock was that.
  func addBusy(stage: Int, group: Int, worker: Int) {
    let (row, word) = (row(worker), fields.pointee.stages[stage] + Block.busy(group))
    let (since, now) = (row.clock.pointee, now)
    row.base[word] += now > since ? now - since : 0
    row.clock.pointee = now
    append(Span(start: since, end: now, word: Int32(word)), row, worker)
  }

  /// A worker has run a stage by itself, which it began when it last looked at the clock before that: being the last to
  /// arrive at a barrier, it did not wait.
  func addAlone(stage: Int, worker: Int, isFirst: Bool, since start: UInt64) {
    let row = row(worker)
    fields.pointee.lone[stage] = (start, row.clock.pointee)
    if isFirst { row.base[fields.pointee.stages[stage] + Block.alone] += 1 }
  }

  /// When a worker last looked at the clock.
  func clock(_ worker: Int) -> UInt64 { row(worker).clock.pointee }

  /// A worker is past a barrier: since it last looked at the clock it has waited for the others at the end of stage
  /// `previous` (−1 at the beginning), then for whoever ran the stages before `next` alone.
  func addWait(_ worker: Int, after previous: Int, until next: Int) {
    // Whoever ran them alone goes on at once.
    if next > previous + 1, row(worker).clock.pointee == fields.pointee.lone[next - 1].end { return }
    addWait(worker, after: previous, until: next, at: now)
  }

  private func addWait(_ worker: Int, after previous: Int, until next: Int, at now: UInt64) {
    let (row, stages, lone) = (row(worker), fields.pointee.stages, fields.pointee.lone)
    let since = row.clock.pointee
    var cursor = since
    var block = stages[max(0, previous)]
    var stage = previous + 1
    while stage < next {
      if cursor < lone[stage].start {
        row.base[block + Block.waited] += lone[stage].start - cursor
        cursor = lone[stage].start
      }
      block = stages[stage]
      if cursor < lone[stage].end {
        row.base[block + Block.waited] += lone[stage].end - cursor
        cursor = lone[stage].end
      }
      stage += 1
    }
    if cursor < now { row.base[block + Block.waited] += now - cursor }
    guard since < now else { return }
    row.clock.pointee = now
    append(Span(start: since, end: now, word: 0), row, worker)
  }

  /// The run has ended for a worker.
  func end(_ worker: Int, isShared: Bool, at ticks: UInt64) {
    let stages = fields.pointee.stages.count
    guard stages > 0 else { return }
    addWait(worker, after: isShared ? stages - 1 : -1, until: stages, at: ticks)
  }

  @inline(__always)
  private func append(_ span: Span, _ row: Row, _ worker: Int) {
    let capacity = fields.pointee.spanCapacity
    guard capacity > 0 else { return }
    let place = Int(row.nextSpan.pointee)
    fields.pointee.spans[worker * capacity + place] = span
    row.nextSpan.pointee = place + 1 == capacity ? 0 : UInt64(place + 1)
  }
}

// MARK: What was written

extension ProfileWriter {
  private func word(_ worker: Int, _ phase: Int, _ word: Int) -> UInt64 {
    row(worker).base[fields.pointee.blocks[phase] + word]
  }

  /// Ticks a worker spent in a group.
  func busy(_ worker: Int, phase: Int, group: Int) -> UInt64 { word(worker, phase, Block.busy(group)) }

  /// Runs in which a worker began a group.
  func calls(_ worker: Int, phase: Int, group: Int) -> UInt64 { word(worker, phase, Block.calls(group)) }

  /// Ticks a worker waited at the end of a phase, or while another ran it.
  func wait(_ worker: Int, phase: Int) -> UInt64 { word(worker, phase, Block.waited) }

  /// Runs in which a worker ran a phase alone.
  func lone(_ worker: Int, phase: Int) -> UInt64 { word(worker, phase, Block.alone) }

  /// The spans of a worker that are kept, in the order in which they were added.
  func spans(_ worker: Int) -> [Span] {
    let (capacity, next) = (fields.pointee.spanCapacity, Int(row(worker).nextSpan.pointee))
    let ring = UnsafeBufferPointer(start: fields.pointee.spans + worker * capacity, count: capacity)
    return (Array(ring[next...]) + ring[..<next]).filter { $0.end > 0 }
  }

  /// The phase and the group of a span; nil while waiting.
  func place(_ span: Span) -> (phase: Int, group: Int)? {
    guard span.word > 0 else { return nil }
    let phase = fields.pointee.blocks.lastIndex { $0 <= Int(span.word) }!
    return (phase, (Int(span.word) - fields.pointee.blocks[phase] - Block.busy(0)) / 2)
  }
}
