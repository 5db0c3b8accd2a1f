// The verifier: from what a model wrote to whether it is right. It reads bytes, in one pass over each line, and takes any
// text: whatever is not clearly the right answer is not right.

/// Checks answers.
public enum Verifier {
  /// What a text says about a problem.
  public enum Verdict: Equatable, Sendable {
    /// The answer is right.
    case correct
    /// There is one answer, and it is another.
    case wrong
    /// There are two different answers, or one line with several numbers.
    case ambiguous
    /// There is no answer line, or one without a number.
    case missing

    /// 1 for a right answer, else 0.
    public var reward: Double { self == .correct ? 1 : 0 }
  }

  /// Whether `text` ends in the answer of `problem`.
  public static func check(_ text: String, _ problem: Problem) -> Verdict {
    check(text, problem.answer)
  }

  /// Whether `text` gives `answer` in its lines `Answer: …`.
  ///
  /// What stands in `<think>` … `</think>` does not count. Spaces, capitals, asterisks, thousands separators (`1,234`,
  /// `1 234`), a unit behind the number and a full stop are read over. Two answer lines must agree; a second number on the
  /// line is only the remainder of a division.
  /// - Complexity: linear in the text.
  public static func check(_ text: String, _ answer: Answer) -> Verdict {
    var found: Found?
    var isAmbiguous = false
    for line in judged(Array(text.utf8)).split(whereSeparator: { $0 == newline || $0 == carriageReturn }) {
      guard let value = valueOfAnswer(line) else { continue }
      let next = Found(Array(value))
      if let found, found != next { isAmbiguous = true }
      found = next
    }
    guard let found else { return .missing }
    guard !isAmbiguous, found != .several else { return .ambiguous }
    guard found != .nothing else { return .missing }
    return found == .answer(answer) ? .correct : .wrong
  }

  /// What follows the last end of reasoning; nothing when reasoning begins and does not end.
  private static func judged(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    let (opening, closing) = (Array("<think>".utf8), Array("</think>".utf8))
    var end: Int?
    var isOpen = false
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "<") {
        if bytes[index...].starts(with: closing) {
          end = index + closing.count
          isOpen = false
        } else if bytes[index...].starts(with: opening) {
          isOpen = true
        }
      }
      index += 1
    }
    return isOpen ? [] : bytes[(end ?? 0)...]
  }

  /// What stands behind `Answer:` on a line that begins with it.
  private static func valueOfAnswer(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let isOrnament: (UInt8) -> Bool = {
      $0 == space || $0 == tab || $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "#")
    }
    var rest = line.drop(while: isOrnament)
    for letter in "answer".utf8 {
      guard let byte = rest.popFirst(), byte | 0x20 == letter else { return nil }
    }
    rest = rest.drop(while: isOrnament)
    guard rest.popFirst() == UInt8(ascii: ":") else { return nil }
    return rest
  }

  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let space = UInt8(ascii: " ")
  private static let tab = UInt8(ascii: "\t")
}

/// What an answer line holds.
private enum Found: Equatable {
  case nothing
  case answer(Answer)
  /// A number that is no whole number, or does not fit.
  case other
  case several

  init(_ bytes: [UInt8]) {
    var numbers: [(value: Int?, end: Int, start: Int)] = []
    var index = 0
    while index < bytes.count {
      guard isDigit(bytes[index]) else {
        index += 1
        continue
      }
      let start = index
      let value = readNumber(bytes, &index)
      // A letter before, as in x2 or 3e5, makes it a part of a name; r5 is the remainder.
      let isRest = numbers.last.map { isRemainder(bytes[$0.end..<start]) } ?? false
      let isName = start > 0 && isLetter(bytes[start - 1]) && !isRest
      numbers.append((isName ? nil : value, index, start))
    }
    switch numbers.count {
    case 0: self = .nothing
    case 1:
      self = numbers[0].value.map { Found.answer(.integer($0)) } ?? .other
    case 2 where isRemainder(bytes[numbers[0].end..<numbers[1].start]):
      guard let quotient = numbers[0].value, let remainder = numbers[1].value else {
        self = .other
        return
      }
      self = .answer(.division(quotient: quotient, remainder: remainder))
    default:
      let first = numbers[0].value
      self =
        first != nil && numbers.allSatisfy { $0.value == first } ? .answer(.integer(first ?? 0)) : .several
    }
  }
}

/// A whole number with its sign and thousands separators; nil for a fraction and for more digits than fit.
private func readNumber(_ bytes: [UInt8], _ index: inout Int) -> Int? {
  let isNegative = isMinus(bytes[..<index])
  var value: Int? = 0
  func digits() {
    while index < bytes.count, isDigit(bytes[index]) {
      value = value.flatMap { value in
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int(bytes[index] - 48))
        return overflow || carry ? nil : sum
      }
      index += 1
    }
  }
  let start = index
  var isGrouped = false
  digits()
  // Groups of exactly three digits behind a separator.
  while index - start <= 3 || isGrouped, let width = separator(bytes, at: index),
    groupLength(bytes, at: index + width) == 3
  {
    isGrouped = true
    index += width
    digits()
  }
  if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "."), isDigit(bytes[index + 1]) {
    index += 1
    let whole = value
    var isWhole = true
    while index < bytes.count, isDigit(bytes[index]) {
      isWhole = isWhole && bytes[index] == UInt8(ascii: "0")
      index += 1
    }
    value = isWhole ? whole : nil
  }
  return value.map { isNegative ? -$0 : $0 }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

private func isLetter(_ byte: UInt8) -> Bool {
  let lower = byte | 0x20
  return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
}

/// Whether a hyphen or U+2212 stands directly before, and no letter before that.
private func isMinus(_ before: ArraySlice<UInt8>) -> Bool {
  var rest = before
  if rest.suffix(3).elementsEqual([0xE2, 0x88, 0x92]) {
    rest = rest.dropLast(3)
  } else if rest.last == UInt8(ascii: "-") {
    rest = rest.dropLast()
  } else {
    return false
  }
  return !(rest.last.map(isLetter) ?? false)
}

/// The bytes of a thousands separator: a comma, apostrophe, space, no-break space or narrow no-break space.
private func separator(_ bytes: [UInt8], at index: Int) -> Int? {
  guard index < bytes.count else { return nil }
  switch bytes[index] {
  case UInt8(ascii: ","), UInt8(ascii: "'"), UInt8(ascii: " "): return 1
  case 0xC2 where index + 1 < bytes.count && bytes[index + 1] == 0xA0: return 2
  case 0xE2 where bytes[index...].starts(with: [0xE2, 0x80, 0xAF]): return 3
  default: return nil
  }
}

private func groupLength(_ bytes: [UInt8], at index: Int) -> Int {
  guard index < bytes.count else { return 0 }
  return bytes[index...].prefix(4).prefix(while: isDigit).count
}

/// Whether the bytes between two numbers say that the second is a remainder.
private func isRemainder(_ bytes: ArraySlice<UInt8>) -> Bool {
  let word = bytes.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ".") }
    .map { $0 | 0x20 }
  return ["r", "rem", "remainder", "andremainder"].contains { word.elementsEqual($0.utf8) }
}
