// What a `tokenizer.json` has done to a text before its model sees it, in the order of the tokenizers library: special
// tokens are cut out, the rest is normalised, tokens that are looked for in normalised text are cut out, and for
// models that spell a space ▁ the rest falls into words.

/// A text ready for a model: the parts, and the bytes their ranges are of when they are not those of the text.
struct PreparedText {
  var bytes: ContiguousArray<UInt8>?
  var parts: [TextPart]

  /// Calls `body` with the bytes as prepared, or with `text` where nothing changed, and their parts.
  func read(
    _ text: UnsafeBufferPointer<UInt8>,
    _ body: (UnsafeBufferPointer<UInt8>, [TextPart]) throws(TokenizerError) -> [Int32]
  ) throws(TokenizerError) -> [Int32] {
    guard let bytes else { return try body(text, parts) }
    let result = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(TokenizerError) in try body(bytes, parts) }
    }
    return try result.get()
  }
}

/// The way from a text to what a model sees.
struct TextPipeline: Sendable {
  /// A step of a pre-tokenizer that is not a pattern.
  enum WordStep: Sendable, Equatable {
    /// White space separates words and is dropped.
    case dropWhitespace
    /// Spaces become ▁, one is put before the text where `prefix` says, and every ▁ begins a word if `splits`.
    case metaspace(prefix: Prefix, splits: Bool)
    /// A space is put before a text that does not begin with one.
    case prefixSpace
  }

  /// Where a ▁ is put before a text that does not begin with one.
  enum Prefix: Sendable, Equatable {
    case never
    /// Only before what begins the whole text.
    case first
    case always
  }

  /// The tokens looked for in the text as it is, and those looked for once it is normalised.
  var raw: SpecialTokenMatcher
  var normalized: SpecialTokenMatcher?
  var normalizer = TextNormalizer()
  var words: [WordStep] = []

  /// The parts of `text`; its bytes are copied only when something changes.
  ///
  /// - Throws: `TokenizerError.badCharacterMap` where a normalisation table is damaged.
  /// - Complexity: O(*n*).
  func prepare(
    _ text: UnsafeBufferPointer<UInt8>, _ parsing: SpecialTokenParsing
  ) throws(TokenizerError) -> PreparedText {
    let parts = raw.parts(of: text, parsing)
    if words.isEmpty, normalized == nil, normalizer.leaves(text) {
      return PreparedText(bytes: nil, parts: parts)
    }
    var prepared = ContiguousArray<UInt8>()
    prepared.reserveCapacity(text.count + text.count / 4)
    var result: [TextPart] = []
    result.reserveCapacity(parts.count)
    for part in parts {
      guard case .text(let range) = part else {
        result.append(part)
        continue
      }
      let changed = try normalizer.normalize(UnsafeBufferPointer(rebasing: text[range]))
      changed.withUnsafeBufferPointer { bytes in
        let inner = normalized?.parts(of: bytes, .nowhere) ?? (bytes.isEmpty ? [] : [.text(0..<bytes.count)])
        for part in inner {
          switch part {
          case .token: result.append(part)
          case .text(let inside):
            let isFirst = range.lowerBound == 0 && inside.lowerBound == 0
            for word in cut(bytes, inside, isFirst: isFirst, into: &prepared) { result.append(.text(word)) }
          }
        }
      }
    }
    return PreparedText(bytes: prepared, parts: result)
  }

  /// Appends the words of a stretch of normalised text to `output` and returns where they are in it.
  private func cut(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, isFirst: Bool,
    into output: inout ContiguousArray<UInt8>
  ) -> [Range<Int>] {
    let start = output.count
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[range]))
    var ranges = [start..<output.count]
    for step in words {
      // Each step writes its words behind those of the one before, which are then moved to their place.
      let source = ContiguousArray(output[start...])
      let old = ranges
      output.removeSubrange(start...)
      ranges.removeAll(keepingCapacity: true)
      source.withUnsafeBufferPointer { source in
        for (index, range) in old.enumerated() {
          let word = UnsafeBufferPointer(
            rebasing: source[range.lowerBound - start..<range.upperBound - start])
          apply(step, word, isFirst: isFirst && index == 0, &output, &ranges)
        }
      }
    }
    return ranges
  }

  private func apply(
    _ step: WordStep, _ word: UnsafeBufferPointer<UInt8>, isFirst: Bool,
    _ output: inout ContiguousArray<UInt8>, _ ranges: inout [Range<Int>]
  ) {
    guard !word.isEmpty else { return }
    let start = output.count
    switch step {
    case .prefixSpace:
      if word[0] != 0x20 { output.append(0x20) }
      output.append(contentsOf: word)
      ranges.append(start..<output.count)
    case .dropWhitespace:
      let scanned = ScannedText(word)
      var position = 0
      while position < word.count {
        let next = scanned.skip(without: .space, from: position, word.count)
        if next > position {
          let first = output.count
          output.append(contentsOf: UnsafeBufferPointer(rebasing: word[position..<next]))
          ranges.append(first..<output.count)
        }
        position = scanned.skip(.space, from: next, word.count)
      }
    case .metaspace(let prefix, let splits):
      let hasOne = word[0] == 0x20 || SpaceSign.isSign(word, 0)
      if !hasOne, prefix == .always || prefix == .first && isFirst {
        output.append(contentsOf: SpaceSign.bytes)
      }
      for byte in word {
        if byte == 0x20 { output.append(contentsOf: SpaceSign.bytes) } else { output.append(byte) }
      }
      guard splits else { return ranges.append(start..<output.count) }
      var first = start
      output.withUnsafeBufferPointer { bytes in
        for position in start + 1..<bytes.count where SpaceSign.isSign(bytes, position) {
          ranges.append(first..<position)
          first = position
        }
      }
      ranges.append(first..<output.count)
    }
  }
}

extension SpaceSign {
  /// ▁ in UTF-8.
  static let bytes: [UInt8] = [0xE2, 0x96, 0x81]
}
