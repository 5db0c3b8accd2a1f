// The ids with a meaning of their own: those the file names, and those that only their spelling gives away. The
// spellings are the ones GGUF files in the wild rely on (llama.cpp, src/llama-vocab.cpp).

/// Ids of tokens with a meaning of their own; `nil` where a model has none.
public struct SpecialTokens: Sendable, Equatable {
  /// Begins a text.
  public var bos: Int32?
  /// Ends a text.
  public var eos: Int32?
  /// Ends a turn of a conversation.
  public var eot: Int32?
  /// Ends a message that expects a tool's answer.
  public var eom: Int32?
  /// Stands for what no other token covers.
  public var unk: Int32?
  /// Separates two texts; ends a text of a BERT.
  public var sep: Int32?
  /// Fills a batch.
  public var pad: Int32?
  /// Stands for a word to guess.
  public var mask: Int32?
  /// Begins a text of a BERT.
  public var cls: Int32?
  /// Fill in the middle: before the text that precedes the gap.
  public var fillPrefix: Int32?
  /// Fill in the middle: before the text that follows the gap.
  public var fillSuffix: Int32?
  /// Fill in the middle: where the answer begins.
  public var fillMiddle: Int32?
  /// Fill in the middle: padding.
  public var fillPad: Int32?
  /// Fill in the middle: before the name of a repository.
  public var fillRepository: Int32?
  /// Fill in the middle: between two files.
  public var fillSeparator: Int32?

  /// All ids `nil` but those given.
  public init(
    bos: Int32? = nil, eos: Int32? = nil, eot: Int32? = nil, eom: Int32? = nil, unk: Int32? = nil,
    sep: Int32? = nil, pad: Int32? = nil, mask: Int32? = nil, cls: Int32? = nil
  ) {
    self.bos = bos
    self.eos = eos
    self.eot = eot
    self.eom = eom
    self.unk = unk
    self.sep = sep
    self.pad = pad
    self.mask = mask
    self.cls = cls
  }

  /// The ids that are there, with the names the errors use.
  var named: [(name: String, id: Int32)] {
    let all: [(String, Int32?)] = [
      ("bos", bos), ("eos", eos), ("eot", eot), ("eom", eom), ("unk", unk), ("sep", sep), ("pad", pad),
      ("mask", mask), ("cls", cls), ("fim_pre", fillPrefix), ("fim_suf", fillSuffix), ("fim_mid", fillMiddle),
      ("fim_pad", fillPad), ("fim_rep", fillRepository), ("fim_sep", fillSeparator),
    ]
    return all.compactMap { name, id in id.map { (name, $0) } }
  }
}

/// The spellings by which special tokens are found where the file does not name their ids.
private enum Spelling {
  static let eot = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>",
    "_<EOT>",
    "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>",
  ]
  static let eom = ["<|eom_id|>"]
  static let fillPrefix = [
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>",
    "<|prefix|>",
  ]
  static let fillSuffix = [
    "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>",
    "<|suffix|>",
  ]
  static let fillMiddle = [
    "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>",
    "<|middle|>",
  ]
  static let fillPad = ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]
  static let fillRepository = ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"]
  static let fillSeparator = ["<|file_sep|>"]
  /// Tokens that end what a model says, whatever the file calls them.
  static let end = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
    "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
  ]
  /// Control tokens of the "harmony" chat format, shown because programs read the channels from them. They stay
  /// control tokens: a user's text never becomes one.
  static let shown = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]

  static let all = Set(
    eot + eom + fillPrefix + fillSuffix + fillMiddle + fillPad + fillRepository + fillSeparator + end + shown
      + ["<|plamo:eos|>"])
}

extension Vocabulary {
  /// Completes the special ids and the kinds from the spelling of pieces, and collects what ends generation.
  mutating func findTokensByName() {
    let ids = idsOfSpellings()

    var found: [Int32] = []
    func complete(_ id: inout Int32?, _ spellings: [String]) {
      guard id == nil, let first = spellings.lazy.compactMap({ ids[$0] }).first else { return }
      id = first
      found.append(first)
    }
    complete(&special.eot, Spelling.eot)
    complete(&special.eom, Spelling.eom)
    complete(&special.fillPrefix, Spelling.fillPrefix)
    complete(&special.fillSuffix, Spelling.fillSuffix)
    complete(&special.fillMiddle, Spelling.fillMiddle)
    complete(&special.fillPad, Spelling.fillPad)
    complete(&special.fillRepository, Spelling.fillRepository)
    complete(&special.fillSeparator, Spelling.fillSeparator)
    var ends = Set(Spelling.end.compactMap { ids[$0] })
    ends.formUnion([special.fillPad, special.fillRepository, special.fillSeparator].compactMap { $0 })
    ends.formUnion([special.eos, special.eot, special.eom].compactMap { $0 })

    // Two families use a usual end token for something else.
    func has(_ spelling: String) -> Bool { ids[spelling] != nil }
    if let end = ids["<|end|>"], has("<|call|>") || has("<|calls|>"), has("<|return|>") || has("<|flush|>") {
      ends.remove(end)
    }
    if let end = ids["</s>"], has("<|tool_response>") || has("<|plamo:eos|>"), end != special.eos {
      ends.remove(end)
    }
    endOfGeneration = ends.sorted()
    for id in Spelling.end.compactMap({ ids[$0] }).filter(ends.contains) + found { setKind(.control, of: id) }
    shownControls = Set(Spelling.shown.compactMap { ids[$0] })
  }

  /// The ids of the pieces with a known spelling; the first where a piece appears twice.
  private func idsOfSpellings() -> [String: Int32] {
    let firsts = Set(Spelling.all.map { $0.utf8.first! })
    let longest = Spelling.all.map(\.utf8.count).max()!
    var ids: [String: Int32] = [:]
    for id in 0..<Int32(count) {
      let piece = pieceBytes(id)
      guard piece.count > 3, piece.count <= longest, firsts.contains(piece[0]) else { continue }
      let text = String(decoding: piece, as: UTF8.self)
      if Spelling.all.contains(text), ids[text] == nil { ids[text] = id }
    }
    return ids
  }
}
