// Which values a vector may have, and what it is multiplied with before it is stored or compared.

extension Similarity {
  /// The largest magnitude of a value that is stored or asked with. Sums of 2^20 products of such values stay below 2^120:
  /// no score is infinite or no number.
  static let largestValue: Float = 0x1p50

  /// What brings a vector into the form that is stored and compared; nil when it has no direction. A vector of length 1
  /// already, such as one taken over from another index, keeps its bits.
  func factor(_ vector: [Float]) -> Double? {
    var squares = 0.0
    for index in 0..<vector.count { squares += Double(vector[index]) * Double(vector[index]) }
    guard squares.isFinite, squares > 0 else { return nil }
    return self == .cosine && abs(squares - 1) > 1e-6 ? 1 / squares.squareRoot() : 1
  }
}

/// The power of two that brings `largest` into 2^exponent ..< 2^(exponent + 1).
func powerOfTwo(bringing largest: Float, to exponent: Int) -> Double {
  largest > 0 ? Double(sign: .plus, exponent: exponent - Int(largest.exponent), significand: 1) : 1
}
