// Options, defaults of the kind of tokenizer and the vocabulary brought together, with the checks between them.

/// What a tokenizer is made from once every default is decided.
struct TokenizerSettings {
  var vocabulary: Vocabulary
  var options: TokenizerOptions
  var preTokenizer: String?
  var addsBOS = false
  var addsEOS = false
  var notes: [String] = []
  /// What only a `tokenizer.json` says.
  var huggingFace: HuggingFaceSettings?

  /// The special tokens around texts.
  func template(model: String) -> TokenTemplate {
    huggingFace?.template
      ?? TokenTemplate(model: model, special: vocabulary.special, addsBOS: addsBOS, addsEOS: addsEOS)
  }

  /// The way from a text to what the model sees.
  func pipeline() -> TextPipeline {
    huggingFace?.pipeline ?? TextPipeline(raw: specialTokenMatcher())
  }

  /// Fills in special ids that the file leaves out, where the vocabulary has them.
  mutating func setDefaults(_ defaults: SpecialTokens) {
    let count = vocabulary.count
    func fill(_ id: inout Int32?, _ value: Int32?) {
      if id == nil, let value, Int(value) < count { id = value }
    }
    fill(&vocabulary.special.bos, defaults.bos)
    fill(&vocabulary.special.eos, defaults.eos)
    fill(&vocabulary.special.unk, defaults.unk)
    fill(&vocabulary.special.sep, defaults.sep)
    fill(&vocabulary.special.pad, defaults.pad)
    fill(&vocabulary.special.mask, defaults.mask)
    fill(&vocabulary.special.cls, defaults.cls)
    if let eos = vocabulary.special.eos, !vocabulary.isEndOfGeneration(eos) {
      vocabulary.endOfGeneration = (vocabulary.endOfGeneration + [eos]).sorted()
    }
  }

  /// Decides whether BOS and EOS are added. A file that asks for a token it does not have is refused; a default that
  /// cannot be followed is noted.
  mutating func decideEnds(addBOS: Bool, addEOS: Bool) throws(TokenizerError) {
    addsBOS = options.addBOS ?? addBOS
    addsEOS = options.addEOS ?? addEOS
    if addsBOS, vocabulary.special.bos == nil {
      if options.addBOS == true { throw .missingSpecial(name: "bos", reason: "add_bos_token") }
      addsBOS = false
      notes.append("the vocabulary has no bos token, so none is added although this kind of tokenizer does")
    }
    if addsEOS, vocabulary.special.eos == nil {
      if options.addEOS == true { throw .missingSpecial(name: "eos", reason: "add_eos_token") }
      addsEOS = false
      notes.append("the vocabulary has no eos token, so none is added although this kind of tokenizer does")
    }
  }

  /// The matcher of special tokens, with the few models that take white space beside them along: their files do not
  /// say so, only their names do (llama.cpp, src/llama-vocab.cpp).
  func specialTokenMatcher() -> SpecialTokenMatcher {
    var stripsLeft: Set<Int32> = []
    var stripsRight: Set<Int32> = []
    let pre = preTokenizer ?? ""
    let name = (options.modelName ?? "").lowercased()
    if pre == "jina-v2-de" || pre == "jina-v2-es" || pre == "jina-v2-code"
      || ["nomic-bert-moe", "jina-bert-v3"].contains(options.architecture)
    {
      if let mask = vocabulary.id(of: "<mask>") { stripsLeft.insert(mask) }
    } else if contains(name, "phi-3") || contains(name, "phi3") {
      for id in 0..<Int32(vocabulary.count) where vocabulary.isMarker(id) { stripsRight.insert(id) }
      if let end = vocabulary.id(of: "</s>") { stripsRight.insert(end) }
      for piece in ["<unk>", "<s>", "<|endoftext|>"] {
        if let id = vocabulary.id(of: piece) { stripsRight.remove(id) }
      }
    } else if contains(name, "modern-bert") {
      if let mask = vocabulary.id(of: "[MASK]") { stripsLeft.insert(mask) }
    }
    return SpecialTokenMatcher(vocabulary, stripsLeft: stripsLeft, stripsRight: stripsRight)
  }

  private func contains(_ text: String, _ part: String) -> Bool {
    let (text, part) = (Array(text.utf8), Array(part.utf8))
    guard text.count >= part.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}

extension Tokenizer {
  /// The longest text one call takes, in bytes: positions within a word are kept in 32 bits.
  static var maximumTextLength: Int { 1 << 30 }

  func checkLength(_ text: UnsafeRawBufferPointer) throws(TokenizerError) {
    guard text.count <= Self.maximumTextLength else {
      throw .textTooLong(count: text.count, limit: Self.maximumTextLength)
    }
  }
}
