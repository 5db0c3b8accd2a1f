// What a tokenizer is made of, between the formats: pieces, kinds, merges or scores, how words are cut. A GGUF file and a
// `tokenizer.json` say it in different ways; what one cannot say of the other is refused by name.

import ApusBasics

/// A tokenizer that cannot be said in another format.
package struct ContentsError: ApusError {
  package var description: String

  init(_ description: String) { self.description = description }
}

/// The parts of a tokenizer that both formats have.
package struct TokenizerContents: Sendable {
  /// The kinds that both formats have.
  package enum Kind: Sendable, Equatable {
    /// Byte pairs of bytes, words cut as llama.cpp's pre-tokenizer of this name does: `gpt2` in GGUF files.
    case bytes(pre: String)
    /// SentencePiece's byte pairs, with or without a space put before a text: `llama` in GGUF files.
    case sentencePiece(addsSpace: Bool)
  }

  package var kind: Kind
  /// As the files spell them, by id.
  package var pieces: [String]
  package var kinds: [TokenKind]
  /// Best last to first: each `left right`, byte pairs of bytes only.
  package var merges: [String] = []
  /// One per piece, SentencePiece only.
  package var scores: [Float] = []
  package var special: SpecialTokens
  package var addsBOS: Bool
  package var addsEOS: Bool
  /// What is lost on the way, one line each.
  package var notes: [String] = []
}

// MARK: From a GGUF file

extension TokenizerContents {
  /// Those of a tokenizer that was made from a GGUF file.
  ///
  /// - Parameter merges: `tokenizer.ggml.merges`.
  /// - Throws: `ContentsError` for kinds that only one format has.
  package init(_ tokenizer: any Tokenizer, merges: [String]) throws(ContentsError) {
    let vocabulary = tokenizer.vocabulary
    let ids = 0..<Int32(vocabulary.count)
    switch tokenizer.model {
    case "gpt2":
      let pre = tokenizer.preTokenizer ?? "default"
      guard PreTokenizerSteps.named(pre) != nil else {
        throw ContentsError("its words are cut as in \"\(pre)\", for which there is no tokenizer.json")
      }
      kind = .bytes(pre: pre)
      self.merges = merges
    case "llama":
      kind = .sentencePiece(addsSpace: tokenizer.addsSpacePrefix)
      scores = ids.map { vocabulary.score(of: $0) }
    case let model:
      throw ContentsError("it is of the kind \"\(model)\"; only \"gpt2\" and \"llama\" are converted")
    }
    pieces = ids.map { vocabulary.piece($0) }
    kinds = ids.map { vocabulary.kind(of: $0) }
    special = vocabulary.special
    addsBOS = tokenizer.addsBOS
    addsEOS = tokenizer.addsEOS
    dropPadding()
    guard Set(pieces.map(ExactText.init)).count == pieces.count else {
      throw ContentsError("two tokens have the same piece, which tokenizer.json cannot say")
    }
  }

  /// Files fill up the rows of the embedding with unused pieces at the end; a tokenizer.json has no use for them.
  private mutating func dropPadding() {
    while kinds.count > 1, kinds.last == .unused {
      kinds.removeLast()
      pieces.removeLast()
      if !scores.isEmpty { scores.removeLast() }
    }
  }
}

// MARK: From a tokenizer.json

