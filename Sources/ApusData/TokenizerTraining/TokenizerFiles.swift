// A trained vocabulary as the two JSON files that Hugging Face's libraries, and HuggingFaceTokenizer here, read.

import ApusBasics
import ApusText

extension TrainedTokenizer {
  /// The contents of `tokenizer.json`.
  public var tokenizerJSON: [UInt8] {
    let alphabet = ByteAlphabet()
    let special = options.specialTokens
    let learned = learned.pieces.dropFirst(special.count).map { alphabet.spelling($0) }
    let pieces = (special + learned).map { JSONValue.string($0).serialized() }
    let added = pieces.prefix(special.count).enumerated().map { id, token in
      """
          {
            "id": \(id),
            "content": \(token),
            "single_word": false,
            "lstrip": false,
            "rstrip": false,
            "normalized": false,
            "special": true
          }
      """
    }
    let vocabulary = pieces.enumerated().map { "      \($1): \($0)" }
    let merges = self.learned.merges.map { "      [\(pieces[Int($0.left)]), \(pieces[Int($0.right)])]" }
    let text = """
      {
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": \(Self.list("[", added, "]", indentation: 2)),
        "normalizer": null,
        "pre_tokenizer": \(preTokenizer),
        "post_processor": null,
        "decoder": {
          "type": "ByteLevel",
          "add_prefix_space": true,
          "trim_offsets": true,
          "use_regex": true
        },
        "model": {
          "type": "BPE",
          "dropout": null,
          "unk_token": null,
          "continuing_subword_prefix": null,
          "end_of_word_suffix": null,
          "fuse_unk": false,
          "byte_fallback": false,
          "ignore_merges": false,
          "vocab": \(Self.list("{", vocabulary, "}", indentation: 4)),
          "merges": \(Self.list("[", merges, "]", indentation: 4))
        }
      }

      """
    return Array(text.utf8)
  }

  /// The contents of `tokenizer_config.json`: the first special token ends a document, and fills up batches.
  public var configJSON: [UInt8] {
    let end = options.specialTokens.first.map { JSONValue.string($0).serialized() } ?? "null"
    let text = """
      {
        "add_prefix_space": false,
        "clean_up_tokenization_spaces": false,
        "eos_token": \(end),
        "pad_token": \(end),
        "tokenizer_class": "PreTrainedTokenizerFast"
      }

      """
    return Array(text.utf8)
  }

  /// ByteLevel brings GPT-2's pattern with it; another one comes before it.
  private var preTokenizer: String {
    switch options.pattern {
    case .gpt2:
      """
      {
          "type": "ByteLevel",
          "add_prefix_space": false,
          "trim_offsets": true,
          "use_regex": true
        }
      """
    case .llama3, .qwen2:
      """
      {
          "type": "Sequence",
          "pretokenizers": [
            {
              "type": "Split",
              "pattern": {
                "Regex": \(JSONValue.string(options.pattern.expression).serialized())
              },
              "behavior": "Isolated",
              "invert": false
            },
            {
              "type": "ByteLevel",
              "add_prefix_space": false,
              "trim_offsets": true,
              "use_regex": false
            }
          ]
        }
      """
    }
  }

  /// Items on lines of their own.
  private static func list(_ open: String, _ items: [String], _ close: String, indentation: Int) -> String {
    guard !items.isEmpty else { return open + close }
    return open + "\n" + items.joined(separator: ",\n") + "\n" + String(repeating: " ", count: indentation)
      + close
  }
}
