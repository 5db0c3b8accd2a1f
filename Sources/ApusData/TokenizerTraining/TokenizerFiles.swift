// A trained vocabulary as the two JSON files that Hugging Face's libraries, and HuggingFaceTokenizer here, read.

import ApusBasics
import ApusRuntime
import ApusText

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension LearnedPieces {
  /// The contents of `tokenizer.json`.
  func document(_ options: BPETrainingOptions) -> JSONValue {
    let alphabet = ByteAlphabet()
    let specials = options.specialTokens
    let spelled = specials + pieces.dropFirst(specials.count).map { alphabet.spelling($0) }
    var vocabulary = JSONObject()
    for (id, piece) in spelled.enumerated() { vocabulary[piece] = .int(Int64(id)) }
    let byteLevel = JSONValue.members([
      ("type", .string("ByteLevel")), ("add_prefix_space", .bool(false)), ("trim_offsets", .bool(true)),
      ("use_regex", .bool(options.pattern == .gpt2)),
    ])
    let split = JSONValue.members([
      ("type", .string("Split")), ("pattern", .members([("Regex", .string(options.pattern.expression))])),
      ("behavior", .string("Isolated")), ("invert", .bool(false)),
    ])
    return .members([
      ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
      (
        "added_tokens",
        .array(
          specials.enumerated().map { id, token in
            .members([
              ("id", .int(Int64(id))), ("content", .string(token)), ("single_word", .bool(false)),
              ("lstrip", .bool(false)), ("rstrip", .bool(false)), ("normalized", .bool(false)),
              ("special", .bool(true)),
            ])
          })
      ),
      ("normalizer", .null),
      (
        "pre_tokenizer",
        // ByteLevel brings GPT-2's pattern with it.
        options.pattern == .gpt2
          ? byteLevel
          : .members([("type", .string("Sequence")), ("pretokenizers", .array([split, byteLevel]))])
      ),
      ("post_processor", .null),
      (
        "decoder",
        .members([
          ("type", .string("ByteLevel")), ("add_prefix_space", .bool(true)), ("trim_offsets", .bool(true)),
          ("use_regex", .bool(true)),
        ])
      ),
      (
        "model",
        .members([
          ("type", .string("BPE")), ("dropout", .null), ("unk_token", .null),
          ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null), ("fuse_unk", .bool(false)),
          ("byte_fallback", .bool(false)), ("ignore_merges", .bool(false)), ("vocab", .object(vocabulary)),
          (
            "merges",
            .array(
              merges.map { .array([.string(spelled[Int($0.left)]), .string(spelled[Int($0.right)])]) })
          ),
        ])
      ),
    ])
  }

  /// The contents of `tokenizer_config.json`: the first special token ends a document, and fills up batches.
  func configuration(_ options: BPETrainingOptions) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("tokenizer_class", .string("PreTrainedTokenizerFast")), ("add_prefix_space", .bool(false)),
      ("clean_up_tokenization_spaces", .bool(false)),
    ]
    if let end = options.specialTokens.first {
      members += [("eos_token", .string(end)), ("pad_token", .string(end))]
    }
    return .members(members)
  }
}

extension JSONValue {
  /// An object with members in this order.
  fileprivate static func members(_ members: [(String, JSONValue)]) -> JSONValue {
    var object = JSONObject()
    for (key, value) in members { object[key] = value }
    return .object(object)
  }
}

/// Makes a folder unless it is there.
func makeFolder(_ path: String) throws(FileError) {
  guard mkdir(path, 0o777) != 0, errno != EEXIST else { return }
  throw .system(path: path, operation: "make the folder", reason: errorText(errno))
}
