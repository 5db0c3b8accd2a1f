// The training itself: the most frequent pair of neighbouring symbols becomes a symbol, again and again (Sennrich et
// al., 2016, arXiv:1508.07909).
//
// Goals, in order: the pieces and merges that the BpeTrainer of Hugging Face's tokenizers gives, in every corner; work
// in proportion to the places that change; few misses of the cache.
//
// The corners are those where a string is a piece already when a pair that spells it is merged: "abc" from "a" and "bc"
// after "abc" from "ab" and "c". The pair then becomes the piece that exists, so pairs with it may turn up anew long
// after their first places were found. As there, such places are a candidate of their own, a candidate is merged in all
// of the words its places are in, the count of a merged pair is left as it is, and where a pair is merged several times
// its last merge gives its rank.

import ApusText

/// What training has learned.
struct LearnedPieces: Sendable {
  /// The bytes of each token: special tokens, the 256 bytes, and pieces.
  var pieces: [[UInt8]]
  /// Pairs in the order in which they are to be merged.
  var merges: [Pair] = []
  /// The tokens of the whole text.
  var tokenCount: Int
}

/// The state of a training.
struct PairMerger: ~Copyable {
  private let symbols: WordSymbols
  private let options: BPETrainingOptions
  private var learned: LearnedPieces
  /// The id of each piece that a merge can make.
  private var ids: [[UInt8]: UInt32]
  /// How many slots each symbol owns.
  private let lengths: FixedArray<Int>

  private var pairs = PairTable()
  private var queue = MergeQueue()
  private var lists = PlaceLists()
  private var candidates = 0

  /// What the merge at hand changes for the symbols before and behind it: by id, twice as many for the two sides.
  private let neighbours: FixedArray<Neighbour>
  /// The neighbours met, each once, and all places of new pairs in the order of the words.
  private var met: ContiguousArray<UInt32> = []
  private var found: ContiguousArray<Found> = []

  private struct Neighbour: BitwiseCopyable {
    /// How often it stands there, each place as often as its word occurs.
    var count: Int64 = 0
    var places: UInt32 = 0
    /// The record of the new pair; −1 where that would be too long.
    var record: Int32 = -1
  }

  private struct Found: BitwiseCopyable {
    let neighbour: UInt32
    let place: UInt32
  }

  /// A symbol before the merged pair has an even number, one behind it an odd one.
  @inline(__always)
  private static func before(_ id: UInt32) -> UInt32 { id << 1 }
  @inline(__always)
  private static func behind(_ id: UInt32) -> UInt32 { id << 1 | 1 }

  init(
    _ symbols: consuming WordSymbols, _ start: FirstPieces, _ options: BPETrainingOptions
  ) throws(BPETrainingError) {
    learned = LearnedPieces(pieces: start.pieces, tokenCount: symbols.total)
    ids = start.ids
    self.symbols = symbols
    self.options = options
    lengths = FixedArray(repeating: 1, count: options.vocabularySize)
    neighbours = FixedArray(repeating: Neighbour(), count: 2 * options.vocabularySize)
    try findFirstPairs()
  }

  /// Merges until the vocabulary is full or no pair is frequent enough.
  ///
  /// - Parameter progress: called with the number of tokens at every merge.
  /// - Complexity: O(bytes of the different words), and O(log *pairs*) for each pair that turns up.
  consuming func run(_ progress: (Int) -> Void) throws(BPETrainingError) -> LearnedPieces {
    var merges: [Pair] = []
    while learned.pieces.count < options.vocabularySize, let top = queue.top {
      let count = pairs.records[top.record].count
      if count != top.count {
        queue.recount(count)
        continue
      }
      guard count >= options.minimumFrequency else { break }
      queue.removeTop()
      merges.append(top.pair)
      try merge(top)
      progress(learned.pieces.count)
    }
    var lastRank: [UInt64: Int] = [:]
    for (rank, pair) in merges.enumerated() { lastRank[pair.key] = rank }
    learned.merges = merges.enumerated().filter { lastRank[$1.key] == $0 }.map(\.element)
    return learned
  }

  /// Finds the pairs of bytes: all at once and at most 65,536, so they are counted without keys and their places
  /// sorted by counting.
  private mutating func findFirstPairs() throws(BPETrainingError) {
    let slots = symbols.slots
    let firstByte = UInt32(learned.pieces.count - 256)
    func index(_ position: Int) -> Int {
      Int(slots[position] - firstByte) << 8 | Int(slots[position + 1] - firstByte)
    }
    func isPair(_ position: Int) -> Bool { max(slots[position], slots[position + 1]) < WordSymbols.separator }

    var counts = ContiguousArray<Int64>(repeating: 0, count: 1 << 16)
    var starts = ContiguousArray<Int>(repeating: 0, count: 1 << 16)
    var total = 0
    var wordCount: Int64 = 0
    // Backwards, because a word's count stands behind it.
    for position in stride(from: symbols.count - 1, to: 0, by: -1) {
      if slots[position] >= WordSymbols.separator {
        wordCount = symbols.wordCount(ending: position)
      } else if isPair(position) {
        counts[index(position)] += wordCount
        starts[index(position)] += 1
        total += 1
      }
    }
    let places = try lists.take(total)
    var start = 0
    for index in 0..<starts.count where starts[index] > 0 {
      let pair = Pair(firstByte + UInt32(index >> 8), firstByte + UInt32(index & 0xFF))
      let record = pairs.record(of: pair)
      pairs.records[record].count = counts[index]
      push(record, UnsafeBufferPointer(start: places + start, count: starts[index]))
      (start, starts[index]) = (start + starts[index], start)
    }
    for position in 1..<symbols.count - 1 where isPair(position) {
      places[starts[index(position)]] = UInt32(position)
      starts[index(position)] += 1
    }
  }

