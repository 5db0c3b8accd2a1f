// The training itself: the most frequent pair of neighbouring symbols becomes a symbol, again and again (Sennrich et
// al., 2016, arXiv:1508.07909).
//
// Goals, in order: the pieces and merges that the BpeTrainer of Hugging Face's tokenizers gives; work in proportion to the
// places that change; few misses of the cache.
//
// All places of a pair come at once and never again. For where a string stands in two words and no symbol reaches over
// its ends, the symbols inside are the same, since every merge replaced the same pairs in both (in a run of one symbol
// pairs are taken from the left, and an odd number of them before the string would reach into it). So a string becomes
// a symbol in one way only, in one merge, and pairs with that symbol turn up in that merge or in the one that makes
// their other half. From then on a pair's count only falls, and pairs that are too rare at first can be forgotten.

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
  /// The ids of special tokens that merging could spell.
  private let specials: [[UInt8]: UInt32]
  /// How many slots each symbol owns.
  private let lengths: FixedArray<Int>

  private var pairs = PairTable()
  private var queue = MergeQueue()
  private var lists = PlaceLists()

  /// What the merge at hand changes for the symbols before and behind it: by id, twice as many for the two sides.
  private let neighbours: FixedArray<Neighbour>
  /// The neighbours met, each once, and all places of new pairs in the order of the words.
  private var met: ContiguousArray<UInt32> = []
  private var found: ContiguousArray<Found> = []

  private struct Neighbour: BitwiseCopyable {
    /// How often it stands there, each place as often as its word occurs.
    var count: Int64 = 0
    var places: Int = 0
    /// Where the next place of the new pair is written; nil for a pair that is not kept.
    var next: UnsafeMutablePointer<UInt32>?
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
    specials = start.specials
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
    while learned.pieces.count < options.vocabularySize, let top = queue.top {
      let count = pairs.count(top.record)
      if count != top.count {
        queue.recount(count)
        continue
      }
      guard count >= options.minimumFrequency else { break }
      queue.removeTop()
      try merge(top)
      progress(learned.pieces.count)
    }
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
    var next = places
    for index in 0..<starts.count where starts[index] > 0 {
      add(
        Pair(firstByte + UInt32(index >> 8), firstByte + UInt32(index & 0xFF)), counts[index],
        UnsafeBufferPointer(start: next, count: starts[index]))
      (starts[index], next) = (next - places, next + starts[index])
    }
    for position in 1..<symbols.count - 1 where isPair(position) {
      places[starts[index(position)]] = UInt32(position)
      starts[index(position)] += 1
    }
  }

  private mutating func add(_ pair: Pair, _ count: Int64, _ places: UnsafeBufferPointer<UInt32>) {
    let record = pairs.add(pair, count: count)
    queue.push(MergeCandidate(count: count, pair: pair, record: record, places: places))
  }

  // MARK: A merge

  private mutating func merge(_ candidate: MergeCandidate) throws(BPETrainingError) {
    let (a, b) = (candidate.pair.left, candidate.pair.right)
    let piece = learned.pieces[Int(a)] + learned.pieces[Int(b)]
    let merged = specials[piece] ?? UInt32(learned.pieces.count)
    if Int(merged) == learned.pieces.count { learned.pieces.append(piece) }
    learned.merges.append(candidate.pair)
    lengths[Int(merged)] = piece.count
    for place in candidate.places { replace(a, b, by: merged, at: Int(place)) }
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
    func isKept(_ id: UInt32, _ neighbour: Neighbour) -> Bool {
      neighbour.count >= options.minimumFrequency
        && lengths[Int(id)] + lengths[Int(merged)] <= BPETrainingOptions.longestPiece
    }
    for side in met {
      let id = side >> 1
      pairs.subtract(neighbours[Int(side)].count, from: side == Self.before(id) ? Pair(id, a) : Pair(b, id))
    }
    // Where the pair stood twice in a row, `a` was met behind the first and is now gone.
    neighbours.base[Int(Self.behind(a))].count -= neighbours[Int(Self.before(merged))].count
    var total = 0
    for side in met where isKept(side >> 1, neighbours[Int(side)]) { total += neighbours[Int(side)].places }
    var next = try lists.take(total)
    for side in met where isKept(side >> 1, neighbours[Int(side)]) {
      let neighbour = neighbours.base + Int(side)
      let id = side >> 1
      add(
        side == Self.before(id) ? Pair(id, merged) : Pair(merged, id), neighbour.pointee.count,
        UnsafeBufferPointer(start: next, count: neighbour.pointee.places))
      neighbour.pointee.next = next
      next += neighbour.pointee.places
    }
    for found in found {
      let neighbour = neighbours.base + Int(found.neighbour)
      guard let next = neighbour.pointee.next else { continue }
      next.pointee = found.place
      neighbour.pointee.next = next + 1
    }
    for side in met { neighbours[Int(side)] = Neighbour() }
    met.removeAll(keepingCapacity: true)
    found.removeAll(keepingCapacity: true)
  }
}
