// Gradients of row operations against float64: activations against differences of the exact functions, norms against the
// formula and that against differences, rotations against their inverse and their adjoint. u is 2⁻²⁴, half a unit in the
// last place of one; exp, tanh and erf are within 2 ULP (KernelMathTests), at most 4 u of their value.

import CApusKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let u = 0x1p-24

/// An activation exactly, and how far `unary_gradient` may be from its slope.
private struct Exact: CustomStringConvertible, @unchecked Sendable {
  let description: String
  let kind: apus_unary
  let value: (Double) -> Double
  let bound: (Double) -> Double
  /// Where a slope jumps, differences do not tell it.
  var kink = false

  static let rootTwoOverPi = 0.7978845608028654

  static let all: [Exact] = [
    Exact(description: "identity", kind: APUS_IDENTITY, value: { $0 }, bound: { _ in 0 }),
    // s(1 + x(1 − s)): s carries six roundings, 1 − s their absolute error and one more; 1 + e⁻ˣ is infinite below −88.
    Exact(
      description: "silu", kind: APUS_SILU, value: { $0 / (1 + exp(-$0)) },
      bound: { x in
        let s = 1 / (1 + exp(-x))
        return s * (abs(x) * (6 * u * s + u * (1 - s)) + 9 * u * (1 + abs(x) * (1 - s))) + 0x1p-120
      }),
    // The argument of tanh carries five roundings; |y|·(1 − tanh²) stays below 0.45.
    Exact(
      description: "gelu tanh", kind: APUS_GELU_TANH,
      value: { x in 0.5 * x * (1 + tanh(rootTwoOverPi * (x + 0.044715 * x * x * x))) },
      bound: { x in
        let inner = rootTwoOverPi * (x + 0.044715 * x * x * x)
        let slope = rootTwoOverPi * (1 + 3 * 0.044715 * x * x)
        let t = tanh(inner)
        let tError = 4 * u * abs(t) + 5 * u * abs(inner) * (1 - t * t)
        let first = 0.5 * abs(x) * slope
        return first * (2 * tError + 2 * u * t * t) + first * (1 - t * t) * 8 * u + 0.5 * tError + 3 * u
      }),
    // The argument of exp carries two roundings, that of erf one.
    Exact(
      description: "gelu erf", kind: APUS_GELU_ERF, value: { x in 0.5 * x * (1 + erf(x / 2.0.squareRoot())) },
      bound: { x in
        let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        return abs(x) * density * u * (8 + x * x) + 0.5 * (4 * u + 2 * u * abs(x) * 2 * density) + 3 * u
      }),
    Exact(description: "relu", kind: APUS_RELU, value: { max($0, 0) }, bound: { _ in 0 }, kink: true),
    Exact(
      description: "relu squared", kind: APUS_RELU_SQUARED, value: { $0 > 0 ? $0 * $0 : 0 }, bound: { _ in 0 }
    ),
    Exact(
      description: "tanh", kind: APUS_TANH, value: { tanh($0) },
      bound: { x in 10 * u * tanh(x) * tanh(x) + u }),
    Exact(
      description: "sigmoid", kind: APUS_SIGMOID, value: { 1 / (1 + exp(-$0)) },
      bound: { x in
        let s = 1 / (1 + exp(-x))
        return s * (6 * u * (1 - s) + 6 * u * s + u * (1 - s) + u) + 0x1p-120
      }),
    Exact(description: "exp", kind: APUS_EXP, value: { exp($0) }, bound: { 4 * u * exp($0) }),
  ]
}

@Suite struct KernelGradientTruthTests {
  private let rows = KernelRowTests()
  private let cpu = Table.portable.cpu.pointee

  /// The derivative of a function and how far it may be off: central differences over h and 2h err in the same way, the
  /// first a quarter as much; rounding adds units of the values over h.
  func slope(_ value: (Double) -> Double, _ x: Double, h: Double = 0x1p-12) -> (value: Double, error: Double)
  {
    func difference(_ h: Double) -> Double { (value(x + h) - value(x - h)) / (2 * h) }
    let (fine, coarse) = (difference(h), difference(2 * h))
    // Richardson: what is left of the error is of fourth order.
    let better = fine + (fine - coarse) / 3
    let magnitude = max(abs(value(x + 2 * h)), abs(value(x - 2 * h)))
    return (better, abs(fine - coarse) / 16 + 0x1p-49 * magnitude / h)
  }

