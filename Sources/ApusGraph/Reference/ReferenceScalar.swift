// The numbers a reference computes with: what formulas of transformers ask of a number, and no more. Float and Double
// are such numbers; tests bring another one that carries a bound on its rounding error.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A number that an operation's reference can be computed with.
package protocol ReferenceScalar:
  AdditiveArithmetic, Comparable, Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral
{
  /// The nearest number.
  init(_ value: Double)

  /// The value, for use as an index or in a report.
  var double: Double { get }

  static prefix func - (x: Self) -> Self
  static func * (left: Self, right: Self) -> Self
  static func / (left: Self, right: Self) -> Self
  func squareRoot() -> Self

  static func exp(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
  static func sin(_ x: Self) -> Self
  static func cos(_ x: Self) -> Self

  /// The sum of many terms, in any order.
  static func sum(_ terms: [Self]) -> Self

  /// The number after it was stored in fewer bits, which changed it by at most `error`.
  ///
  /// References do not round: gradients pass straight through, and finite differences must, too.
  func stored(within error: Double) -> Self
}

extension ReferenceScalar {
  package init(_ value: Float) { self.init(Double(value)) }
  package init(_ value: Int) { self.init(Double(value)) }

  /// The number as an index.
  package var index: Int { Int(double) }

  package static func sum(_ terms: [Self]) -> Self { terms.reduce(.zero, +) }

  /// Σ term(i) over a range.
  package static func sum(_ range: Range<Int>, _ term: (Int) -> Self) -> Self { sum(range.map(term)) }

  package func stored(within error: Double) -> Self { self }
}

extension ReferenceScalar where Self: BinaryFloatingPoint {
  package var double: Double { Double(self) }

  package static func exp(_ x: Self) -> Self { Self(exponential(Double(x))) }
  package static func log(_ x: Self) -> Self { Self(logarithm(Double(x))) }
  package static func tanh(_ x: Self) -> Self { Self(hyperbolicTangent(Double(x))) }
  package static func erf(_ x: Self) -> Self { Self(errorFunction(Double(x))) }
  package static func sin(_ x: Self) -> Self { Self(sine(Double(x))) }
  package static func cos(_ x: Self) -> Self { Self(cosine(Double(x))) }
}

extension Float: ReferenceScalar {}
extension Double: ReferenceScalar {}

// The C functions under other names: inside a type with a static `exp`, `exp` is that one.
private func exponential(_ x: Double) -> Double { exp(x) }
private func logarithm(_ x: Double) -> Double { log(x) }
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
private func errorFunction(_ x: Double) -> Double { erf(x) }
private func sine(_ x: Double) -> Double { sin(x) }
private func cosine(_ x: Double) -> Double { cos(x) }
