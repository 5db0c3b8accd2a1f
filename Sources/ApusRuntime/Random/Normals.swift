// Normally distributed numbers from Philox by the transform of G. E. P. Box and M. E. Muller, "A Note on the
// Generation of Random Normal Deviates", 1958, doi:10.1214/aoms/1177706645. Logarithm, sine and cosine are
// those of the kernels, so the numbers are the same bits on every machine. The Python fixtures compute the
// same definition with their own functions and may differ in the last bit of a double, before the rounding.

import CApusKernels

extension Philox {
  /// Two normal numbers from two random words: u₁ = (a + 1) / 2³² in (0, 1], u₂ = b / 2³²,
  /// √(−2 ln u₁) · (cos 2πu₂, sin 2πu₂), computed in double.
  @inline(__always)
  static func normalPair(_ a: UInt32, _ b: UInt32) -> (Double, Double) {
    let radius = (-2 * apus_log((Double(a) + 1) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * (Double(b) * 0x1p-32)
    return (radius * apus_cos(angle), radius * apus_sin(angle))
  }

  /// Fills `output` with elements `first` … of the sequence of standard normal numbers of this key.
  ///
  /// Element 4j + i comes from the block with counter j: its words 0 and 1 give elements 4j and 4j + 1, words
  /// 2 and 3 the next two; each is rounded to Float at the end. About 50 ns per number.
  ///
  /// - Complexity: O(*n*), in any number of calls over disjoint ranges.
  package func fillNormals(_ output: UnsafeMutableBufferPointer<Float>, from first: UInt64 = 0) {
    var index = 0
    while index < output.count {
      let element = first &+ UInt64(index)
      let words = block(element / 4)
      let (n0, n1) = Self.normalPair(words[0], words[1])
      let (n2, n3) = Self.normalPair(words[2], words[3])
      let four = SIMD4<Float>(Float(n0), Float(n1), Float(n2), Float(n3))
      let start = Int(element % 4)
      let count = min(4 - start, output.count - index)
      for lane in 0..<count { output[index + lane] = four[start + lane] }
      index += count
    }
  }
}
