// From texts to counts of words, on all workers. Texts come mapped as a whole or in chunks; they are cut into stretches
// where a cut changes no word (WordPattern.allowsCut), and every worker counts whole stretches in a table of its own.
// Sums do not depend on who counted what, so the counts are the same for any number of workers.

import ApusRuntime
import ApusText

/// Counts the words of documents.
struct WordCounter: ~Copyable {
  private let pattern: WordPattern
  private let pool: WorkerPool
  private var tables: Tables

  /// Chunks that wait until there are enough of them, and the stretches of them that are known.
  private var pending = ContiguousArray<UInt8>()
  private var stretches: [Range<Int>] = []
  /// Where in `pending` the part of the current document begins that is not in `stretches`.
  private var rest = 0
  /// No cut lies between `stretchBytes` and this distance from there: what was searched once is not searched again.
  private var searched = 0
  private let batch: Int
  private let stretchBytes: Int

  /// How many bytes of text came.
  private(set) var byteCount = 0

  /// Half a megabyte of text takes milliseconds: enough to make claiming it free, little enough that workers end
  /// together.
  static let defaultStretch = 512 << 10

  init(
    pattern: WordPattern, pool: WorkerPool, stretchBytes: Int = Self.defaultStretch
  ) throws(BPETrainingError) {
    self.pattern = pattern
    self.pool = pool
    self.stretchBytes = stretchBytes
    batch = stretchBytes * 8 * pool.count
    tables = try Tables(count: pool.count)
  }

  // MARK: Texts

  /// Counts a document that lies in memory as a whole.
  ///
  /// - Parameter done: called now and then with how many of its bytes are counted.
  mutating func count(
    document text: UnsafeBufferPointer<UInt8>, done: (Int) -> Void = { _ in }
  ) throws(BPETrainingError) {
    var start = 0
    while start < text.count {
      var window: [Range<Int>] = []
      let from = start
      while start < text.count, start - from < batch {
        let end = nextCut(text, from: start + stretchBytes)
        window.append(start..<end)
        start = end
      }
      try run(text, window)
      done(start)
    }
    byteCount += text.count
  }

  /// Takes the next bytes of the current document.
  mutating func append(_ chunk: UnsafeBufferPointer<UInt8>) throws(BPETrainingError) {
    var taken = 0
    while taken < chunk.count {
      let part = UnsafeBufferPointer(rebasing: chunk[taken..<min(chunk.count, taken + batch)])
      pending.append(contentsOf: part)
      taken += part.count
      byteCount += part.count
      if pending.count >= 2 * batch { try flush() }
    }
  }

  /// Ends the current document: what comes next is a text of its own.
  mutating func endDocument() throws(BPETrainingError) {
    let (start, end) = (rest, pending.count)
    pending.withUnsafeBufferPointer { text in
      let document = UnsafeBufferPointer(rebasing: text[start..<end])
      var position = 0
      while position < document.count {
        let next = nextCut(document, from: position + max(stretchBytes, searched))
        stretches.append(start + position..<start + next)
        position = next
        searched = 0
      }
    }
    rest = end
    if end >= batch { try flush() }
  }

  /// The counts of everything, the current document ended: one table for each worker, no word in two of them. The counter
  /// is as new afterwards.
  mutating func finish() throws(BPETrainingError) -> Tables {
    try endDocument()
    try flush()
    let tables = tables
    self.tables = try Tables(count: pool.count)
    byteCount = 0
    guard tables.count > 1 else { return tables }
    let merged = try Tables(count: tables.count)
    withUnsafePointer(to: (from: tables, to: merged)) { job in
      pool.parallel(merged.count, UnsafeMutableRawPointer(mutating: job)) { context, part, _ in
        let (from, to) = context.assumingMemoryBound(to: (from: Tables, to: Tables).self).pointee
        let table = to.base + part
        for index in 0..<from.count {
          from.base[index].forEach(part: part, of: to.count) { table.pointee.add($0, $1, times: $2) }
        }
      }
    }
    try merged.check()
    return merged
  }

  // MARK: Stretches

  /// The first place from `position` on where the text may be cut, or its end.
  private func nextCut(_ text: UnsafeBufferPointer<UInt8>, from position: Int) -> Int {
    var position = position
    while position < text.count, !pattern.allowsCut(text, at: position) { position += 1 }
    return min(position, text.count)
  }

  /// Counts what is pending, apart from the end of a document that may go on.
  private mutating func flush() throws(BPETrainingError) {
    var position = rest
    let result = pending.withUnsafeBufferPointer { text in
      while true {
        let document = UnsafeBufferPointer(rebasing: text[position...])
        let next = nextCut(document, from: max(stretchBytes, searched))
        // What may follow must not change the cut: it looks at one character on each side.
        guard next + 4 <= document.count else {
          searched = max(0, document.count - 4)
          break
        }
        stretches.append(position..<position + next)
        position += next
        searched = 0
      }
      return Result { () throws(BPETrainingError) in try run(text, stretches) }
    }
    try result.get()
    stretches.removeAll(keepingCapacity: true)
    pending.removeSubrange(..<position)
    rest = 0
  }

  /// Counts stretches of a text, small ones together.
  private func run(
    _ text: UnsafeBufferPointer<UInt8>, _ stretches: [Range<Int>]
  ) throws(BPETrainingError) {
    var units: [Range<Int>] = []
    var first = 0
    var bytes = 0
    for (index, stretch) in stretches.enumerated() {
      bytes += stretch.count
      guard bytes >= stretchBytes || index == stretches.count - 1 else { continue }
      units.append(first..<index + 1)
      first = index + 1
      bytes = 0
    }
    let job = Job(pattern: pattern, text: text, stretches: stretches, units: units, tables: tables)
    withUnsafePointer(to: job) { pointer in
      pool.parallel(units.count, UnsafeMutableRawPointer(mutating: pointer)) { context, unit, worker in
        context.assumingMemoryBound(to: Job.self).pointee.run(unit, worker)
      }
    }
    try tables.check()
  }

  private struct Job {
    let pattern: WordPattern
    let text: UnsafeBufferPointer<UInt8>
    let stretches: [Range<Int>]
    let units: [Range<Int>]
    let tables: Tables

    func run(_ unit: Int, _ worker: Int) {
      let table = tables.base + worker
      for index in units[unit] {
        // A stretch is a text of its own: nothing beyond its ends is looked at.
        let stretch = UnsafeBufferPointer(rebasing: text[stretches[index]])
        guard let base = stretch.baseAddress else { continue }
        pattern.split(stretch, 0..<stretch.count) { table.pointee.add(base + $0, $1 - $0) }
      }
    }
  }

  /// A table for each worker, at addresses that do not move.
  final class Tables: @unchecked Sendable {
    let base: UnsafeMutablePointer<WordTable>
    let count: Int

    init(count: Int) throws(BPETrainingError) {
      base = .allocate(capacity: count)
      for index in 0..<count {
        do {
          (base + index).initialize(to: try WordTable())
        } catch {
          base.deinitialize(count: index)
          base.deallocate()
          throw error
        }
      }
      self.count = count
    }

    deinit {
      base.deinitialize(count: count)
      base.deallocate()
    }

    /// Throws what went wrong in one of them.
    func check() throws(BPETrainingError) {
      for index in 0..<count {
        if let failure = base[index].failure { throw failure }
      }
    }

    /// How many words were counted, and how many different ones.
    var totals: (words: Int, distinct: Int) {
      (0..<count).reduce((0, 0)) { ($0.0 + Int(base[$1].total), $0.1 + base[$1].count) }
    }
  }
}