  private mutating func push(_ record: Int, _ places: UnsafeBufferPointer<UInt32>) {
    pairs.records[record].candidates += 1
    let (pair, count) = (pairs.records[record].pair, pairs.records[record].count)
    queue.push(MergeCandidate(count: count, pair: pair, record: record, number: candidates, places: places))
    candidates += 1
  }

  // MARK: A merge

  private mutating func merge(_ candidate: MergeCandidate) throws(BPETrainingError) {
    let (a, b) = (candidate.pair.left, candidate.pair.right)
    let piece = learned.pieces[Int(a)] + learned.pieces[Int(b)]
    let merged = ids[piece] ?? UInt32(learned.pieces.count)
    if Int(merged) == learned.pieces.count {
      learned.pieces.append(piece)
      ids[piece] = merged
    }
    lengths[Int(merged)] = piece.count

    let isAlone = pairs.records[candidate.record].candidates == 1
    pairs.records[candidate.record].candidates -= 1
    if isAlone {
      for place in candidate.places { replace(a, b, by: merged, at: Int(place)) }
    } else {
      // Another candidate has places of the same pair, maybe in the same words.
      var lastStart = 0
      for place in candidate.places {
        let start = symbols.wordStart(Int(place))
        guard start != lastStart else { continue }
        lastStart = start
        var position = start
        while symbols.slots[position] < WordSymbols.separator {
          replace(a, b, by: merged, at: position)
          position += lengths[Int(symbols.slots[position])]
        }
      }
    }
    try settle(a, b, merged)
  }

  /// Merges the pair that begins at `position`, if it does, and remembers its neighbours.
  @inline(__always)
  private mutating func replace(_ a: UInt32, _ b: UInt32, by merged: UInt32, at position: Int) {
    let slots = symbols.slots
    let lengths = lengths.base
    guard slots[position] == a else { return }
    let middle = position + lengths[Int(a)]
    guard slots[middle] == b else { return }
    let end = middle + lengths[Int(b)]
    let count = symbols.wordCount(around: middle)
    // No symbol begins in the middle any more; the first and the last slot are written at once.
    slots[middle] = WordSymbols.dead
    slots[end - 1] = merged
    slots[position] = merged
    learned.tokenCount -= Int(count)

    let previous = slots[position - 1]
    if previous < WordSymbols.separator {
      meet(Self.before(previous), count, place: position - lengths[Int(previous)])
    }
    let next = slots[end]
    if next < WordSymbols.separator { meet(Self.behind(next), count, place: position) }
  }

  @inline(__always)
  private mutating func meet(_ neighbour: UInt32, _ count: Int64, place: Int) {
    let entry = neighbours.base + Int(neighbour)
    if entry.pointee.places == 0 { met.append(neighbour) }
    entry.pointee.count += count
    entry.pointee.places += 1
    found.append(Found(neighbour: neighbour, place: UInt32(truncatingIfNeeded: place)))
  }

  /// Brings counts and candidates up to date with what the merge of `a` and `b` met.
  private mutating func settle(_ a: UInt32, _ b: UInt32, _ merged: UInt32) throws(BPETrainingError) {
    func isCounted(_ pair: Pair) -> Bool {
      lengths[Int(pair.left)] + lengths[Int(pair.right)] <= BPETrainingOptions.longestPiece
    }
    var changed: [Int] = []
    for neighbour in met {
      let entry = neighbours.base + Int(neighbour)
      let id = neighbour >> 1
      let isBefore = neighbour == Self.before(id)
      let old = isBefore ? Pair(id, a) : Pair(b, id)
      if isCounted(old) { pairs.records[pairs.record(of: old)].count -= entry.pointee.count }
      let new = isBefore ? Pair(id, merged) : Pair(merged, id)
      guard isCounted(new) else { continue }
      let record = pairs.record(of: new)
      if pairs.records[record].places == 0 { changed.append(record) }
      pairs.records[record].count += entry.pointee.count
      pairs.records[record].places += entry.pointee.places
      entry.pointee.record = Int32(record)
    }
    let places = try lists.take(found.count)
    var start = 0
    for record in changed {
      let count = Int(pairs.records[record].places)
      if pairs.records[record].count > 0 {
        push(record, UnsafeBufferPointer(start: places + start, count: count))
      }
      pairs.records[record].places = UInt32(start)
      start += count
    }
    for found in found {
      let record = Int(neighbours.base[Int(found.neighbour)].record)
      guard record >= 0 else { continue }
      places[Int(pairs.records[record].places)] = found.place
      pairs.records[record].places += 1
    }
    for record in changed { pairs.records[record].places = 0 }
    for neighbour in met { neighbours[Int(neighbour)] = Neighbour() }
    met.removeAll(keepingCapacity: true)
    found.removeAll(keepingCapacity: true)
  }
}
