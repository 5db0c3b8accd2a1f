// Choices for generated text: a row of random numbers that is a function of a seed, a purpose and a number, so item n is
// the same on any machine and in any order. What is chosen stands with the problems and the stories.

import ApusRuntime

/// Random choices of one item.
struct Draws {
  private let random: Philox
  private let item: UInt64
  private var position: UInt64
  private var words = SIMD4<UInt32>()
  private var used = 4

  /// The choices of item `number`. Another `attempt` is another row of choices for the same item.
  init(_ purpose: String, seed: UInt64, number: Int, attempt: Int = 0) {
    random = Philox(key: Philox.key(for: purpose, seed: seed))
    item = UInt64(bitPattern: Int64(number))
    position = UInt64(attempt) << 32
  }

  /// A number in `0..<count`.
  mutating func below(_ count: Int) -> Int {
    precondition(count > 0)
    if used == 4 {
      words = random.block(position, item)
      position += 1
      used = 0
    }
    let word = UInt64(words[used])
    used += 1
    // The high half of a product is off an even spread by less than count / 2³².
    return Int((word &* UInt64(count)) >> 32)
  }

  /// A number in `range`.
  mutating func number(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  /// True once in `count` times, on average.
  mutating func onceIn(_ count: Int) -> Bool { below(count) == 0 }

  /// One of several.
  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

  /// One of several phrasings.
  mutating func say(_ choices: String...) -> String { pick(choices) }

  /// Several different ones, in random order; all of them when there are not more.
  mutating func pick<Element>(_ count: Int, of choices: [Element]) -> [Element] {
    var rest = choices
    let count = min(count, rest.count)
    for place in 0..<count {
      rest.swapAt(place, place + below(rest.count - place))
    }
    return Array(rest.prefix(count))
  }
}
