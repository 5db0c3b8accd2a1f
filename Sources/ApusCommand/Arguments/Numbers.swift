// Numbers in the texts of a command line: strict decimal reading, and short decimal writing.

import ApusBasics

/// The whole number that `text` spells in decimal.
func wholeNumber(_ text: String, in range: ClosedRange<Int>) throws(ValueProblem) -> Int {
  guard let number = Int(text) else {
    let digits = text.drop { $0 == "-" || $0 == "+" }
    let isNumber = !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
    throw ValueProblem(text: isNumber ? "is too large" : "is not a whole number")
  }
  guard range.contains(number) else {
    throw ValueProblem(
      text: rangeProblem(
        String(range.lowerBound), String(range.upperBound),
        hasLower: range.lowerBound != Int.min, hasUpper: range.upperBound != Int.max))
  }
  return number
}

/// The finite number that `text` spells in decimal. Hexadecimal, `nan` and `inf`, which Swift would read, are
/// refused: no option means anything by them.
func finiteNumber(_ text: String, in range: ClosedRange<Double>) throws(ValueProblem) -> Double {
  let isDecimal = text.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }
  guard isDecimal, let number = Double(text), number.isFinite else {
    throw ValueProblem(text: "is not a number")
  }
  guard range.contains(number) else {
    let bound = Double.greatestFiniteMagnitude
    throw ValueProblem(
      text: rangeProblem(
        shortText(range.lowerBound), shortText(range.upperBound),
        hasLower: range.lowerBound != -bound, hasUpper: range.upperBound != bound))
  }
  return number
}

private func rangeProblem(_ lower: String, _ upper: String, hasLower: Bool, hasUpper: Bool) -> String {
  switch (hasLower, hasUpper) {
  case (true, true): "is not between \(lower) and \(upper)"
  case (true, false): "is less than \(lower)"
  case (false, true): "is more than \(upper)"
  case (false, false): "is out of range"
  }
}
