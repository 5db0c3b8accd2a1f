// What every tokenizer can do, and the conveniences that follow from it. How it is done is in Models/.

/// Turns text into token ids and back.
///
/// A tokenizer never changes after it was made; any number of threads may use one at once.
public protocol Tokenizer: Sendable {
  /// The tokens, with what the kind of tokenizer added to the special ids.
  var vocabulary: Vocabulary { get }
  /// What `tokenizer.ggml.model` calls this kind of tokenizer.
  var model: String { get }
  /// The pre-tokenizer in use, for kinds that have one.
  var preTokenizer: String? { get }
  /// Whether `encode` begins a text with BOS (or CLS) when special tokens are wanted.
  var addsBOS: Bool { get }
  /// Whether `encode` ends a text with EOS (or SEP) when special tokens are wanted.
  var addsEOS: Bool { get }
  /// Whether a text begins with a space that was not in it, which decoding takes away.
  var addsSpacePrefix: Bool { get }
  /// What a careful user should know about this tokenizer, one line each: duplicate pieces, a missing
  /// pre-tokenizer.
  var notes: [String] { get }
  /// What each token stands for in a text.
  var texts: TokenTexts { get }
  /// The special tokens around a text and around a pair of texts.
  var template: TokenTemplate { get }

  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - text: UTF-8; bytes that are no UTF-8 are kept by byte-level kinds and count as U+FFFD elsewhere.
  ///   - addSpecial: begin and end the text with BOS and EOS as the model wants.
  ///   - specials: where control tokens spelled in the text become their ids; elsewhere they are plain text.
  /// - Complexity: O(*n* log *n*), O(*n*) for text with words of ordinary length.
  func encode(
    _ text: UnsafeRawBufferPointer, addSpecial: Bool, specials: SpecialTokenParsing
  ) throws(TokenizerError) -> [Int32]

  /// The ids of two texts that a model reads together, as a reranker does, and the segment of each id.
  func encodePair(_ first: [UInt8], _ second: [UInt8]) throws(TokenizerError)
    -> (ids: [Int32], segments: [UInt8])
}

/// Where in a text control tokens may be spelled.
public enum SpecialTokenParsing: Sendable {
  /// Nowhere: all of it is plain text.
  case nowhere
  /// Everywhere.
  case everywhere
  /// In these ranges of bytes, ascending: a token must lie in one of them as a whole. The plain text between
  /// tokens is tokenised as one, whatever ranges it spans.
  case within([Range<Int>])
}

extension Tokenizer {
  /// The ids of `text`; `parseSpecial`: control tokens spelled anywhere in it become their ids.
  public func encode(
    _ text: UnsafeRawBufferPointer, addSpecial: Bool, parseSpecial: Bool
  ) throws(TokenizerError) -> [Int32] {
    try encode(text, addSpecial: addSpecial, specials: parseSpecial ? .everywhere : .nowhere)
  }

  /// The ids of `text`.
  public func encode(_ text: String, addSpecial: Bool = true, parseSpecial: Bool = false)
    throws(TokenizerError)
    -> [Int32]
  {
    try encode(Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial)
  }

  /// The ids of the bytes of `text`.
  public func encode(_ text: [UInt8], addSpecial: Bool = true, parseSpecial: Bool = false)
    throws(TokenizerError)
    -> [Int32]
  {
    let result = text.withUnsafeBytes { bytes in
      Result { () throws(TokenizerError) in
        try encode(bytes, addSpecial: addSpecial, parseSpecial: parseSpecial)
      }
    }
    return try result.get()
  }

  /// The most bytes one token can stand for.
  public var maximumTokenLength: Int { texts.longest }

  /// Calls `body` with the bytes token `id` stands for in a text, leading space included.
  ///
  /// Control and unknown tokens give nothing unless `special`; an id that is no token gives nothing.
  public func withBytes<Result>(
    of id: Int32, special: Bool = false, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let texts = texts
    return try withExtendedLifetime(texts) {
      try body(UnsafeRawBufferPointer(texts.shown(id, special: special).bytes))
    }
  }

  /// The ids of the bytes of `text`, control tokens where `specials` says.
  public func encode(
    _ text: [UInt8], addSpecial: Bool, specials: SpecialTokenParsing
  ) throws(TokenizerError) -> [Int32] {
    let result = text.withUnsafeBytes { bytes in
      Result { () throws(TokenizerError) in
        try encode(bytes, addSpecial: addSpecial, specials: specials)
      }
    }
    return try result.get()
  }

  /// Appends the bytes token `id` stands for to `text`.
  public func appendBytes(of id: Int32, special: Bool = false, to text: inout [UInt8]) {
    withBytes(of: id, special: special) { text.append(contentsOf: $0) }
  }

  /// The bytes of a whole text, without the space that encoding put before it.
  ///
  /// - Complexity: O(bytes).
  public func decode(_ ids: some Sequence<Int32>, special: Bool = false) -> [UInt8] {
    decode(array: Array(ids), special: special)
  }

  private func decode(array ids: [Int32], special: Bool) -> [UInt8] {
    let texts = texts
    // The first pass counts, so that the second writes without looking for room.
    var capacity = 0
    for id in ids { capacity += texts.shown(id, special: special).bytes.count }
    let addsSpace = addsSpacePrefix
    return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      var dropsSpace = addsSpace
      var position = 0
      for id in ids {
        let (bytes, isText) = texts.shown(id, special: special)
        var start = 0
        if isText {
          if dropsSpace, bytes.first == 0x20 { start = 1 }
          dropsSpace = false
        } else if !bytes.isEmpty {
          // Encoding puts a space before the text and after every token that is matched as a whole; where such a
          // token is shown, taking the space away again gives the text back exactly.
          dropsSpace = addsSpace
        }
        for index in start..<max(bytes.count, start) {
          buffer[position] = bytes[index]
          position += 1
        }
      }
      count = position
    }
  }

  /// The text of `ids`, with what is no UTF-8 replaced by U+FFFD.
  public func text(_ ids: some Sequence<Int32>, special: Bool = false) -> String {
    String(decoding: decode(ids, special: special), as: UTF8.self)
  }
}

extension Vocabulary {
  /// Whether `id` is matched in a text as a whole and so begins the text after it anew.
  @inline(__always)
  func isMarker(_ id: Int32) -> Bool {
    switch kind(of: id) {
    case .control, .userDefined, .unknown: true
    case .normal, .byte, .unused, .undefined: false
    }
  }
}
