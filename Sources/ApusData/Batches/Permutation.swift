// A shuffle without a list: where index i goes is computed from i alone, so an epoch of any size needs no memory and can be
// entered anywhere. A Feistel network over the next power of two, its rounds keyed by Philox (M. Luby, C. Rackoff, SIAM J.
// Comput. 17, 1988), walked until it lands inside (J. Black, P. Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA
// 2002, doi:10.1007/3-540-45760-7_9).

import ApusRuntime

/// A bijection of 0 ..< `count`, chosen by a seed and an epoch.
struct Permutation {
  let count: Int
  private let random: Philox
  private let epoch: UInt64
  private let lowBits: UInt64
  private let highBits: UInt64

  /// More rounds than the four that suffice in theory: halves of a bit or two mix slowly.
  private static let rounds: UInt64 = 8

  /// - Parameter count: at least 1.
  init(count: Int, seed: UInt64, epoch: Int) {
    precondition(count > 0)
    self.count = count
    random = Philox(key: seed)
    self.epoch = UInt64(epoch)
    let bits = UInt64(Int.bitWidth - (count - 1).leadingZeroBitCount)
    highBits = bits / 2
    lowBits = bits - highBits
  }

  /// Where `index` goes.
  ///
  /// - Complexity: O(1): fewer than two walks through the network on average, each about 0.1 µs.
  subscript(index: Int) -> Int {
    precondition(index >= 0 && index < count)
    var value = UInt64(index)
    repeat { value = mixed(value) } while value >= UInt64(count)
    return Int(value)
  }

  /// A bijection of the numbers of `highBits + lowBits` bits: each round changes one half by a function of the other.
  private func mixed(_ value: UInt64) -> UInt64 {
    var high = value >> lowBits
    var low = value & (1 << lowBits - 1)
    for round in 0..<Self.rounds {
      if round % 2 == 0 {
        low ^= word(high, round) & (1 << lowBits - 1)
      } else {
        high ^= word(low, round) & (1 << highBits - 1)
      }
    }
    return high << lowBits | low
  }

  private func word(_ half: UInt64, _ round: UInt64) -> UInt64 {
    // A half has at most 32 bits: the round stands above it.
    UInt64(random.block(half | round << 32, epoch)[0])
  }
}
