// The `decoder` of a `tokenizer.json`. Tokenizers here know what their tokens stand for, so a decoder says nothing new;
// but one of a type that would mean something else is refused.

import ApusBasics

/// The check of a `decoder`.
enum DecoderEntry {
  /// Throws where a decoder means something else than what the tokens stand for.
  static func check(_ value: JSONValue?) throws(EntryError) {
    for entry in try Entry.flattened(value, "decoder", "decoders") {
      let type = try entry.type()
      switch type {
      case "ByteLevel", "WordPiece", "Metaspace", "ByteFallback", "Fuse": break
      case "Replace":
        let pattern = entry.member("pattern")?["String"]?.string
        guard pattern == "▁", try entry.string("content") == " " else {
          throw .unsupported(entry.path, "replacing anything but ▁ by a space")
        }
      case "Strip":
        let stop = try entry.int("stop") ?? 0
        guard try entry.string("content") == " ", try entry.int("start") ?? 0 <= 1, stop == 0 else {
          throw .unsupported(entry.path, "stripping anything but one space at the start")
        }
      default: throw .unsupported(entry.path, "the type \(type)")
      }
    }
  }
}
