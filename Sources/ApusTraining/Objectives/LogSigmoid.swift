// The logistic function and its logarithm, in the forms that lose no digits. What objectives make of them is in their files.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A loss and what it changes by with each of the numbers it depends on.
package struct ObjectiveValue<Slopes: Sendable & Equatable>: Sendable, Equatable {
  package var loss: Double
  package var slopes: Slopes

  package init(loss: Double, slopes: Slopes) {
    (self.loss, self.slopes) = (loss, slopes)
  }
}

/// σ(x) = 1 / (1 + e⁻ˣ).
package func sigmoid(_ x: Double) -> Double {
  let small = exp(-abs(x))
  return (x < 0 ? small : 1) / (1 + small)
}

/// log σ(x), also where σ(x) is 0 or 1 to all digits.
package func logSigmoid(_ x: Double) -> Double {
  min(x, 0) - log1p(exp(-abs(x)))
}