extension TokenizerContents {
  /// Those of a `tokenizer.json`.
  ///
  /// - Parameters:
  ///   - config: `tokenizer_config.json`, if there is one.
  ///   - name: the file's name, for errors.
  /// - Throws: `HuggingFaceTokenizerError`; `ContentsError` for what a GGUF file cannot say.
  package init(_ tokenizer: UnsafeRawBufferPointer, config: JSONValue?, name: String) throws {
    // Making the tokenizer checks what the parts alone do not.
    let made = try HuggingFaceTokenizer.make(tokenizer, config: config, name: name)
    let assembly = try HuggingFaceAssembly(TokenizerDocument(tokenizer), config: config)
    let type = try assembly.modelType()
    guard type == "BPE" else {
      throw ContentsError("it is of the kind \(type); only byte pairs are converted")
    }
    let list = assembly.list
    pieces = list.pieces.strings
    kinds = try assembly.kinds()
    special = made.vocabulary.special
    (addsBOS, addsEOS) = (false, false)
    if assembly.preTokenizer.isByteLevel {
      let ignoresMerges = try assembly.model.bool("ignore_merges", default: false)
      kind = .bytes(pre: try Self.pre(assembly.preTokenizer, ignoresMerges: ignoresMerges))
      merges = assembly.document.merges.map { merges in (0..<merges.count).map(merges.text) } ?? []
      try checkBytes(assembly)
    } else {
      kind = .sentencePiece(addsSpace: made.addsSpacePrefix)
      try checkSentencePiece(assembly)
      let merges = assembly.document.merges.map { merges in (0..<merges.count).map(merges.text) } ?? []
      scores = try PieceScores(pieces, kinds).scores(of: merges)
    }
    try readTemplate(assembly.template)
    if let token = list.added.first(where: { $0.stripsLeft || $0.stripsRight || $0.isSingleWord }) {
      notes.append(
        "\(EntryError.shown(token.content)) and perhaps others take white space beside them along, which GGUF files do not say"
      )
    }
  }

  private static func pre(_ entry: PreTokenizerEntry, ignoresMerges: Bool) throws(ContentsError) -> String {
    guard let name = PreTokenizerSteps.name(entry.steps, ignoresMerges: ignoresMerges) else {
      let steps = entry.steps.isEmpty ? "not cut" : "cut by " + entry.steps.joined(separator: ", then ")
      throw ContentsError(
        "its words are \(steps)\(ignoresMerges ? ", whole words before merges" : ""); llama.cpp has no name for that"
      )
    }
    return name
  }

  private mutating func checkBytes(_ assembly: HuggingFaceAssembly) throws(ContentsError) {
    guard assembly.preTokenizer.words.isEmpty else {
      throw ContentsError(
        "it puts a space before a text (add_prefix_space), which byte pairs in GGUF files cannot")
    }
    for step in assembly.normalizer.normalizer.steps {
      guard case .composed = step else {
        throw ContentsError("its normalizer changes text, which byte pairs in GGUF files cannot")
      }
      notes.append("the tokenizer composes characters first (NFC), which GGUF files do not say")
    }
  }

  private mutating func checkSentencePiece(_ assembly: HuggingFaceAssembly) throws(ContentsError) {
    guard assembly.byteFallback else {
      throw ContentsError("its pieces are characters without byte_fallback; GGUF files have no such kind")
    }
    guard assembly.preTokenizer.splitters.isEmpty else {
      throw ContentsError(
        "it cuts text by a pattern before pieces of characters; GGUF files have no such kind")
    }
    for step in assembly.normalizer.normalizer.steps {
      switch step {
      case .prepend(SpaceSign.bytes), .replace(.bytes([0x20]), SpaceSign.bytes): continue
      default: throw ContentsError("its normalizer changes more than spaces")
      }
    }
    for case .metaspace(.first, _) in assembly.preTokenizer.words {
      notes.append(
        "the tokenizer puts a space before a text; from a GGUF file it is also put behind special tokens")
    }
  }

  /// What stands around a text: BOS, EOS or nothing.
  private mutating func readTemplate(_ template: TokenTemplate) throws(ContentsError) {
    func only(_ ids: [Int32], _ special: inout Int32?, _ place: String) throws(ContentsError) -> Bool {
      guard let id = ids.first else { return false }
      guard ids.count == 1, special == nil || special == id else {
        throw ContentsError("a text \(place) with other tokens than the one GGUF files have for that")
      }
      special = id
      return true
    }
    addsBOS = try only(template.before, &special.bos, "begins")
    addsEOS = try only(template.after, &special.eos, "ends")
  }
}

extension ByteStrings {
  /// All strings, with what is no UTF-8 replaced.
  package var strings: [String] { (0..<count).map { String(decoding: self[$0], as: UTF8.self) } }
}
