// One call of encode: words in, ids out. Holds what a call needs and no other call may see: the output, the scratch
// memory of the mergers, and a cache of words seen before, which is where the speed comes from.

/// What the encoding of words needs besides the merges.
struct WordRules<Rule: MergeRule>: Sendable {
  var rule: Rule
  var pieces: PieceTable
  var cuts: SafeCuts
  /// A word that is a piece is that token.
  var ignoreMerges: Bool
  /// The token of each byte that is part of no other token, or −1.
  var byteTokens: FixedArray<Int32>
  /// The token for everything else, or −1.
  var unknown: Int32
  /// Neighbouring unknown characters of a word are one unknown token.
  var fusesUnknown = false
  /// Spaces stand for ▁, so that as bytes they are E2 96 81.
  var escapesSpaces: Bool
}

/// Encodes the words of one text.
struct WordEncoder<Rule: MergeRule> {
  /// A word seen before: where it is in the text and where its ids are in the output.
  private struct Seen: BitwiseCopyable {
    var hash: UInt32
    var length: UInt32
    var text: Int
    var output: Int
    var count: Int32
  }

  /// Words up to this length are cached; longer ones hardly come twice.
  private static var longestCached: Int { 64 }
  /// Entries of the cache: 32,768 × 32 bytes fill half of a usual second-level cache.
  private static var mostEntries: Int { 1 << 15 }

  private let rules: WordRules<Rule>
  private let text: UnsafePointer<UInt8>
  private let seen: FixedArray<Seen>
  private let short = ShortWordMerger()
  private var long = LongWordMerger()

  /// The ids so far.
  private(set) var output: [Int32] = []
  /// Where the ids of the word at hand begin.
  private var wordStart = 0
  /// The first byte that has no token, if any.
  private(set) var failure: TokenizerError?

  /// An encoder for the words of `text`, which has `count` bytes and must outlive it.
  init(_ rules: WordRules<Rule>, _ text: UnsafePointer<UInt8>, count: Int) {
    self.rules = rules
    self.text = text
    var entries = 16
    while entries < Self.mostEntries, entries < count / 4 { entries *= 2 }
    seen = FixedArray(repeating: Seen(hash: 0, length: 0, text: 0, output: 0, count: 0), count: entries)
    output.reserveCapacity(count / 4 + 8)
  }

  /// Appends one id.
  mutating func append(_ id: Int32) { output.append(id) }

  /// Appends the ids of the word `start ..< end`.
  @inline(__always)
  mutating func encode(_ start: Int, _ end: Int) {
    if end - start <= Self.longestCached {
      encodeCached(start, end)
    } else {
      encodeLong(start, end)
    }
  }

  @inline(__always)
  private mutating func encodeCached(_ start: Int, _ end: Int) {
    let length = end - start
    let hash = byteHash(text + start, length)
    let slot = Int(truncatingIfNeeded: hash) & (seen.count - 1)
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    let entry = seen.base[slot]
    if entry.hash == tag, Int(entry.length) == length, bytesEqual(text + start, text + entry.text, length) {
      if entry.count == 1 {
        output.append(output[entry.output])
      } else {
        for index in entry.output..<entry.output + Int(entry.count) { output.append(output[index]) }
      }
      return
    }
    let first = output.count
    let whole = rules.ignoreMerges ? rules.pieces.id(text + start, length, hash: hash) : -1
    wordStart = first
    if whole >= 0 { output.append(whole) } else { mergeShort(start, end) }
    seen.base[slot] = Seen(
      hash: tag, length: UInt32(truncatingIfNeeded: length), text: start, output: first,
      count: Int32(truncatingIfNeeded: output.count - first))
  }

  /// A long word: whole, in safe parts, or, where no cut is safe, by the merger for long words.
  private mutating func encodeLong(_ start: Int, _ end: Int) {
    if rules.ignoreMerges {
      let whole = rules.pieces.id(text + start, end - start)
      if whole >= 0 { return output.append(whole) }
    }
    wordStart = output.count
    // Parts from the cache know nothing of an unknown token before them.
    if rules.fusesUnknown { return mergeLong(start, end) }
    var part = start
    for position in start + 1...end {
      guard position == end || rules.cuts.allows(text[position - 1], text[position]) else { continue }
      if position - part > ShortWordMerger.limit {
        mergeLong(part, position)
      } else if position - part > Self.longestCached || rules.ignoreMerges {
        // A part of a word is not a word: it must not meet the cache where whole words are tokens.
        mergeShort(part, position)
      } else {
        encodeCached(part, position)
      }
      part = position
    }
  }

  private mutating func mergeShort(_ start: Int, _ end: Int) {
    short.merge(rules.rule, text, start, end) { id, start, end in take(id, start, end) }
  }

  private mutating func mergeLong(_ start: Int, _ end: Int) {
    var merger = LongWordMerger()
    swap(&merger, &long)
    merger.merge(rules.rule, text, start, end) { id, start, end in take(id, start, end) }
    swap(&merger, &long)
  }

  @inline(__always)
  private mutating func take(_ id: Int32, _ start: Int, _ end: Int) {
    if id >= 0 { output.append(id) } else { takeBytes(start, end) }
  }

  /// A character that is no token: its bytes, or the unknown token once.
  private mutating func takeBytes(_ start: Int, _ end: Int) {
    let first = output.count
    for position in start..<end {
      let byte = text[position]
      if byte == 0x20, rules.escapesSpaces {
        for part: UInt8 in [0xE2, 0x96, 0x81] { takeByte(part, position) }
      } else {
        takeByte(byte, position)
      }
    }
    // A character of which one byte is unknown is unknown as a whole.
    if rules.unknown >= 0, output[first...].contains(rules.unknown) {
      output.removeSubrange(first...)
      let isNeighbour = first > wordStart && output[first - 1] == rules.unknown
      if !(rules.fusesUnknown && isNeighbour) { output.append(rules.unknown) }
    }
  }

  private mutating func takeByte(_ byte: UInt8, _ position: Int) {
    let id = rules.byteTokens.base[Int(byte)]
    if id >= 0 {
      output.append(id)
    } else if rules.unknown >= 0 {
      output.append(rules.unknown)
    } else if failure == nil {
      failure = .noToken(byte: byte, offset: position)
    }
  }
}
