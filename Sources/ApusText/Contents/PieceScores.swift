// SentencePiece's byte pairs by scores, and the same by merges. By scores any two neighbours that together are a piece may
// merge, the piece with the best score first; a tokenizer.json lists the pairs. The two are the same tokenizer where the
// list has every way to make a piece, and all ways to make one piece stand together.

/// A text that equals another when the bytes do: Swift's own == takes é for e with an accent behind it.
struct ExactText: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

/// Turns merges into scores and scores into merges.
struct PieceScores {
  private let pieces: [String]
  private let kinds: [TokenKind]
  /// The ids of pieces that text is made of.
  private let ids: [ExactText: Int]

  init(_ pieces: [String], _ kinds: [TokenKind]) {
    self.pieces = pieces
    self.kinds = kinds
    var ids: [ExactText: Int] = [:]
    for (id, piece) in pieces.enumerated() where Self.isText(kinds[id]) { ids[ExactText(piece)] = id }
    self.ids = ids
  }

  private static func isText(_ kind: TokenKind) -> Bool {
    switch kind {
    case .normal, .unused, .undefined, .userDefined: true
    case .control, .unknown, .byte: false
    }
  }

  /// The scores under which pieces merge in the order of `merges`: minus the place of the first merge that makes each.
  ///
  /// Ways to make several pieces that are mixed come from equal scores (Llama's runs of ▁); then the longer parts stand
  /// first, and all these pieces get one score.
  ///
  /// - Throws: `ContentsError` where no scores do the same.
  /// - Complexity: O(bytes of pieces and merges).
  func scores(of merges: [String]) throws(ContentsError) -> [Float] {
    let made = merges.map(parts)
    var last = [Int](repeating: -1, count: pieces.count)
    for (place, merge) in made.enumerated() { if let merge { last[merge.id] = place } }
    var scores = [Float](repeating: -Float(merges.count + 1), count: pieces.count)
    for id in pieces.indices where !Self.isText(kinds[id]) { scores[id] = 0 }
    // A group ends where every piece that was begun in it has all its merges.
    var (start, end) = (0, 0)
    var group: Set<Int> = []
    var lengths: [(Int, Int)] = []
    for (place, merge) in made.enumerated() {
      if let merge {
        group.insert(merge.id)
        lengths.append(merge.lengths)
        end = max(end, last[merge.id])
      }
      guard place >= end else { continue }
      if group.count > 1, zip(lengths, lengths.dropFirst()).contains(where: { $0 < $1 }) {
        throw ContentsError(
          "the ways to make \"\(pieces[group.min()!])\" do not stand together in its merges")
      }
      for id in group { scores[id] = -Float(start) }
      group.removeAll()
      lengths.removeAll()
      (start, end) = (place + 1, place + 1)
    }
    try checkComplete(Set(merges.map(ExactText.init)))
    return scores
  }

  /// The piece a merge makes, and how long its parts are; nil where that is no piece of text.
  private func parts(_ merge: String) -> (id: Int, lengths: (Int, Int))? {
    let parts = merge.utf8.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let (left, right) = (String(Substring(parts[0])), String(Substring(parts[1])))
    guard let id = ids[ExactText(left + right)] else { return nil }
    return (id, (left.unicodeScalars.count, right.unicodeScalars.count))
  }

  /// By scores every way to make a piece counts.
  private func checkComplete(_ listed: Set<ExactText>) throws(ContentsError) {
    for (id, piece) in pieces.enumerated() where Self.isText(kinds[id]) && kinds[id] != .userDefined {
      if let missing = splits(piece).map({ "\($0) \($1)" }).first(where: { !listed.contains(ExactText($0)) })
      {
        throw ContentsError(
          "its merges lack \"\(missing)\", as they were not made from scores; GGUF files have no such kind")
      }
    }
  }

  /// The merges that do what `scores` do, best first; equal scores by the longer parts first, as transformers has it.
  ///
  /// - Complexity: O(*n* log *n*) in the bytes of the pieces.
  func merges(of scores: [Float]) -> [(left: String, right: String)] {
    var merges: [(left: String, right: String, score: Float, lengths: (Int, Int))] = []
    for (id, piece) in pieces.enumerated() where ids[ExactText(piece)] == id {
      for (left, right) in splits(piece) {
        merges.append((left, right, scores[id], (left.unicodeScalars.count, right.unicodeScalars.count)))
      }
    }
    let order = merges.indices.sorted { a, b in
      let (x, y) = (merges[a], merges[b])
      if x.score != y.score { return x.score > y.score }
      return x.lengths != y.lengths ? x.lengths > y.lengths : a < b
    }
    return order.map { (merges[$0].left, merges[$0].right) }
  }

  /// The ways to make a piece of two others.
  private func splits(_ piece: String) -> [(String, String)] {
    let scalars = piece.unicodeScalars
    guard scalars.count > 1 else { return [] }
    return scalars.indices.dropFirst().compactMap { index in
      let (left, right) = (String(scalars[..<index]), String(scalars[index...]))
      // A piece that is looked for as a whole never stands beside another to merge with.
      guard let first = ids[ExactText(left)], let second = ids[ExactText(right)],
        kinds[first] != .userDefined,
        kinds[second] != .userDefined
      else { return nil }
      return (left, right)
    }
  }
}
