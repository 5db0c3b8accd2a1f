// libFuzzer target: any vocabulary is a tokenizer or is refused, and any text is encoded and decoded. Run by
// dev/fuzz.sh; the first inputs come from TokenizerSeeds.swift.
//
// An input is read as: kind, pre-tokenizer, flags; a count and that many pieces, each with its length before it;
// a count and that many merges; a count and that many bytes of character map; the rest is the text.

import ApusText

/// Called by libFuzzer with one input; a trap, a sanitizer's report or a large allocation is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTokenizer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var input = Input(bytes: UnsafeBufferPointer(start: start, count: count))
  let model = ["llama", "gpt2", "gemma4", "bert", "t5"][input.number(5)]
  let pre = preTokenizers[input.number(preTokenizers.count)]
  let flags = input.number(256)
  var pieces = flags & 1 == 0 ? [] : bytePieces(model)
  let complete = flags & 1 != 0
  pieces += input.strings()
  let merges = input.strings()
  var options = TokenizerOptions()
  if flags & 2 != 0 { options.addSpacePrefix = flags & 4 != 0 }
  if flags & 8 != 0 { options.removeExtraWhitespaces = flags & 16 != 0 }
  if flags & 32 != 0 { options.addBOS = flags & 64 != 0 }
  options.characterMap = input.take(input.number(256))
  let text = input.take(.max)

  let kinds = pieces.indices.map { index in
    // The bytes are bytes; beyond them every eighth token is special in some way.
    index < 256 && complete
      ? (model == "gpt2" ? TokenKind.normal : .byte)
      : index % 8 == 7 ? TokenKind.allCases[index / 8 % 7] : .normal
  }
  guard
    let vocabulary = try? Vocabulary(
      pieces: ByteStrings(pieces), scores: pieces.indices.map { -Float($0) }, kinds: kinds),
    let tokenizer = try? Tokenizers.make(
      model: model, pre: pre, vocabulary: vocabulary, merges: ByteStrings(merges), options: options)
  else { return 0 }

  for special in [false, true] {
    guard let ids = try? tokenizer.encode(text, addSpecial: special, parseSpecial: special) else { continue }
    precondition(ids.allSatisfy { vocabulary.contains($0) })
    let whole = tokenizer.decode(ids, special: true)
    var decoder = StreamDecoder(tokenizer, special: true)
    var streamed = ""
    for id in ids { streamed += decoder.push(id) }
    streamed += decoder.flush()
    precondition(streamed == String(decoding: whole, as: UTF8.self), "streaming differs")
  }
  return 0
}

private let preTokenizers = [
  "default", "gpt-2", "starcoder", "falcon", "llama-bpe", "qwen2", "qwen35", "laguna", "exaone-moe", "gpt-4o",
  "tekken",
  "tiny_aya", "youtu", "kimi-k2", "deepseek-llm", "deepseek-coder", "deepseek-v3", "afmoe", "bloom",
  "superbpe",
  "chameleon", "sarvam-moe", "jais-2", "minicpm5", "chatglm-bpe", "",
]

/// A token for each byte, as the kind spells it.
private func bytePieces(_ model: String) -> [[UInt8]] {
  let digits = Array("0123456789ABCDEF".utf8)
  var next: UInt32 = 256
  return (0..<256).map { byte in
    guard model == "gpt2" else {
      return Array("<0x".utf8) + [digits[byte >> 4], digits[byte & 15]] + Array(">".utf8)
    }
    // GPT-2's alphabet: printable bytes are themselves, the rest follow from U+0100.
    var scalar = UInt32(byte)
    if !(33...126 ~= byte || 161...172 ~= byte || 174...255 ~= byte) {
      scalar = next
      next += 1
    }
    return Unicode.Scalar(scalar).map { Array(String(Character($0)).utf8) } ?? []
  }
}

/// The bytes of an input, read from the front.
private struct Input {
  let bytes: UnsafeBufferPointer<UInt8>
  var place = 0

  mutating func number(_ bound: Int) -> Int { (take(1).first.map { Int($0) } ?? 0) % bound }

  mutating func take(_ count: Int) -> [UInt8] {
    let end = place + min(count, bytes.count - place)
    defer { place = end }
    return Array(bytes[place..<end])
  }

  mutating func strings() -> [[UInt8]] {
    (0..<number(64)).map { _ in take(number(16)) }
  }
}
