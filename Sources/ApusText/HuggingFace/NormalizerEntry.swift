// The `normalizer` of a `tokenizer.json`: what is done to text before it falls into words. What the steps of
// TextNormalizer cannot express is refused by its type.

import ApusBasics

/// What a `normalizer` comes to.
struct NormalizerEntry {
  var normalizer = TextNormalizer()
  /// BERT's, which WordPiece does while it cuts; always the last one.
  var bert: WordNormalizer?
  /// Every space becomes ▁.
  var escapesSpaces = false
  /// A ▁ is put before the text.
  var prependsSign = false

  init(_ value: JSONValue?) throws(EntryError) {
    for entry in try Entry.flattened(value, "normalizer", "normalizers") {
      let type = try entry.type()
      if bert != nil { throw .unsupported(entry.path, "\(type) behind BertNormalizer") }
      if type == "BertNormalizer" {
        let lowercase = try entry.bool("lowercase", default: true)
        bert = WordNormalizer(
          lowercase: lowercase, stripAccents: try entry.bool("strip_accents") ?? lowercase,
          dropsControl: try entry.bool("clean_text", default: true),
          separatesIdeographs: try entry.bool("handle_chinese_chars", default: true))
      } else if let step = try step(type, entry) {
        normalizer.steps.append(step)
      }
    }
  }

  private mutating func step(_ type: String, _ entry: Entry) throws(EntryError) -> TextNormalizer.Step? {
    switch type {
    case "NFC": return .composed
    case "NFD": return .decomposed
    case "Lowercase": return .lowercase
    case "StripAccents": return .dropMarks
    case "Strip":
      return .strip(
        left: try entry.bool("strip_left", default: true), right: try entry.bool("strip_right", default: true)
      )
    case "Prepend":
      guard let text = try entry.string("prepend") else {
        throw EntryError(entry.path, "has no text to prepend")
      }
      prependsSign = prependsSign || text == "▁"
      return .prepend(Array(text.utf8))
    case "Replace": return try replacement(entry)
    case "Precompiled":
      // A model trained without normalisation has an empty map.
      guard let text = try entry.string("precompiled_charsmap"), !text.isEmpty else { return nil }
      let path = entry.path + ".precompiled_charsmap"
      guard let bytes = Base64.decode(text) else { throw EntryError(path, "is not base64") }
      do {
        return .characterMap(try CharacterMap(bytes))
      } catch {
        throw EntryError(path, error.description)
      }
    default: throw .unsupported(entry.path, "the type \(type)")
    }
  }

  private mutating func replacement(_ entry: Entry) throws(EntryError) -> TextNormalizer.Step {
    guard let pattern = entry.member("pattern"), let content = try entry.string("content") else {
      throw EntryError(entry.path, "has no pattern and content")
    }
    let path = entry.path + ".pattern"
    let inner = try Entry(pattern, path)
    let bytes = Array(content.utf8)
    if let text = try inner.string("String") {
      guard !text.isEmpty else { throw .unsupported(path, "an empty text") }
      if text == " " { escapesSpaces = content == "▁" }
      return .replace(.bytes(Array(text.utf8)), bytes)
    }
    guard let text = try inner.string("Regex") else { throw EntryError(path, "is neither String nor Regex") }
    switch text {
    case " {2,}": return .replace(.blanks(2), bytes)
    case " +": return .replace(.blanks(1), bytes)
    case #"\s+"#: return .replace(.whitespace(1), bytes)
    case #"\s{2,}|[\n\r\t]"#: return .replace(.whitespaceOrControl, bytes)
    case #"[\n\r\t]"#: return .replace(.control, bytes)
    case #"\n"#, "\n": return .replace(.bytes([0x0A]), bytes)
    case #"\r"#, "\r": return .replace(.bytes([0x0D]), bytes)
    case #"\t"#, "\t": return .replace(.bytes([0x09]), bytes)
    default:
      throw EntryError(path, "the pattern \(EntryError.shown(text)) is not one Apus knows")
    }
  }
}

/// RFC 4648, section 4.
enum Base64 {
  /// The bytes that `text` spells, or `nil`.
  static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { text in
      guard text.count % 4 == 0 else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(text.count / 4 * 3)
      let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
      for start in stride(from: 0, to: text.count, by: 4) {
        var word: UInt32 = 0
        for index in start..<start + 4 {
          guard let digit = digit(text[index], isPadding: index >= text.count - padding) else { return nil }
          word = word << 6 | digit
        }
        for shift in [16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
      }
      bytes.removeLast(padding)
      return bytes
    }
  }

  private static func digit(_ byte: UInt8, isPadding: Bool) -> UInt32? {
    if isPadding { return byte == UInt8(ascii: "=") ? 0 : nil }
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return UInt32(byte) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): return UInt32(byte) - 97 + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt32(byte) - 48 + 52
    case UInt8(ascii: "+"): return 62
    case UInt8(ascii: "/"): return 63
    default: return nil
    }
  }
}
