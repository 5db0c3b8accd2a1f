// Small model files for the tests of commands.

import ApusFiles
import ApusTestSupport

@testable import ApusCommand

/// A file with two matrices and a vector, without a tokenizer.
func tinyWeights(broken: Bool = false) -> [UInt8] {
  var tiny = TinyGGUF()
  tiny.header.set("general.architecture", .string("llama"))
  tiny.header.set("general.name", .string("tiny \u{1B}[31m"))
  tiny.header.set("llama.block_count", .scalar(UInt32(1)))
  var values = (0..<64 * 4).map { Float($0 % 17) - 8 }
  tiny.add("output.weight", [64, 4], values)
  if broken { values[70] = .nan }
  tiny.add("token_embd.weight", [64, 4], values)
  tiny.add("output_norm.weight", [64], [Float](repeating: 1, count: 64))
  return tiny.bytes()
}

/// A file with a SentencePiece vocabulary of letters, bytes and one merged piece.
func tinyVocabulary(bos: UInt32 = 1) -> [UInt8] {
  let letters = ["\u{2581}", "a", "b", "\u{2581}a", "ab"]
  let bytes = (0..<256).map { byte in
    "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
  }
  var tiny = TinyGGUF()
  tiny.header.set("general.architecture", .string("llama"))
  tiny.header.set("tokenizer.ggml.model", .string("llama"))
  tiny.header.set("tokenizer.ggml.tokens", .strings(["<unk>", "<s>", "</s>"] + bytes + letters))
  tiny.header.set(
    "tokenizer.ggml.scores",
    .scalars([Float](repeating: 0, count: 259) + [Float(-10), -11, -12, -2, -1]))
  tiny.header.set(
    "tokenizer.ggml.token_type",
    .scalars([Int32(2), 3, 3] + [Int32](repeating: 6, count: 256) + [Int32](repeating: 1, count: 5)))
  tiny.header.set("tokenizer.ggml.bos_token_id", .scalar(bos))
  tiny.header.set("tokenizer.ggml.eos_token_id", .scalar(UInt32(2)))
  tiny.header.set("tokenizer.chat_template", .string("{{ messages }}\n"))
  return tiny.bytes()
}
