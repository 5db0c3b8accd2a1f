// What the tests of tokenizer training share: random texts from a seed, and training as one would write it down, without
// any cleverness.

import ApusRuntime
import ApusText

@testable import ApusData

/// Random numbers from a seed.
struct Seeded: RandomNumberGenerator {
  private let philox: Philox
  private var position: UInt64 = 0

  init(_ seed: Int) { philox = Philox(key: UInt64(seed)) }

  mutating func next() -> UInt64 {
    let block = philox.block(position)
    position += 1
    return UInt64(block.x) << 32 | UInt64(block.y)
  }
}

/// Texts over small alphabets: equal counts, runs, white space of all kinds, bytes that are no UTF-8.
func randomText(_ random: inout Seeded, pieces: Int) -> [UInt8] {
  let alphabets: [[String]] = [
    ["a", "b"], ["a", "b", " "], ["a", "b", "c", " ", "\n"], ["ab", "ba", " ", "  ", "\r\n", "'s", "1", "."],
    ["é", "中", "文", "。", "\n", "a", " "], ["x", "\u{A0}", "\u{3000}", " ", "\n", "\u{85}", "!", "7"],
    ["🚀", "👩‍🚀", "e\u{301}", " ", "\t", "\0"], ["a", "\n", "\r", ".", " ", "'LL", "\u{2028}", "42"],
  ]
  var text: [UInt8] = []
  let alphabet = alphabets.randomElement(using: &random)!
  let hasJunk = Int.random(in: 0..<4, using: &random) == 0
  for _ in 0..<pieces {
    text += alphabet.randomElement(using: &random)!.utf8
    if hasJunk, Int.random(in: 0..<8, using: &random) == 0 {
      text.append(UInt8.random(in: 0...255, using: &random))
    }
  }
  return text
}

/// The words of a text.
func words(_ pattern: WordPattern, _ text: [UInt8]) -> [[UInt8]] {
  var words: [[UInt8]] = []
  text.withUnsafeBufferPointer { bytes in
    pattern.split(bytes, 0..<bytes.count) { words.append(Array(bytes[$0..<$1])) }
  }
  return words
}

/// The pieces and merges that training is defined by: count all pairs, merge the first of the most frequent, start over.
func referenceTraining(
  _ words: [[UInt8]: Int64], _ options: BPETrainingOptions
) -> (pieces: [[UInt8]], merges: [[UInt32]], tokens: Int) {
  let start = FirstPieces(specialTokens: options.specialTokens)
  var pieces = start.pieces
  var merges: [[UInt32]] = []
  var sequences = words.map { (symbols: $0.key.map { start.idOfByte[Int($0)] }, count: $0.value) }
  while pieces.count < options.vocabularySize {
    var counts: [UInt64: Int64] = [:]
    for (symbols, count) in sequences {
      for (left, right) in zip(symbols, symbols.dropFirst()) {
        counts[UInt64(left) << 32 | UInt64(right), default: 0] += count
      }
    }
    let best = counts.min { ($0.value, $1.key) > ($1.value, $0.key) }
    guard let best, best.value >= options.minimumFrequency else { break }
    let (left, right) = (UInt32(best.key >> 32), UInt32(best.key & 0xFFFF_FFFF))
    let piece = pieces[Int(left)] + pieces[Int(right)]
    let merged = start.specials[piece] ?? UInt32(pieces.count)
    if Int(merged) == pieces.count { pieces.append(piece) }
    merges.append([left, right])
    for index in sequences.indices {
      var symbols: [UInt32] = []
      for symbol in sequences[index].symbols {
        // Left to right, and what was just merged is not merged again.
        symbols.append(symbol)
        if symbols.count >= 2, symbols.suffix(2) == [left, right] {
          symbols.replaceSubrange((symbols.count - 2)..., with: [UInt32.max])
        }
      }
      sequences[index].symbols = symbols.map { $0 == .max ? merged : $0 }
    }
  }
  return (pieces, merges, sequences.reduce(0) { $0 + $1.symbols.count * Int($1.count) })
}
