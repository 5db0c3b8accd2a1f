// Puts the documents of a window into rows. Documents longer than a row are cut into pieces of a row each; what is left of
// them, and all shorter ones, are packed longest first, each into the fullest row that still has room: best-fit decreasing,
// as in H. Ding et al., "Fewer Truncations Improve Language Modeling", 2024, arXiv:2404.10830.

/// The rows of one window of documents, in memory that is used again for the next window.
struct DocumentPacker: ~Copyable, @unchecked Sendable {
  /// A piece of a document, as a range of tokens of the corpus.
  struct Piece: Equatable {
    var start: Int
    var count: Int
    /// The end of the document it belongs to.
    var documentEnd: Int
  }

  /// Tokens of a row.
  let length: Int
  /// Rows of the window packed last.
  private(set) var rowCount = 0
  /// Documents that were cut, and the rows they fill.
  private(set) var splitDocuments = 0
  private(set) var splitRows = 0

  private var documents: Range<Int> = 0..<0
  /// Rows filled by documents before each one.
  private let fullRows: UnsafeMutableBufferPointer<Int>
  /// For each document of the window, what is left behind its full rows.
  private let rests: UnsafeMutableBufferPointer<Piece>
  /// Lists of numbers: the next document with a rest of the same length, and later in the same row.
  private let next: UnsafeMutableBufferPointer<Int32>
  /// The last document with a rest of each length.
  private let byLength: UnsafeMutableBufferPointer<Int32>
  /// For each shared row its first and last document, and the next row with the same room.
  private let first: UnsafeMutableBufferPointer<Int32>
  private let last: UnsafeMutableBufferPointer<Int32>
  private let nextRow: UnsafeMutableBufferPointer<Int32>
  /// The first row with each amount of room left, and a bit for each amount there is one with.
  private let byRoom: UnsafeMutableBufferPointer<Int32>
  private let rooms: UnsafeMutableBufferPointer<UInt64>

  private static let none: Int32 = -1

  /// - Parameter window: the most documents of a window.
  init(length: Int, window: Int) {
    self.length = length
    fullRows = .allocate(capacity: window + 1)
    rests = .allocate(capacity: window)
    next = .allocate(capacity: window)
    first = .allocate(capacity: window)
    last = .allocate(capacity: window)
    nextRow = .allocate(capacity: window)
    byLength = .allocate(capacity: length + 1)
    byRoom = .allocate(capacity: length + 1)
    rooms = .allocate(capacity: length / 64 + 1)
  }

  deinit {
    for buffer in [next, byLength, first, last, nextRow, byRoom] { buffer.deallocate() }
    fullRows.deallocate()
    rests.deallocate()
    rooms.deallocate()
  }

  /// Packs `documents` of a corpus.
  ///
  /// - Complexity: O(documents · *length* / 64 + *length*) at worst, no allocation; 1,024 documents take about 20 µs.
  mutating func pack(_ dataset: TokenDataset, _ documents: Range<Int>) {
    self.documents = documents
    byLength.update(repeating: Self.none)
    byRoom.update(repeating: Self.none)
    rooms.update(repeating: 0)
    splitDocuments = 0
    splitRows = 0
    var full = 0
    for index in 0..<documents.count {
      let range = dataset.range(ofDocument: documents.lowerBound + index)
      fullRows[index] = full
      let pieces = range.count / length
      full += pieces
      if range.count > length {
        splitDocuments += 1
        splitRows += pieces
      }
      rests[index] = Piece(
        start: range.lowerBound + pieces * length, count: range.count - pieces * length,
        documentEnd: range.upperBound)
    }
    fullRows[documents.count] = full
    // From the last document to the first, so that lists of equal length begin with the first.
    for index in (0..<documents.count).reversed() where rests[index].count > 0 {
      next[index] = byLength[rests[index].count]
      byLength[rests[index].count] = Int32(index)
    }
    var shared = 0
    for count in (1..<max(1, length)).reversed() {
      var index = byLength[count]
      while index != Self.none {
        let following = next[Int(index)]
        next[Int(index)] = Self.none
        place(index, count, &shared)
        index = following
      }
    }
    rowCount = full + shared
  }

  /// Puts the rest of document `index` into the fullest row that has room for it, or a new one.
  private mutating func place(_ index: Int32, _ count: Int, _ shared: inout Int) {
    if let room = leastRoom(notBelow: count) {
      let row = Int(byRoom[room])
      byRoom[room] = nextRow[row]
      if byRoom[room] == Self.none { rooms[room / 64] &= ~(1 << UInt64(room % 64)) }
      next[Int(last[row])] = index
      last[row] = index
      offer(row, room - count)
    } else {
      first[shared] = index
      last[shared] = index
      offer(shared, length - count)
      shared += 1
    }
  }

  /// Makes the room left in a row known.
  private mutating func offer(_ row: Int, _ room: Int) {
    nextRow[row] = byRoom[room]
    byRoom[room] = Int32(row)
    rooms[room / 64] |= 1 << UInt64(room % 64)
  }

  private func leastRoom(notBelow count: Int) -> Int? {
    var word = count / 64
    var bits = rooms[word] & (UInt64.max << UInt64(count % 64))
    while bits == 0 {
      word += 1
      if word == rooms.count { return nil }
      bits = rooms[word]
    }
    return word * 64 + bits.trailingZeroBitCount
  }

  /// The most pieces of a row of the window packed last.
  ///
  /// - Complexity: O(pieces).
  var mostPieces: Int {
    var most = 1
    // The rows before are filled by one piece each.
    for row in fullRows[documents.count]..<rowCount {
      var pieces = 0
      forEachPiece(ofRow: row) { _ in pieces += 1 }
      most = max(most, pieces)
    }
    return most
  }

  /// Calls `body` with the pieces of a row of the window packed last, in order.
  ///
  /// - Complexity: O(pieces + log *documents*), no allocation.
  func forEachPiece(ofRow row: Int, _ body: (Piece) -> Void) {
    let full = fullRows[documents.count]
    if row < full {
      // The document whose full rows hold this one: the last with no more rows before it, as others add none.
      var (low, high) = (0, documents.count)
      while high - low > 1 {
        let middle = (low + high) / 2
        if fullRows[middle] <= row { low = middle } else { high = middle }
      }
      let rest = rests[low]
      let pieces = fullRows[low + 1] - fullRows[low]
      let start = rest.start - (pieces - (row - fullRows[low])) * length
      body(Piece(start: start, count: length, documentEnd: rest.documentEnd))
      return
    }
    var index = first[row - full]
    while index != Self.none {
      body(rests[Int(index)])
      index = next[Int(index)]
    }
  }
}
