// A tokenizer's parts as the two JSON files that Hugging Face's libraries, and HuggingFaceTokenizer here, read.

import ApusBasics

extension TokenizerContents {
  /// `tokenizer.json`.
  ///
  /// - Complexity: O(*n* log *n*) in the bytes of the pieces.
  package var document: JSONValue {
    .members([
      ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
      ("added_tokens", .array(addedTokens)), ("normalizer", normalizer), ("pre_tokenizer", preTokenizer),
      ("post_processor", postProcessor), ("decoder", decoder), ("model", model),
    ])
  }

  /// `tokenizer_config.json`.
  ///
  /// - Parameters:
  ///   - contextLength: the most tokens a text may have.
  ///   - chatTemplate: how conversations are written down, if the model has conversations.
  package func configuration(contextLength: Int, chatTemplate: String?) -> JSONObject {
    var config = JSONObject()
    config["tokenizer_class"] = .string("PreTrainedTokenizerFast")
    for (key, id) in [
      ("bos_token", special.bos), ("eos_token", special.eos), ("unk_token", special.unk),
      ("pad_token", special.pad),
    ] {
      if let id, pieces.indices.contains(Int(id)) { config[key] = .string(pieces[Int(id)]) }
    }
    config["model_max_length"] = .int(Int64(contextLength))
    config["clean_up_tokenization_spaces"] = .bool(false)
    if let chatTemplate { config["chat_template"] = .string(chatTemplate) }
    return config
  }

  private var isBytes: Bool {
    if case .bytes = kind { return true }
    return false
  }

  private var addsSpace: Bool { kind == .sentencePiece(addsSpace: true) }

  private var addedTokens: [JSONValue] {
    pieces.indices.compactMap { id in
      let isSpecial = kinds[id] == .control || kinds[id] == .unknown
      guard isSpecial || kinds[id] == .userDefined else { return nil }
      return JSONValue.members([
        ("id", .int(Int64(id))), ("content", .string(pieces[id])), ("single_word", .bool(false)),
        ("lstrip", .bool(false)), ("rstrip", .bool(false)), ("normalized", .bool(false)),
        ("special", .bool(isSpecial)),
      ])
    }
  }

  // MARK: Around the model

  private var normalizer: JSONValue {
    guard !isBytes else { return .null }
    let replace = component(
      "Replace", [("pattern", JSONValue.members([("String", .string(" "))])), ("content", .string("▁"))])
    guard addsSpace else { return replace }
    return sequence("normalizers", [component("Prepend", [("prepend", .string("▁"))]), replace])
  }

  private var preTokenizer: JSONValue {
    guard case .bytes(let pre) = kind, let steps = PreTokenizerSteps.named(pre)?.steps else { return .null }
    // ByteLevel brings GPT-2's pattern with it.
    let endsInGPT2 = steps.last == "gpt-2"
    var parts = steps.dropLast(endsInGPT2 ? 1 : 0).compactMap { SplitPatterns.named($0) }.map { known in
      component(
        "Split",
        [
          ("pattern", JSONValue.members([("Regex", .string(known.spellings[0]))])),
          ("behavior", .string("Isolated")),
          ("invert", .bool(false)),
        ])
    }
    parts.append(byteLevel(usesPattern: endsInGPT2))
    return parts.count == 1 ? parts[0] : sequence("pretokenizers", parts)
  }

  private func byteLevel(usesPattern: Bool) -> JSONValue {
    component(
      "ByteLevel",
      [
        ("add_prefix_space", .bool(false)), ("trim_offsets", .bool(true)), ("use_regex", .bool(usesPattern)),
      ])
  }

  private var postProcessor: JSONValue {
    let begin = addsBOS ? special.bos : nil
    let end = addsEOS ? special.eos : nil
    guard begin != nil || end != nil else { return .null }
    func token(_ id: Int32?, _ segment: Int) -> [JSONValue] {
      guard let id else { return [] }
      return [part("SpecialToken", pieces[Int(id)], segment)]
    }
    func text(_ name: String, _ segment: Int) -> [JSONValue] {
      token(begin, segment) + [part("Sequence", name, segment)] + token(end, segment)
    }
    var tokens = JSONObject()
    for id in [begin, end].compactMap({ $0 }) {
      let piece = JSONValue.string(pieces[Int(id)])
      tokens[pieces[Int(id)]] = JSONValue.members([
        ("id", piece), ("ids", .array([.int(Int64(id))])), ("tokens", .array([piece])),
      ])
    }
    return component(
      "TemplateProcessing",
      [
        ("single", .array(text("A", 0))), ("pair", .array(text("A", 0) + text("B", 1))),
        ("special_tokens", .object(tokens)),
      ])
  }

  private func part(_ kind: String, _ id: String, _ segment: Int) -> JSONValue {
    JSONValue.members([(kind, JSONValue.members([("id", .string(id)), ("type_id", .int(Int64(segment)))]))])
  }

  private var decoder: JSONValue {
    guard !isBytes else { return byteLevel(usesPattern: true) }
    var steps = [
      component(
        "Replace", [("pattern", JSONValue.members([("String", .string("▁"))])), ("content", .string(" "))]),
      component("ByteFallback", []), component("Fuse", []),
    ]
    if addsSpace {
      steps.append(component("Strip", [("content", .string(" ")), ("start", .int(1)), ("stop", .int(0))]))
    }
    return sequence("decoders", steps)
  }

  // MARK: The model

  private var model: JSONValue {
    var vocabulary = JSONObject()
    for (id, piece) in pieces.enumerated() { vocabulary[piece] = .int(Int64(id)) }
    let unknown = special.unk.map { JSONValue.string(pieces[Int($0)]) } ?? .null
    return component(
      "BPE",
      [
        ("dropout", .null), ("unk_token", isBytes ? .null : unknown), ("continuing_subword_prefix", .null),
        ("end_of_word_suffix", .null), ("fuse_unk", .bool(!isBytes)), ("byte_fallback", .bool(!isBytes)),
        ("ignore_merges", .bool(ignoresMerges)), ("vocab", .object(vocabulary)),
        ("merges", .array(pairs.map { .array([.string($0.left), .string($0.right)]) })),
      ])
  }

  private var ignoresMerges: Bool {
    guard case .bytes(let pre) = kind else { return false }
    return PreTokenizerSteps.named(pre)?.ignoresMerges ?? false
  }

  private var pairs: [(left: String, right: String)] {
    guard isBytes else { return PieceScores(pieces, kinds).merges(of: scores) }
    return merges.compactMap { merge in
      let parts = merge.utf8.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      return (String(Substring(parts[0])), String(Substring(parts[1])))
    }
  }

  // MARK: JSON

  private func component(_ type: String, _ members: [(name: String, value: JSONValue)]) -> JSONValue {
    .members([("type", .string(type))] + members)
  }

  private func sequence(_ key: String, _ parts: [JSONValue]) -> JSONValue {
    component("Sequence", [(key, .array(parts))])
  }
}