  @Test(arguments: Exact.all)
  private func activations(_ exact: Exact) {
    var numbers = SeededNumbers(80)
    let x =
      numbers.floats(600, scale: 3) + numbers.floats(600, scale: 15) + numbers.floats(300, scale: 80)
    let (dy, up) = (numbers.floats(x.count), numbers.floats(x.count))
    let n = Int32(x.count)
    let slopes = rows.output(x.count) {
      cpu.unary_gradient(exact.kind, x, [Float](repeating: 1, count: x.count), n, $0)
    }
    for i in x.indices where !exact.kink || abs(x[i]) > 0x1p-10 {
      let expected = slope(exact.value, Double(x[i]))
      let error = abs(Double(slopes[i]) - expected.value)
      let bound = 1.01 * exact.bound(Double(x[i])) + expected.error
      #expect(error <= bound, "\(exact) at \(x[i]): \(error) > \(bound)")
    }
    // The chain rule around it: one product, or two and the activation itself.
    let unary = rows.output(x.count) { cpu.unary_gradient(exact.kind, x, dy, n, $0) }
    #expect(firstDifference(unary, zip(dy, slopes).map { $0 * $1 }) == nil)
    let values = rows.output(x.count) { cpu.unary(exact.kind, x, n, $0) }
    var dup = [Float](repeating: 0, count: x.count)
    let dgate = rows.output(x.count) { cpu.gated_gradient(exact.kind, x, up, dy, n, $0, &dup) }
    #expect(firstDifference(dgate, x.indices.map { dy[$0] * up[$0] * slopes[$0] }) == nil)
    #expect(firstDifference(dup, zip(dy, values).map { $0 * $1 }) == nil)
  }

  @Test("slopes far out are what the functions tend to", arguments: [Float(1e3), 1e15, 1e20, 3e38])
  func farOut(_ x: Float) {
    for (kind, right, left) in [
      (APUS_SILU, 1, 0), (APUS_GELU_TANH, 1, 0), (APUS_GELU_ERF, 1, 0), (APUS_RELU, 1, 0), (APUS_TANH, 0, 0),
      (APUS_SIGMOID, 0, 0), (APUS_IDENTITY, 1, 1), (APUS_EXP, Float.infinity, 0),
      (APUS_RELU_SQUARED, 2 * x, 0),
    ] as [(apus_unary, Float, Float)] {
      let slopes = rows.output(2) { cpu.unary_gradient(kind, [x, -x], [1, 1], 2, $0) }
      #expect(slopes == [right, left], "kind \(kind.rawValue)")
    }
  }

