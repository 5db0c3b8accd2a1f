// One operation, written the way a small model can follow it: what the times table or a single digit does not give at
// once is done place by place, the highest first, in a chain of equal terms: 47 + 38 = 77 + 8 = 85. Every link changes one
// digit's worth, so a link is a fact to learn instead of an algorithm to run.

/// The four operations.
enum Arithmetic: Character, CaseIterable {
  case plus = "+"
  case minus = "-"
  case times = "×"
  case over = "÷"

  /// The result, when it is a whole number from 0 to `limit` that `chain` can explain.
  func result(_ left: Int, _ right: Int, limit: Int) -> Int? {
    let value: Int
    switch self {
    case .plus: value = left + right
    case .minus: value = left - right
    case .times:
      // A product of two larger numbers would need a second sum.
      guard min(left, right) <= 10, max(left, right) < 100 else { return nil }
      value = left * right
    case .over:
      guard right > 0, right <= 10, left % right == 0, left / right < 100 else { return nil }
      value = left / right
    }
    return value >= 0 && value <= limit ? value : nil
  }

  /// `left op right = … = result`, every part equal to the others.
  func chain(_ left: Int, _ right: Int) -> String {
    var text = "\(left) \(rawValue) \(right)"
    switch self {
    case .plus:
      var (sum, rest) = (left, right)
      while !isEasy(rest), !isEasy(sum) {
        let place = top(rest)
        sum += place
        rest -= place
        text += " = \(sum) + \(rest)"
      }
      return text + " = \(sum + rest)"
    case .minus:
      var (difference, rest) = (left, right)
      while !isEasy(rest) {
        let place = top(rest)
        difference -= place
        rest -= place
        text += " = \(difference) - \(rest)"
      }
      return text + " = \(difference - rest)"
    case .times:
      let (small, large) = (min(left, right), max(left, right))
      if large <= 10 || isEasy(large) || small == 10 || small < 2 { return text + " = \(left * right)" }
      let tens = top(large)
      return text + " = " + Arithmetic.plus.chain(small * tens, small * (large - tens))
    case .over:
      let quotient = left / right
      if quotient <= 10 || isEasy(quotient) || right < 2 { return text + " = \(quotient)" }
      let tens = top(quotient) * right
      return text
        + " = \(tens) ÷ \(right) + \(left - tens) ÷ \(right) = \(tens / right) + \((left - tens) / right)"
        + " = \(quotient)"
    }
  }

  /// Whether a number has one digit that counts: 7, 30, 200.
  private func isEasy(_ number: Int) -> Bool { number == top(number) }

  /// The highest digit in its place: 200 of 285.
  private func top(_ number: Int) -> Int {
    var place = 1
    while number / place >= 10 { place *= 10 }
    return number / place * place
  }
}
