// A small map from tokens to whole numbers, sized once. Samplers count and mark recent tokens with it.

/// A hash table with linear probing whose memory is fixed at the start.
struct TokenTable: Sendable {
  private var tokens: [Int32]
  private var values: [Int32]
  private let mask: Int
  private(set) var count = 0

  private static let free: Int32 = -1

  /// Room for `capacity` distinct tokens, half empty so that probes stay short.
  init(capacity: Int) {
    var slots = 8
    while slots < 2 * capacity { slots *= 2 }
    tokens = Array(repeating: Self.free, count: slots)
    values = Array(repeating: 0, count: slots)
    mask = slots - 1
  }

  /// The value of a token, 0 when it has none. Setting 0 removes the token.
  subscript(token: Int32) -> Int32 {
    get {
      let slot = slot(of: token)
      return tokens[slot] == token ? values[slot] : 0
    }
    set {
      let slot = slot(of: token)
      if tokens[slot] == token {
        if newValue == 0 { remove(slot) } else { values[slot] = newValue }
      } else if newValue != 0 {
        precondition(2 * count < tokens.count, "more tokens than the table was made for")
        tokens[slot] = token
        values[slot] = newValue
        count += 1
      }
    }
  }

  /// Calls `body` with each token and its value, in no particular order.
  func forEach(_ body: (_ token: Int32, _ value: Int32) throws -> Void) rethrows {
    for slot in tokens.indices where tokens[slot] != Self.free {
      try body(tokens[slot], values[slot])
    }
  }

  mutating func removeAll() {
    guard count > 0 else { return }
    for slot in tokens.indices { tokens[slot] = Self.free }
    count = 0
  }

  /// Fibonacci hashing spreads neighbouring tokens.
  private func home(_ token: Int32) -> Int {
    Int(truncatingIfNeeded: UInt32(bitPattern: token) &* 2_654_435_769 >> 7) & mask
  }

  /// Where the token is, or the free slot where it would go.
  private func slot(of token: Int32) -> Int {
    var slot = home(token)
    while tokens[slot] != Self.free, tokens[slot] != token { slot = (slot + 1) & mask }
    return slot
  }

  /// Frees a slot and moves up what had been pushed past it.
  private mutating func remove(_ removed: Int) {
    var hole = removed
    var slot = (hole + 1) & mask
    while tokens[slot] != Self.free {
      let distance = (slot - home(tokens[slot])) & mask
      if distance >= (slot - hole) & mask {
        tokens[hole] = tokens[slot]
        values[hole] = values[slot]
        hole = slot
      }
      slot = (slot + 1) & mask
    }
    tokens[hole] = Self.free
    count -= 1
  }
}
