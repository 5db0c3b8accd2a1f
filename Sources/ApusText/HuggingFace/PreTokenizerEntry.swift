// The `pre_tokenizer` of a `tokenizer.json`: how text falls into words. Sequences, splits by known patterns, digits,
// bytes, and SentencePiece's ▁; everything else is refused by its type.

import ApusBasics

/// What a `pre_tokenizer` comes to.
struct PreTokenizerEntry {
  /// Text is spelled in the byte alphabet of GPT-2.
  var isByteLevel = false
  /// BERT's cutting, which WordPiece does itself.
  var isBert = false
  /// The splitters one after the other, and the pre-tokenizer the most telling one is known by.
  var splitters: [any Splitter] = []
  var name: String?
  /// What each splitter is called in the table of patterns.
  var steps: [String] = []
  var words: [TextPipeline.WordStep] = []
  /// Entries that cut between spaces, and so mean nothing where none are left.
  private var blanks: [String] = []

  init(_ value: JSONValue?) throws(EntryError) {
    for entry in try Entry.flattened(value, "pre_tokenizer", "pretokenizers") {
      // Behind it the text is in GPT-2's alphabet, where patterns mean something else.
      if isByteLevel { throw EntryError(entry.path, "\(try entry.type()) behind ByteLevel is not supported") }
      try add(entry)
    }
  }

  private mutating func add(_ entry: Entry) throws(EntryError) {
    let type = try entry.type()
    if isBert { throw EntryError(entry.path, "\(type) behind BertPreTokenizer is not supported") }
    switch type {
    case "BertPreTokenizer":
      guard splitters.isEmpty, words.isEmpty else {
        throw .unsupported(entry.path, "BertPreTokenizer behind others")
      }
      isBert = true
    case "ByteLevel":
      isByteLevel = true
      if try entry.bool("add_prefix_space", default: true) {
        guard splitters.isEmpty, words.isEmpty else {
          throw .unsupported(entry.path, "add_prefix_space behind other steps")
        }
        words.append(.prefixSpace)
      }
      if try entry.bool("use_regex", default: true) {
        splitters.append(GPT2Splitter())
        steps.append("gpt-2")
        name = "gpt-2"
      }
    case "Split": try addSplit(entry)
    case "Digits":
      let single = try entry.bool("individual_digits", default: false)
      splitters.append(RunSplitter(set: .numbers, limit: single ? 1 : 0))
      steps.append(single ? "single numbers" : "numbers")
    case "WhitespaceSplit", "Metaspace":
      guard splitters.isEmpty else { throw .unsupported(entry.path, "\(type) behind a pattern") }
      words.append(type == "Metaspace" ? try metaspace(entry) : .dropWhitespace)
    default: throw .unsupported(entry.path, "the type \(type)")
    }
  }

  private mutating func addSplit(_ entry: Entry) throws(EntryError) {
    guard let pattern = entry.member("pattern") else { throw EntryError(entry.path, "has no pattern") }
    let path = entry.path + ".pattern"
    let inner = try Entry(pattern, path)
    let behavior = try entry.string("behavior") ?? "Isolated"
    let inverts = try entry.bool("invert", default: false)
    if let text = try inner.string("String") {
      guard text == " ", behavior == "MergedWithPrevious", !inverts else {
        throw .unsupported(path, "splitting at \(EntryError.shown(text)), \(behavior),")
      }
      blanks.append(entry.path)
      return
    }
    guard let text = try inner.string("Regex") else { throw EntryError(path, "is neither String nor Regex") }
    guard let known = SplitPatterns.known(text) else {
      throw EntryError(
        path, "the pattern \(EntryError.shown(text)) is not one Apus knows, so text cannot be split correctly"
      )
    }
    // Where a pattern matches everything, dropping what it does not match drops nothing.
    guard behavior == "Isolated" && !inverts || behavior == "Removed" && inverts && known.coversText else {
      throw .unsupported(entry.path, "the behavior \(behavior)\(inverts ? ", inverted" : ""),")
    }
    splitters.append(known.splitter)
    steps.append(known.name)
    if known.coversText || known.name == "deepseek-v3" || known.name == "bloom" { name = known.name }
  }

  private func metaspace(_ entry: Entry) throws(EntryError) -> TextPipeline.WordStep {
    let replacement = try entry.string("replacement") ?? "▁"
    guard replacement == "▁" else {
      throw .unsupported(entry.path + ".replacement", EntryError.shown(replacement))
    }
    var prefix = TextPipeline.Prefix.always
    if let scheme = try entry.string("prepend_scheme") {
      switch scheme {
      case "always": break
      case "first": prefix = .first
      case "never": prefix = .never
      default: throw .unsupported(entry.path + ".prepend_scheme", EntryError.shown(scheme))
      }
    } else if try !entry.bool("add_prefix_space", default: true) {
      prefix = .never
    }
    return .metaspace(prefix: prefix, splits: try entry.bool("split", default: true))
  }

  /// Checks that splits between spaces, if any, meet a text without spaces.
  func checkBlanks(areReplaced: Bool) throws(EntryError) {
    guard let path = blanks.first, !areReplaced else { return }
    throw .unsupported(path, "splitting at spaces without a normalizer that replaces them")
  }
}