  @Test func softcap() {
    var numbers = SeededNumbers(81)
    let (x, dy) = (numbers.floats(500, scale: 80), numbers.floats(500))
    let dx = rows.output(500) { cpu.softcap_gradient(x, 30, dy, 500, $0) }
    for i in x.indices {
      let expected = slope({ 30 * tanh($0 / 30) }, Double(x[i]))
      let t = abs(tanh(Double(x[i]) / 30))
      let bound = 2 * t * (4 * u * t + u * 0.45) + 3 * u + expected.error
      #expect(
        abs(Double(dx[i]) - Double(dy[i]) * expected.value) <= 1.01 * bound * abs(Double(dy[i])), "\(x[i])")
    }
  }

  /// dx = r·(g − a − c·(x − mean)) with the sums a and c; the bound follows the roundings of the sums (a chain in each of
  /// sixteen lanes, a tree of four levels, a division) and of the last line.
  @Test(arguments: [false, true], [1, 3, 16, 100, 768])
  func norms(_ centred: Bool, _ n: Int) {
    var numbers = SeededNumbers(82)
    let (x, w, dy) = (numbers.floats(n, scale: 3).map { $0 + 1 }, numbers.floats(n), numbers.floats(n))
    let eps: Float = 1e-5
    var stats: [Float] = [0, 0]
    let dx = rows.output(n) {
      (centred ? cpu.layer_norm_gradient : cpu.rms_norm_gradient)(x, w, dy, Int32(n), eps, $0, &stats)
    }
    let (count, wide) = (Double(n), x.map { Double($0) })
    func norm(_ x: [Double]) -> (mean: Double, inverse: Double) {
      let mean = centred ? x.reduce(0, +) / count : 0
      let square = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return (mean, 1 / (square + Double(eps)).squareRoot())
    }
    let (mean, r) = norm(wide)
    let g = zip(dy, w).map { Double($0) * Double($1) }
    let v = wide.map { $0 - mean }
    let a = centred ? g.reduce(0, +) / count : 0
    let gSize = g.reduce(0) { $0 + abs($1) } / count
    let gvSize = zip(g, v).reduce(0) { $0 + abs($1.0 * $1.1) } / count
    let c = zip(g, v).reduce(0) { $0 + $1.0 * $1.1 } / count * r * r
    let sum = u * (count / 16 + 7)
    // The mean's own error shifts every v; the sums of squares do not feel it to first order, those of g·v do.
    let meanError = centred ? sum * wide.reduce(0) { $0 + abs($1) } / count : 0
    let vLargest = v.map(abs).max()!
    // Of r, relative: half the sum's and the difference's, the root and the division.
    let shift = centred ? meanError * r : 0
    let rError = (sum + 4 * u) / 2 + 3 * u + shift * shift
    let cError =
      (sum + 2 * u) * gvSize * r * r + meanError * gSize * r * r + abs(c) * (2 * rError + 2 * u)
    for i in 0..<n {
      let expected = r * (g[i] - a - c * v[i])
      let inner =
        4 * u * (abs(g[i]) + abs(a) + abs(c * v[i])) + (centred ? (sum + u) * gSize : 0) + cError * abs(v[i])
        + abs(c) * (meanError + u * abs(v[i]))
      let bound = 1.01 * (r * inner + (rError + u) * abs(expected))
      let error = abs(Double(dx[i]) - expected)
      #expect(error <= bound, "value \(i): \(error) > \(bound)")
      // The formula is the derivative of Σ dy·y.
      let differences = slope(
        { x in
          var moved = wide
          moved[i] = x
          let (mean, r) = norm(moved)
          return moved.indices.reduce(0) { $0 + g[$1] * (moved[$1] - mean) * r }
        }, wide[i], h: 0x1p-14)
      if n <= 100 {
        let allowed = differences.error + 0x1p-40 * count * (1 + vLargest * r) * gSize
        #expect(abs(differences.value - expected) <= allowed, "value \(i)")
      }
    }
    #expect(abs(Double(stats[0]) - mean) <= 1.01 * meanError)
    #expect(abs(Double(stats[1]) - r) <= 1.01 * rError * r)
  }

  /// a·exp(x − log_sum) − b is one fma after the exponential.
  @Test func softmax() {
    var numbers = SeededNumbers(83)
    let x = numbers.floats(300, scale: 20)
    let dx = rows.output(300) { cpu.softmax_gradient(x, 300, 17.5, 0.75, 0.125, $0) }
    for i in x.indices {
      let p = exp(Double(x[i]) - 17.5)
      let bound = 0.75 * p * u * (abs(Double(x[i]) - 17.5) + 4) + u * abs(0.75 * p - 0.125)
      #expect(abs(Double(dx[i]) - (0.75 * p - 0.125)) <= 1.01 * bound + 0x1p-149, "\(x[i])")
    }
  }

  @Test(
    "what rope turned, rope_back turns back, and it is rope's adjoint", arguments: [0, 1], [1, 8, 17, 64])
  func rotations(_ interleaved: Int, _ half: Int) {
    var numbers = SeededNumbers(84)
    let n = 2 * half
    let (x, y) = (numbers.floats(n, scale: 3), numbers.floats(n, scale: 3))
    let angles = (0..<half).map { _ in Double(numbers.signed()) * 100 }
    let table = angles.map { Float(cos($0)) } + angles.map { Float(sin($0)) }
    func turn(_ kernel: apus_rope_kernel, _ x: [Float], _ table: [Float]) -> [Float] {
      rows.output(n) { kernel(x, table, Int32(half), Int32(interleaved), $0) }
    }
    let turned = turn(cpu.rope, x, table)
    let back = turn(cpu.rope_back, turned, table)
    for i in 0..<half {
      let (first, second) = interleaved == 1 ? (2 * i, 2 * i + 1) : (i, i + half)
      // Of both turns: two roundings of each value, and cos² + sin² is one within two.
      let bound = 6 * u * (abs(Double(x[first])) + abs(Double(x[second]))) * 2.0.squareRoot()
      for place in [first, second] { #expect(abs(Double(back[place]) - Double(x[place])) <= bound) }
    }
    let opposite = table[..<half] + table[half...].map { -$0 }
    #expect(firstDifference(turn(cpu.rope, x, Array(opposite)), turn(cpu.rope_back, x, table)) == nil)
    let adjoint = turn(cpu.rope_back, y, table)
    var (left, right, magnitude) = (0.0, 0.0, 0.0)
    for i in 0..<n {
      left += Double(turned[i]) * Double(y[i])
      right += Double(x[i]) * Double(adjoint[i])
      magnitude += 3 * (abs(Double(y[i])) + abs(Double(x[i])))
    }
    #expect(abs(left - right) <= 2 * 2 * u * magnitude * 2.0.squareRoot())
  }

  typealias apus_rope_kernel =
    @convention(c) (
      UnsafePointer<Float>?, UnsafePointer<Float>?, Int32, Int32, UnsafeMutablePointer<Float>?
    ) -> Void
}
