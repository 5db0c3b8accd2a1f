// SentencePiece's byte pairs by scores, and the same by merges. By scores any two neighbours that together are a piece may
// merge, the piece with the best score first; a tokenizer.json lists the pairs. The two are the same tokenizer where the
// list has every way to make a piece, and all ways to make one piece stand together.

/// Turns merges into scores and scores into merges.
struct PieceScores {
  private let pieces: [String]
  private let kinds: [TokenKind]
  /// The ids of pieces that text is made of.
  private let ids: [String: Int]

  init(_ pieces: [String], _ kinds: [TokenKind]) {
    self.pieces = pieces
    self.kinds = kinds
    var ids: [String: Int] = [:]
    for (id, piece) in pieces.enumerated() where Self.isText(kinds[id]) { ids[piece] = id }
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
  /// - Throws: `ContentsError` where no scores do the same.
  /// - Complexity: O(bytes of pieces and merges).
  func scores(of merges: [String]) throws(ContentsError) -> [Float] {
    var scores = [Float](repeating: -Float(merges.count + 1), count: pieces.count)
    for id in pieces.indices where !Self.isText(kinds[id]) { scores[id] = 0 }
    var listed: Set<String> = []
    listed.reserveCapacity(merges.count)
    var last = -1
    var seen = [Bool](repeating: false, count: pieces.count)
    for (place, merge) in merges.enumerated() {
      let parts = merge.utf8.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let id = ids[String(Substring(parts[0])) + String(Substring(parts[1]))] else {
        continue
      }
      listed.insert(merge)
      guard id != last else { continue }
      guard !seen[id] else {
        throw ContentsError("the ways to make \"\(pieces[id])\" do not stand together in its merges")
      }
      seen[id] = true
      scores[id] = -Float(place)
      last = id
    }
    for (id, piece) in pieces.enumerated() where Self.isText(kinds[id]) && kinds[id] != .userDefined {
      if let missing = splits(piece).map({ "\($0) \($1)" }).first(where: { !listed.contains($0) }) {
        throw ContentsError(
          "its merges lack \"\(missing)\", as they were not made from scores; GGUF files have no such kind")
      }
    }
    return scores
  }

  /// The merges that do what `scores` do, best first; equal scores by the longer parts first, as transformers has it.
  ///
  /// - Complexity: O(*n* log *n*) in the bytes of the pieces.
  func merges(of scores: [Float]) -> [(left: String, right: String)] {
    var merges: [(left: String, right: String, score: Float, lengths: (Int, Int))] = []
    for (id, piece) in pieces.enumerated() where ids[piece] == id {
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
      guard let first = ids[left], let second = ids[right], kinds[first] != .userDefined,
        kinds[second] != .userDefined
      else { return nil }
      return (left, right)
    }
  }
}
