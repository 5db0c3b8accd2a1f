// What the merging of a word needs to know about a model: its first symbols, and which two neighbours become one.
// Byte-pair models answer from their list of merges, SentencePiece from the scores of its pieces; the merging itself
// (WordMerger) is the same.

/// The merges of a model.
protocol MergeRule: Sendable {
  /// The symbol at `start` before any merging: where it ends, and its id or −1.
  func symbol(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> (end: Int, id: Int32)

  /// The merge of two neighbours with ids `left` and `right` that together are `start ..< end` of the text: its rank
  /// and the id of the whole. Rank `MergeTable.noRank` when they do not merge.
  func merge(_ left: Int32, _ right: Int32, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int)
    -> (rank: UInt32, merged: Int32)
}

/// Merges by a list of pairs, of bytes.
struct BytePairRule: MergeRule {
  let merges: MergeTable
  /// The id of each byte, or −1.
  let bytes: FixedArray<Int32>

  @inline(__always)
  func symbol(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> (end: Int, id: Int32) {
    (start + 1, bytes.base[Int(text[start])])
  }

  @inline(__always)
  func merge(_ left: Int32, _ right: Int32, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int)
    -> (rank: UInt32, merged: Int32)
  {
    merges.merge(left, right)
  }
}

/// Merges by a list of pairs, of characters.
struct CharacterPairRule: MergeRule {
  let merges: MergeTable
  let pieces: PieceTable

  @inline(__always)
  func symbol(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> (end: Int, id: Int32) {
    let length = scalarLength(text + start, end - start)
    return (start + length, pieces.id(text + start, length))
  }

  @inline(__always)
  func merge(_ left: Int32, _ right: Int32, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int)
    -> (rank: UInt32, merged: Int32)
  {
    merges.merge(left, right)
  }
}

/// Merges whatever is a piece, the piece with the best score first (Kudo and Richardson, 2018, arXiv:1808.06226).
struct ScoreRule: MergeRule {
  let pieces: PieceTable
  /// The place of each token among the scores, best first; equal scores share a place.
  let ranks: FixedArray<UInt32>
  /// No piece is longer.
  let longest: Int

  @inline(__always)
  func symbol(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> (end: Int, id: Int32) {
    let length = scalarLength(text + start, end - start)
    return (start + length, pieces.id(text + start, length))
  }

  @inline(__always)
  func merge(_ left: Int32, _ right: Int32, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int)
    -> (rank: UInt32, merged: Int32)
  {
    guard end - start <= longest else { return (MergeTable.noRank, -1) }
    let id = pieces.id(text + start, end - start)
    return id < 0 ? (MergeTable.noRank, -1) : (ranks.base[Int(id)], id)
  }
}
