// A number that carries a bound on its own rounding error, as if every operation on the way to it had been done in f32:
// running error analysis. A reference computed with it gives the bound that a kernel's result must keep.
// Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 3.3

import ApusGraph

struct RunningError: ReferenceScalar {
  /// Computed in Double.
  let value: Double
  /// How far a computation in f32 may be from it.
  let error: Double

  /// Half the distance from 1 to the next float.
  private static let unit = 0x1p-24
  /// Two units in the last place, what kernels/math.h promises of its functions, as a share of the value.
  private static let functionError = 4 * unit

  init(_ value: Double, error: Double) {
    self.value = value
    self.error = error
  }

  /// A constant: exact if it is a float.
  init(_ value: Double) {
    self.init(value, error: Double(Float(value)) == value ? 0 : abs(value) * Self.unit)
  }

  init(floatLiteral value: Double) { self.init(value) }
  init(integerLiteral value: Int) { self.init(Double(value)) }

  var double: Double { value }
  private var magnitude: Double { abs(value) + error }

  private static func rounded(_ value: Double, error: Double) -> RunningError {
    RunningError(value, error: error + unit * (abs(value) + error))
  }

  static var zero: RunningError { RunningError(0, error: 0) }
  static func < (left: RunningError, right: RunningError) -> Bool { left.value < right.value }
  static prefix func - (x: RunningError) -> RunningError { RunningError(-x.value, error: x.error) }

  static func + (left: RunningError, right: RunningError) -> RunningError {
    rounded(left.value + right.value, error: left.error + right.error)
  }

  static func - (left: RunningError, right: RunningError) -> RunningError { left + -right }

  static func * (left: RunningError, right: RunningError) -> RunningError {
    rounded(
      left.value * right.value,
      error: left.error * right.magnitude + right.error * abs(left.value))
  }

  static func / (left: RunningError, right: RunningError) -> RunningError {
    let quotient = left.value / right.value
    return rounded(
      quotient, error: (left.error + abs(quotient) * right.error) / (abs(right.value) - right.error))
  }

  func squareRoot() -> RunningError {
    let root = value.squareRoot()
    return Self.rounded(root, error: root - max(0, value - error).squareRoot())
  }

  /// A function whose slope is at most `slope` nearby.
  private func function(_ value: Double, slope: Double) -> RunningError {
    RunningError(value, error: slope * error + Self.functionError * abs(value))
  }

  static func exp(_ x: RunningError) -> RunningError {
    x.function(Double.exp(x.value), slope: Double.exp(x.value + x.error))
  }

  static func log(_ x: RunningError) -> RunningError {
    x.function(Double.log(x.value), slope: 1 / (x.value - x.error))
  }

  static func tanh(_ x: RunningError) -> RunningError { x.function(Double.tanh(x.value), slope: 1) }
  static func erf(_ x: RunningError) -> RunningError {
    x.function(Double.erf(x.value), slope: 2 / Double.pi.squareRoot())
  }
  static func sin(_ x: RunningError) -> RunningError { x.function(Double.sin(x.value), slope: 1) }
  static func cos(_ x: RunningError) -> RunningError { x.function(Double.cos(x.value), slope: 1) }

  /// n terms are n − 1 additions, each of which rounds a sum that is no larger than all magnitudes together.
  static func sum(_ terms: [RunningError]) -> RunningError {
    let magnitudes = terms.reduce(0) { $0 + $1.magnitude }
    return RunningError(
      terms.reduce(0) { $0 + $1.value },
      error: terms.reduce(0) { $0 + $1.error } + Double(max(0, terms.count - 1)) * Self.unit * magnitudes)
  }

  func stored(within error: Double) -> RunningError { RunningError(value, error: self.error + error) }
}
