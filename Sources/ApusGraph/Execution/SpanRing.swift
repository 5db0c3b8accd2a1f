// The last spans of a worker, in memory that is there before the run.

/// A ring of spans with one writer.
final class SpanRing {
  private struct Entry {
    var start: UInt64
    var end: UInt64
    /// −1 while waiting.
    var slot: Int32
  }

  private let entries: UnsafeMutableBufferPointer<Entry>
  private var count = 0

  init(capacity: Int) {
    entries = .allocate(capacity: capacity)
    // Written now, so that no page is taken from the system within a run.
    entries.initialize(repeating: Entry(start: 0, end: 0, slot: 0))
  }

  deinit {
    entries.deallocate()
  }

  func append(_ start: UInt64, _ end: UInt64, _ slot: Int?) {
    entries[count % entries.count] = Entry(start: start, end: end, slot: Int32(slot ?? -1))
    count += 1
  }

  /// The spans that are kept, in the order in which they were added.
  var spans: [(start: UInt64, end: UInt64, slot: Int?)] {
    (max(0, count - entries.count)..<count).map { index in
      let entry = entries[index % entries.count]
      return (entry.start, entry.end, entry.slot < 0 ? nil : Int(entry.slot))
    }
  }
}
