// A few thousand damaged files, from a seed: every one is read or refused, never a trap. The long run under a
// sanitizer is dev/fuzz.sh.

import ApusFiles
import ApusTestSupport
import Testing

@Suite struct GGUFMutationTests {
  @Test("Mutated files are read or refused", arguments: [UInt64(1), 2, 3, 4])
  func mutated(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    let original = TinyGGUF.sample().bytes()
    var accepted = 0
    for _ in 0..<750 {
      var bytes = original
      for _ in 0...random.below(3) { mutate(&bytes, &random) }
      guard let file = try? GGUFFile(bytes: bytes, name: "fuzz.gguf") else { continue }
      accepted += 1
      touch(file)
    }
    // Mutations are small enough that both happen.
    #expect(accepted > 50 && accepted < 700, "seed \(seed): \(accepted) of 750 accepted")
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard bytes.count > 16 else { return }
    let place = random.below(bytes.count)
    switch random.below(6) {
    case 0: bytes[place] ^= UInt8(1 << random.below(8))
    case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)]
    case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(16)))
    case 3:
      bytes.insert(contentsOf: (0..<1 + random.below(16)).map { _ in UInt8(random.below(256)) }, at: place)
    case 4: bytes.removeLast(random.below(bytes.count))
    default:
      // A word of the kind that breaks arithmetic, where counts and sizes are.
      let start = min(place / 4 * 4, bytes.count - 8)
      let word = [UInt64.max, 1 << 63, 1 << 62, 1 << 32, UInt64(UInt32.max), 0, 1][random.below(7)]
      bytes.replaceSubrange(start..<start + 8, with: RawGGUF.word(word))
    }
  }

  /// Uses everything an accepted file offers.
  private func touch(_ file: GGUFFile) {
    for key in file.metadata.keys {
      if let value = file.metadata[key] { touch(value) }
    }
    for tensor in file.tensors {
      let bytes = file.bytes(of: tensor)
      precondition(bytes.count == tensor.byteCount)
      _ = tensor.type.firstFault(in: bytes)
    }
  }

  private func touch(_ value: GGUFValue) {
    _ = (value.int, value.float, value.bool, value.string)
    guard let array = value.array else { return }
    _ = (array.ints, array.floats, array.bools, array.strings?.last)
    for index in 0..<min(array.count, 8) { touch(array[index]) }
  }
}

/// Steele, Lea and Flood's generator (doi:10.1145/2660193.2660195): a seed to numbers.
private struct SplitMix {
  var state: UInt64

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ z >> 31) % UInt64(bound))
  }
}
