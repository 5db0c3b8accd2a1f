// Which token begins a text, which ends it, which is unknown: `tokenizer_config.json` says it by spelling; without it
// the model's own entry, the usual spellings and the template do.

import ApusBasics

/// Finds the special tokens of a file.
struct SpecialNames {
  private let list: TokenList
  /// What was found but does not fit, for the user.
  private(set) var notes: [String]

  init(_ list: TokenList, notes: [String]) {
    self.list = list
    self.notes = notes
  }

  mutating func special(
    config: JSONValue?, model: Entry, template: TokenTemplate
  ) throws(EntryError) -> SpecialTokens {
    var special = SpecialTokens()
    if let config, !config.isNull {
      let entry = try Entry(config, "tokenizer_config.json")
      special.bos = try named("bos_token", entry)
      special.eos = try named("eos_token", entry)
      special.sep = try named("sep_token", entry)
      special.pad = try named("pad_token", entry)
      special.mask = try named("mask_token", entry)
      special.cls = try named("cls_token", entry)
      special.unk = try named("unk_token", entry)
      try compare(entry, "add_bos_token", special.bos, template.before, "begin")
      try compare(entry, "add_eos_token", special.eos, template.after, "end")
    } else {
      let added = Dictionary(list.added.filter(\.isSpecial).map { ($0.content, $0.id) }) { first, _ in first }
      func first(_ spellings: String...) -> Int32? { spellings.lazy.compactMap { added[$0] }.first }
      special.bos = first("<s>", "<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>")
      special.eos = first("</s>", "<eos>", "<|im_end|>", "<|endoftext|>", "<｜end▁of▁sentence｜>")
      special.cls = first("[CLS]")
      special.sep = first("[SEP]")
      special.pad = first("[PAD]", "<pad>", "<|endoftext|>")
      special.mask = first("[MASK]", "<mask>")
    }
    // What the model itself takes for unknown text comes first.
    if let text = try model.string("unk_token"), !text.isEmpty {
      guard let id = list.id(of: text) else {
        throw EntryError("model.unk_token", "\(EntryError.shown(text)) is not in the vocabulary")
      }
      special.unk = id
    } else if let id = try model.int("unk_id") {
      guard 0..<list.modelCount ~= id else {
        throw EntryError("model.unk_id", "\(id) names none of the \(list.modelCount) entries")
      }
      special.unk = Int32(id)
    } else if try model.string("type") == "BPE" {
      // Without one in the model, no text becomes unknown.
      special.unk = nil
    }
    if special.bos == nil, special.cls == nil, template.before.count == 1 { special.bos = template.before[0] }
    if special.eos == nil, special.sep == nil, template.after.count == 1 { special.eos = template.after[0] }
    return special
  }

  /// The id of a token the configuration names, as a text or as an object with its content.
  private mutating func named(_ key: String, _ config: Entry) throws(EntryError) -> Int32? {
    guard let value = config.member(key) else { return nil }
    guard let text = value.string ?? value["content"]?.string else {
      throw EntryError("tokenizer_config.json.\(key)", "is neither a text nor a token")
    }
    if let id = list.id(of: text) { return id }
    notes.append("tokenizer_config.json: the \(key) \(EntryError.shown(text)) is not in the vocabulary")
    return nil
  }

  /// Notes where the configuration and the template disagree; the template counts.
  private mutating func compare(
    _ config: Entry, _ key: String, _ id: Int32?, _ ids: [Int32], _ verb: String
  ) throws(EntryError) {
    guard let wanted = try config.bool(key), wanted == ids.isEmpty else { return }
    notes.append(
      "tokenizer_config.json: \(key) is \(wanted), but by tokenizer.json a text does \(wanted ? "not " : "")\(verb) "
        + "with a special token; tokenizer.json counts")
  }
}
