// Row kernels of every table: bits against portable over odd lengths and special values, portable against the
// definition in plain Swift or float64.

import CApusKernels
import Testing

@Suite struct KernelRowTests {
  static let lengths = [1, 2, 7, 15, 16, 17, 31, 32, 33, 64, 100, 257]
  static let kinds: [apus_unary] = [
    APUS_SILU, APUS_GELU_TANH, APUS_GELU_ERF, APUS_RELU, APUS_RELU_SQUARED, APUS_TANH, APUS_SIGMOID, APUS_EXP,
  ]

  /// Random values with special ones sprinkled in.
  func special(_ count: Int, _ numbers: inout SeededNumbers) -> [Float] {
    let extremes: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNormalMagnitude,
      .greatestFiniteMagnitude,
      0x1p-133, 88.7, -103.9, 65504, 65520, 5.96e-8, 2.98e-8, 6.1e-5,
    ]
    return (0..<count).map { _ in
      numbers.below(8) == 0 ? extremes[numbers.below(extremes.count)] : numbers.signed() * 10
    }
  }

  /// Runs a kernel that writes n floats; the value after the last must stay.
  func output(_ n: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    var y = [Float](repeating: 3, count: n + 1)
    y.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    #expect(y[n] == 3)
    return Array(y[..<n])
  }

  func outputHalf(_ n: Int, _ body: (UnsafeMutablePointer<UInt16>) -> Void) -> [UInt16] {
    var y = [UInt16](repeating: 3, count: n + 1)
    y.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    #expect(y[n] == 3)
    return Array(y[..<n])
  }

  @Test(arguments: Table.others, lengths)
  func sameBitsAsPortable(_ table: Table, _ n: Int) {
    var numbers = SeededNumbers(UInt64(n))
    let a = table.cpu.pointee
    let b = Table.portable.cpu.pointee
    let count = Int32(n)
    for round in 0..<20 {
      let x = round % 2 == 0 ? special(n, &numbers) : numbers.floats(n, scale: 5)
      let w = numbers.floats(n)
      let v = numbers.floats(n)
      func check(_ name: String, _ run: (apus_cpu, UnsafeMutablePointer<Float>) -> Void) {
        let difference = firstDifference(output(n) { run(b, $0) }, output(n) { run(a, $0) })
        #expect(difference == nil, "\(name) \(table) n \(n) round \(round) index \(difference ?? -1)")
      }
      check("rms_norm") { $0.rms_norm(x, w, count, 1e-5, $1) }
      check("layer_norm") { $0.layer_norm(x, w, v, count, 1e-5, $1) }
      check("layer_norm without b") { $0.layer_norm(x, w, nil, count, 1e-5, $1) }
      check("unit_norm") { $0.unit_norm(x, count, $1) }
      check("add") { $0.add(x, w, count, $1) }
      check("mul") { $0.mul(x, w, count, $1) }
      check("scale") { $0.scale(x, 0.3, count, $1) }
      check("softcap") { $0.softcap(x, 30, count, $1) }
      for kind in Self.kinds {
        check("unary \(kind.rawValue)") { $0.unary(kind, x, count, $1) }
        check("gated \(kind.rawValue)") { $0.gated(kind, x, w, count, $1) }
      }
      if n % 2 == 0 {
        check("rope halves") { $0.rope(x, v, count / 2, 0, $1) }
        check("rope pairs") { $0.rope(x, v, count / 2, 1, $1) }
      }
      let halves = (0..<n).map { _ in UInt16(truncatingIfNeeded: numbers.next()) }
      check("f16_to_f32") { $0.f16_to_f32(halves, count, $1) }
      check("bf16_to_f32") { $0.bf16_to_f32(halves, count, $1) }
      let finite = x.map { $0.isNaN ? 0 : $0 }
      #expect(
        outputHalf(n) { a.f32_to_f16(finite, count, $0) } == outputHalf(n) { b.f32_to_f16(finite, count, $0) }
      )
      #expect(outputHalf(n) { a.f32_to_bf16(x, count, $0) } == outputHalf(n) { b.f32_to_bf16(x, count, $0) })
      #expect(a.argmax(x, Int64(n)) == b.argmax(x, Int64(n)))
      #expect(a.all_finite(x, Int64(n)) == b.all_finite(x, Int64(n)))
      check("sum_exp") { cpu, y in
        var max: Float = 0
        var sum: Float = 0
        cpu.sum_exp(x, count, &max, &sum)
        y.update(repeating: 0, count: n)
        y[0] = max
        if n > 1 { y[1] = sum }
      }
    }
  }

  @Test(
    "two rows of bytes hold fifteen bits of a value, the same on every table",
    arguments: Table.all.filter(\.isSupported))
  func restOfBytes(_ table: Table) {
    var numbers = SeededNumbers(5)
    for k in [32, 96, 384] {
      for round in 0..<10 {
        let x = round % 2 == 0 ? special(k, &numbers) : numbers.floats(k, scale: 5)
        let bytes = apus_activation_bytes(APUS_X_Q32, k)
        func rows(_ cpu: apus_cpu) -> (Bytes, Bytes) {
          let (row, rest) = (Bytes(bytes, fill: 0), Bytes(bytes, fill: 0))
          cpu.quantize_q32(x, Int32(k), row.raw)
          cpu.quantize_rest_q32(x, Int32(k), row.raw, rest.raw)
          return (row, rest)
        }
        let (row, rest) = rows(table.cpu.pointee)
        let expected = rows(Table.portable.cpu.pointee)
        func values(_ row: Bytes) -> [Float] {
          (0..<k).map { i in
            let d = row.raw.load(fromByteOffset: k + i / 32 * 4, as: Float.self)
            return Float(row.raw.load(fromByteOffset: i, as: Int8.self)) * d
          }
        }
        #expect(firstDifference(values(rest), values(expected.1)) == nil, "\(table), k \(k), round \(round)")
        for block in 0..<k / 32 {
          let range = 32 * block..<32 * block + 32
          let most = x[range].map(abs).max()!
          guard x[range].allSatisfy(\.isFinite), most > 1e-20, most < 1e30 else { continue }
          // Half a step of the first bytes is at most 127 steps of the rest; half of one of those is left.
          let bound = most / 127 / 2 / 127 / 2 * 1.01 + most * 0x1p-23
          for i in range {
            #expect(abs(x[i] - values(row)[i] - values(rest)[i]) <= bound, "\(table), k \(k), value \(i)")
          }
        }
      }
    }
  }

  @Test(arguments: Table.others)
  func everyHalfAndEveryExponent(_ table: Table) {
    let halves = (0...65535).map { UInt16($0) }
    let wide = output(65536) { table.cpu.pointee.f16_to_f32(halves, 65536, $0) }
    #expect(firstDifference(wide, halves.map { Float(Float16(bitPattern: $0)) }) == nil)
    var numbers = SeededNumbers(1)
    // Random bit patterns, and the ties between neighbouring halves.
    var floats = (0..<200_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next())) }
    for half in stride(from: 0, to: 0x7c00, by: 3) {
      let low = Float(Float16(bitPattern: UInt16(half)))
      let high = half == 0x7bff ? 65536 : Float(Float16(bitPattern: UInt16(half + 1)))
      floats.append((low + high) / 2)
      floats.append(((low + high) / 2).nextUp)
      floats.append(-((low + high) / 2).nextDown)
    }
    floats = floats.filter { !$0.isNaN }
    let expected = floats.map { Float16($0).bitPattern }
    for cpu in [table, Table.portable] {
      let found = outputHalf(floats.count) { cpu.cpu.pointee.f32_to_f16(floats, Int32(floats.count), $0) }
      #expect(found == expected, "\(cpu)")
    }
  }

  @Test(arguments: Table.all.filter(\.isSupported))
  func bfloatRoundsToNearestEven(_ table: Table) {
    let x: [Float] = [
      1, 1.00390625, 1.01171875, 1.004, -1.00390625, 3.4e38, .infinity, -.infinity, 0, -0.0, 0x1p-133,
    ]
    let y = outputHalf(x.count) { table.cpu.pointee.f32_to_bf16(x, Int32(x.count), $0) }
    #expect(
      y == [0x3f80, 0x3f80, 0x3f82, 0x3f81, 0xbf80, 0x7f80, 0x7f80, 0xff80, 0, 0x8000, 0x0001], "\(table)")
    let nan = outputHalf(1) { table.cpu.pointee.f32_to_bf16([Float(bitPattern: 0x7f80_0001)], 1, $0) }
    #expect(nan[0] & 0x7fff > 0x7f80)
    // The activation row swaps pairs and ends an odd row with zero.
    let row = Bytes(64, fill: 0xff)
    table.cpu.pointee.round_bf16([1, 2, 3], 3, row.raw)
    let slots = (0..<4).map { row.raw.load(fromByteOffset: 2 * $0, as: UInt16.self) }
    #expect(slots == [0x4000, 0x3f80, 0, 0x4040], "\(table)")
  }

  @Test(arguments: Table.all.filter(\.isSupported))
  func quantisedActivations(_ table: Table) {
    var numbers = SeededNumbers(2)
    for (form, block) in [(APUS_X_Q32, 32), (APUS_X_Q256, 256)] {
      let k = block * 5
      var x = numbers.floats(k, scale: 9)
      for i in 0..<block { x[block + i] = 0 }
      for i in 0..<block { x[2 * block + i] *= 0x1p-140 }
      x[3 * block + 3] = .infinity
      let row = Activations(x, tokens: 1, k: k, form: form, table: table)
      let reference = Activations(x, tokens: 1, k: k, form: form, table: Table.portable)
      for i in 0..<row.bytes.count where !(k..<k + 4 * 5).contains(i) {
        #expect(row.bytes.bytes[i] == reference.bytes.bytes[i], "\(table) byte \(i)")
      }
      for b in 0..<5 {
        let values = x[b * block..<(b + 1) * block]
        let most = values.map { abs($0) }.max()!
        let d = row.bytes.raw.load(fromByteOffset: k + 4 * b, as: Float.self)
        if b == 3 {
          #expect(d.isNaN)
        } else if b == 1 || b == 2 {
          #expect(d == 0)
        } else {
          #expect(d == most / 127)
          for i in 0..<block {
            let q = Float(row.bytes.raw.load(fromByteOffset: b * block + i, as: Int8.self))
            #expect(q == (values[b * block + i] * (127 / most)).rounded(.toNearestOrEven))
          }
        }
      }
    }
  }

  @Test(arguments: Table.all.filter(\.isSupported))
  func argmaxAndFiniteness(_ table: Table) {
    let cpu = table.cpu.pointee
    var x = [Float](repeating: -.infinity, count: 50)
    #expect(cpu.argmax(x, 50) == 0)
    x[20] = 3
    x[45] = 3
    #expect(cpu.argmax(x, 50) == 20)
    #expect(cpu.all_finite(Array(x[45...45]), 1) == 1)
    #expect(cpu.all_finite(x, 50) == 0)
    x[30] = .nan
    x[49] = .nan
    #expect(cpu.argmax(x, 50) == 30)
    var max: Float = 0
    var sum: Float = 1
    cpu.sum_exp([Float](repeating: -.infinity, count: 20), 20, &max, &sum)
    #expect(max == -.infinity && sum == 0)
    cpu.sum_exp([Float](repeating: 2, count: 4096), 4096, &max, &sum)
    #expect(max == 2 && sum == 4096)
  }

  /// The rotation and the norms against double, within their roundings.
  @Test func portableAgainstFloat64() {
    var numbers = SeededNumbers(4)
    let cpu = Table.portable.cpu.pointee
    let n = 96
    let x = numbers.floats(n, scale: 3)
    let w = numbers.floats(n)
    let b = numbers.floats(n)
    let u = 0x1p-24
    let wide = x.map { Double($0) }
    let meanSquare = wide.reduce(0) { $0 + $1 * $1 } / Double(n)
    let rms = output(n) { cpu.rms_norm(x, w, Int32(n), 1e-5, $0) }
    for i in 0..<n {
      let expected = wide[i] / (meanSquare + 1e-5).squareRoot() * Double(w[i])
      #expect(abs(Double(rms[i]) - expected) <= 12 * u * abs(expected))
    }
    let mean = wide.reduce(0, +) / Double(n)
    let variance = wide.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
    let layer = output(n) { cpu.layer_norm(x, w, b, Int32(n), 1e-5, $0) }
    for i in 0..<n {
      let scaled = (wide[i] - mean) / (variance + 1e-5).squareRoot() * Double(w[i])
      let bound = 16 * u * (3 / variance.squareRoot() + abs(scaled) + abs(Double(b[i])))
      #expect(abs(Double(layer[i]) - scaled - Double(b[i])) <= bound)
    }
    let half = n / 2
    let table =
      (0..<half).map { Float(apus_cos(Double($0))) } + (0..<half).map { Float(apus_sin(Double($0))) }
    for interleaved in [0, 1] {
      let y = output(n) { cpu.rope(x, table, Int32(half), Int32(interleaved), $0) }
      for i in 0..<half {
        let (first, second) = interleaved == 1 ? (2 * i, 2 * i + 1) : (i, i + half)
        let (c, s) = (Double(table[i]), Double(table[half + i]))
        #expect(abs(Double(y[first]) - (wide[first] * c - wide[second] * s)) <= 12 * u)
        #expect(abs(Double(y[second]) - (wide[second] * c + wide[first] * s)) <= 12 * u)
      }
    }
  }
}
