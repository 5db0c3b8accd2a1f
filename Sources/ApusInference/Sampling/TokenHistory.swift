// The most recent tokens of a sequence, in a ring.

/// The last tokens of a sequence, newest first.
struct TokenHistory: Sendable {
  private var tokens: [Int32]
  private var next = 0
  private(set) var count = 0

  /// Remembers the last `capacity` tokens.
  init(capacity: Int) {
    tokens = Array(repeating: 0, count: capacity)
  }

  var capacity: Int { tokens.count }

  /// The token `age` places back; 0 is the newest.
  subscript(age: Int) -> Int32 {
    let index = next - 1 - age
    return tokens[index < 0 ? index + tokens.count : index]
  }

  /// Remembers a token.
  ///
  /// - Returns: the token that was forgotten for it.
  @discardableResult
  mutating func push(_ token: Int32) -> Int32? {
    guard !tokens.isEmpty else { return token }
    let forgotten = count == tokens.count ? tokens[next] : nil
    tokens[next] = token
    next = next + 1 == tokens.count ? 0 : next + 1
    count = min(count + 1, tokens.count)
    return forgotten
  }
}
