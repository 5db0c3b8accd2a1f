// The texts that end a repetition for DRY, as sequences of tokens.

/// Sequence breakers: wherever one occurs, DRY looks no further back.
public struct DRYBreakers: Sendable {
  /// For the first token of a breaker, the possible continuations.
  private var tails: [Int32: [[Int32]]] = [:]

  /// Tokens of a breaker that are looked at, as in llama.cpp.
  private static let maximumTail = 20
  /// Bytes of a breaker that are looked at, as in llama.cpp.
  private static let maximumBytes = 40

  /// Breakers given as tokens. Empty ones are ignored.
  public init(_ sequences: [[Int32]] = []) {
    for sequence in sequences {
      if let head = sequence.first { insert(head, Array(sequence.dropFirst().prefix(Self.maximumTail))) }
    }
  }

  /// Breakers given as text.
  ///
  /// A text may begin inside one token and end in another. So every token of the vocabulary that contains
  /// the text is a breaker by itself, and every token that ends with the beginning of it is the head of one
  /// whose tail is the rest of the text, tokenised.
  ///
  /// - Parameters:
  ///   - bytes: what a token stands for.
  ///   - tokenise: the tokens of a text, without special ones.
  /// - Complexity: O(bytes of the vocabulary) for each text.
  public init(
    _ texts: [String], vocabularySize: Int, bytes: (Int32) -> [UInt8], tokenise: ([UInt8]) -> [Int32]
  ) {
    let texts = texts.map { Array($0.utf8.prefix(Self.maximumBytes)) }.filter { !$0.isEmpty }
    guard !texts.isEmpty else { return }
    var tokenisedRests = texts.map { [[Int32]?](repeating: nil, count: $0.count) }
    for token in 0..<Int32(vocabularySize) {
      let piece = bytes(token)
      for (index, text) in texts.enumerated() {
        for overlap in Self.overlaps(piece, text) {
          if overlap == text.count {
            insert(token, [])
            break
          }
          let rest =
            tokenisedRests[index][overlap]
            ?? Array(tokenise(Array(text[overlap...])).prefix(Self.maximumTail))
          tokenisedRests[index][overlap] = rest
          insert(token, rest)
        }
      }
    }
  }

  /// How many bytes of `text` lie in `piece`, for each way they can: all of them first, otherwise the
  /// lengths of the beginnings of `text` that `piece` ends with.
  private static func overlaps(_ piece: [UInt8], _ text: [UInt8]) -> [Int] {
    var lengths: [Int] = []
    for start in piece.indices where piece[start] == text[0] {
      let length = min(text.count, piece.count - start)
      if piece[start..<start + length].elementsEqual(text[..<length]) {
        if length == text.count { return [length] }
        lengths.append(length)
      }
    }
    return lengths
  }

  private mutating func insert(_ head: Int32, _ tail: [Int32]) {
    if tails[head]?.contains(tail) != true { tails[head, default: []].append(tail) }
  }

  /// True if the token alone breaks a sequence.
  func isBreaker(_ token: Int32) -> Bool {
    guard let tails = tails[token] else { return false }
    return tails.contains { $0.isEmpty }
  }

  /// How many tokens follow the last breaker of the history; all of them if there is none.
  func distance(in history: borrowing TokenHistory) -> Int {
    guard !tails.isEmpty else { return history.count }
    for age in 0..<history.count {
      guard let tails = tails[history[age]] else { continue }
      var longest = -1
      for tail in tails where tail.count > longest && tail.count <= age {
        if tail.indices.allSatisfy({ tail[$0] == history[age - 1 - $0] }) { longest = tail.count }
      }
      if longest >= 0 { return age - longest }
    }
    return history.count
  }
}
