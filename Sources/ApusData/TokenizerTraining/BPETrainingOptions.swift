// What is asked of a new tokenizer, and whether it can be done.

import ApusText

/// How a byte-pair tokenizer is to be trained.
public struct BPETrainingOptions: Sendable, Equatable {
  /// How many tokens to reach: special tokens, the 256 bytes, and pieces.
  public var vocabularySize: Int
  /// How often a pair must occur to become a piece.
  public var minimumFrequency = 2
  /// Tokens that are never learned from text, with the first ids. The first of them ends a document.
  public var specialTokens = ["<|endoftext|>"]
  /// How text is cut into words; pieces never go over the borders of words.
  public var pattern = WordPattern.gpt2

  /// Options for a vocabulary of `vocabularySize` tokens, with the defaults for everything else.
  public init(vocabularySize: Int) {
    self.vocabularySize = vocabularySize
  }

  /// The most bytes a piece may have: in the byte alphabet's two-byte characters as many as a reader takes. Without it
  /// ten megabytes of one letter would become pieces of megabytes.
  static let longestPiece = Vocabulary.maximumPieceLength / 2

  func validate() throws(BPETrainingError) {
    let least = 256 + specialTokens.count
    guard (least...Vocabulary.maximumCount).contains(vocabularySize) else {
      throw .vocabularySize(vocabularySize, least: least, most: Vocabulary.maximumCount)
    }
    guard minimumFrequency >= 1 else { throw .minimumFrequency(minimumFrequency) }
    let alphabet = ByteAlphabet()
    let bytePieces = Set((0...255).map { alphabet.spelling(CollectionOfOne(UInt8($0))) })
    var seen: Set<[UInt8]> = []
    for token in specialTokens {
      let bytes = Array(token.utf8)
      guard !bytes.isEmpty else { throw .specialToken(token, problem: "is empty") }
      guard bytes.count <= Self.longestPiece else {
        throw .specialToken(
          String(token.prefix(20)) + "…",
          problem: "has \(bytes.count) bytes, more than the limit of \(Self.longestPiece)")
      }
      guard !bytePieces.contains(token) else {
        throw .specialToken(token, problem: "is the piece of a single byte; choose a longer one")
      }
      guard seen.insert(bytes).inserted else { throw .specialToken(token, problem: "is given twice") }
    }
  }
}
