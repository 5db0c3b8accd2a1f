// The tokens of a model as its file lists them: piece, score and kind of each id, and the special ids. What a piece
// means as text, and how text becomes ids, is each tokenizer's own matter (Models/).

/// What a token is for. The raw values are those of `tokenizer.ggml.token_type`.
public enum TokenKind: UInt8, Sendable, CaseIterable {
  /// Not said by the file.
  case undefined = 0
  /// A piece of text.
  case normal = 1
  /// Stands for text that no other token covers.
  case unknown = 2
  /// Steers the model (start, end, roles); never made from plain text.
  case control = 3
  /// Text that is always one token, matched before everything else.
  case userDefined = 4
  /// Reserved.
  case unused = 5
  /// One byte, spelled `<0xNN>`.
  case byte = 6
}

/// The tokens of a model.
///
/// All pieces lie in one buffer. Copies share it.
public struct Vocabulary: Sendable {
  /// The most tokens a vocabulary may have: sixteen times the largest known.
  public static let maximumCount = 1 << 22
  /// The longest piece, in bytes.
  public static let maximumPieceLength = 1 << 16

  let bytes: FixedArray<UInt8>
  let offsets: FixedArray<UInt32>
  private let scoreList: [Float]
  private var kindList: [TokenKind]

  /// The ids with a meaning of their own.
  public internal(set) var special: SpecialTokens
  /// The ids after which a model has said everything, in ascending order.
  public internal(set) var endOfGeneration: [Int32] = []
  /// Tokens that are control tokens by their spelling alone; the file calls them something else.
  private(set) var controlBySpelling: Set<Int32> = []
  /// Control tokens that decoding shows all the same.
  var shownControls: Set<Int32> = []

  /// A vocabulary whose token `i` has piece `pieces[i]`, score `scores[i]` and kind `kinds[i]`.
  ///
  /// - Parameters:
  ///   - pieces: UTF-8 as in the file, copied.
  ///   - scores: one per piece, or empty when the file has none (all are then 0).
  ///   - kinds: one per piece, or empty when the file has none (all are then normal).
  ///   - special: ids; each must be below `pieces.count`.
  /// - Throws: `TokenizerError` when a list has the wrong length, a score is not finite or an id names no token.
  /// - Complexity: O(bytes of all pieces).
  public init(
    pieces: ByteStrings, scores: [Float] = [], kinds: [TokenKind] = [],
    special: SpecialTokens = SpecialTokens()
  ) throws(TokenizerError) {
    let count = pieces.count
    guard count > 0 else { throw .emptyVocabulary }
    guard count <= Self.maximumCount else { throw .tooManyTokens(count: count, limit: Self.maximumCount) }
    guard scores.isEmpty || scores.count == count else {
      throw .countMismatch(list: "scores", count: scores.count, tokens: count)
    }
    guard kinds.isEmpty || kinds.count == count else {
      throw .countMismatch(list: "token types", count: kinds.count, tokens: count)
    }
    if let index = scores.firstIndex(where: { !$0.isFinite }) { throw .badScore(index: index) }
    for (name, id) in special.named where id < 0 || Int(id) >= count {
      throw .specialOutOfRange(name: name, id: id, tokens: count)
    }

    offsets = FixedArray(repeating: 0, count: count + 1)
    var bytes = ContiguousArray<UInt8>()
    bytes.reserveCapacity(count * 8)
    for index in 0..<count {
      let piece = pieces[index]
      guard piece.count <= Self.maximumPieceLength, bytes.count + piece.count < Int(Int32.max) else {
        throw .pieceTooLong(index: index, length: piece.count, limit: Self.maximumPieceLength)
      }
      bytes.append(contentsOf: piece)
      offsets[index + 1] = UInt32(bytes.count)
    }
    self.bytes = FixedArray(bytes)
    scoreList = scores
    kindList = kinds.isEmpty ? Array(repeating: .normal, count: count) : kinds
    self.special = special
    findTokensByName()
  }

  /// How many tokens there are; ids run from 0 below it.
  public var count: Int { kindList.count }

  /// Whether `id` names a token.
  public func contains(_ id: Int32) -> Bool { id >= 0 && Int(id) < count }

  /// The kind of token `id`.
  public func kind(of id: Int32) -> TokenKind { kindList[Int(id)] }

  /// The score of token `id`: a log-probability in unigram models, minus the order of merging in SentencePiece's
  /// byte-pair models, 0 where the file has none.
  public func score(of id: Int32) -> Float { scoreList.isEmpty ? 0 : scoreList[Int(id)] }

  /// The piece of token `id` as in the file, with what is no UTF-8 replaced.
  public func piece(_ id: Int32) -> String { String(decoding: pieceBytes(id), as: UTF8.self) }

  /// The id of the first token whose piece in the file is `piece`, or `nil`.
  ///
  /// - Complexity: O(*count*); for the few names a program looks up once.
  public func id(of piece: String) -> Int32? {
    var piece = piece
    return piece.withUTF8 { wanted in
      for id in 0..<Int32(count) where pieceLength(id) == wanted.count && pieceBytes(id).elementsEqual(wanted)
      {
        return id
      }
      return nil
    }
  }

  /// Whether a model that says `id` has finished.
  public func isEndOfGeneration(_ id: Int32) -> Bool { endOfGeneration.contains(id) }

  /// The bytes of piece `id`, valid as long as this vocabulary.
  @inline(__always)
  func pieceBytes(_ id: Int32) -> UnsafeBufferPointer<UInt8> {
    bytes.slice(Int(offsets[Int(id)]), Int(offsets[Int(id) + 1]))
  }

  @inline(__always)
  func pieceLength(_ id: Int32) -> Int { Int(offsets[Int(id) + 1] - offsets[Int(id)]) }

  /// Gives `id` the kind its spelling suggests.
  mutating func setKind(_ kind: TokenKind, of id: Int32) {
    if kind == .control, kindList[Int(id)] != .control { controlBySpelling.insert(id) }
    kindList[Int(id)] = kind
  }

  /// Takes back that `id` is a control token by its spelling: merges make it from plain text, so it is text.
  mutating func restoreText(_ id: Int32) {
    guard controlBySpelling.remove(id) != nil else { return }
    kindList[Int(id)] = .normal
    if special.eot == id { special.eot = nil }
    if special.eos != id { endOfGeneration.removeAll { $0 == id } }
  }
}
