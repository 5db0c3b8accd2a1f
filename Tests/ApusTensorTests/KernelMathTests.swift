// The scalar functions against libm in double precision, in ULP, and their edges; ceilings that count.

import CApusKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct KernelMathTests {
  /// The distance of a float from an exact value, in units of the float's last place there.
  func ulps(_ found: Float, _ exact: Double) -> Double {
    let nearest = Float(exact)
    if found == nearest { return 0 }
    guard found.isFinite, nearest.isFinite else { return .infinity }
    return abs(Double(found) - exact) / Double(nearest.ulp)
  }

  func ulps(_ found: Double, _ exact: Double) -> Double {
    found == exact ? 0 : abs(found - exact) / exact.ulp
  }

  @Test func floatFunctionsWithinTwoUlp() {
    var numbers = SeededNumbers(8)
    var worst: [String: Double] = [:]
    for i in 0..<400_000 {
      let wide = numbers.signed() * 104
      let x = i % 2 == 0 ? wide : numbers.signed() * 5
      let tiny = Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next()) & 0xbfff_ffff)
      worst["exp", default: 0] = max(worst["exp", default: 0], ulps(apus_expf(x), exp(Double(x))))
      for value in [x, tiny] {
        worst["tanh", default: 0] = max(
          worst["tanh", default: 0], ulps(apus_tanhf(value), tanh(Double(value))))
        worst["erf", default: 0] = max(worst["erf", default: 0], ulps(apus_erff(value), erf(Double(value))))
      }
    }
    for (name, value) in worst { #expect(value <= 2, "\(name): \(value) ULP") }
  }

  @Test func floatEdges() {
    #expect(apus_expf(-.infinity) == 0 && apus_expf(.infinity) == .infinity && apus_expf(.nan).isNaN)
    #expect(apus_expf(0) == 1 && apus_expf(89) == .infinity && apus_expf(-104) == 0)
    #expect(apus_expf(-103.5) == .leastNonzeroMagnitude)
    #expect(apus_tanhf(.infinity) == 1 && apus_tanhf(-.infinity) == -1 && apus_tanhf(.nan).isNaN)
    #expect(apus_tanhf(-0.0).sign == .minus && apus_tanhf(20) == 1)
    #expect(apus_erff(.infinity) == 1 && apus_erff(-.infinity) == -1 && apus_erff(.nan).isNaN)
    #expect(apus_erff(-0.0).sign == .minus && apus_erff(5) == 1)
  }

  @Test func doubleFunctionsWithinTwoUlp() {
    var numbers = SeededNumbers(10)
    var worst: [String: Double] = [:]
    func note(_ name: String, _ found: Double, _ exact: Double, _ x: Double) {
      let error = ulps(found, exact)
      if error > worst[name, default: 0] { worst[name] = error }
    }
    for i in 0..<200_000 {
      let unit = Double(Int64(bitPattern: numbers.next())) * 0x1p-63
      let angle = unit * (i % 3 == 0 ? 4 : i % 3 == 1 ? 5000 : 1_100_000)
      note("sin", apus_sin(angle), sin(angle), angle)
      note("cos", apus_cos(angle), cos(angle), angle)
      note("exp", apus_exp(unit * 700), exp(unit * 700), unit)
      let positive = exp(unit * 700)
      note("log", apus_log(positive), log(positive), positive)
      note("log near 1", apus_log(1 + unit * 0.3), log(1 + unit * 0.3), unit)
    }
    for (name, value) in worst { #expect(value <= 2, "\(name): \(value) ULP") }
    #expect(apus_log(0) == -.infinity && apus_log(-1).isNaN && apus_log(.infinity) == .infinity)
    #expect(apus_log(.leastNonzeroMagnitude) == log(Double.leastNonzeroMagnitude) && apus_log(1) == 0)
    #expect(apus_exp(-800) == 0 && apus_exp(800) == .infinity && apus_exp(0) == 1 && apus_exp(.nan).isNaN)
    #expect(apus_sin(.infinity).isNaN && apus_cos(.nan).isNaN && apus_cos(0) == 1 && apus_sin(0) == 0)
  }

  @Test(arguments: Table.all.filter(\.isSupported))
  func ceilingsCountTheirWork(_ table: Table) {
    let cpu = table.cpu.pointee
    #expect(cpu.peak_f32(10) > 0 && cpu.peak_f32(20) == 2 * cpu.peak_f32(10))
    #expect(cpu.peak_i8(10) > 0 && cpu.peak_i8(20) == 2 * cpu.peak_i8(10))
    if let peak = cpu.peak_bf16 { #expect(peak(20) == 2 * peak(10)) }
    let memory = Bytes(4096)
    #expect(cpu.read_bytes(memory.raw, 4096) == 4096)
  }
}
