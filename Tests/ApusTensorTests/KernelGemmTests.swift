// Matrix products of every table and layout: bits against portable, portable against float64.

import ApusRuntime
import CApusKernels
import Testing

@Suite struct KernelGemmTests {
  static let shapes: [(rows: Int, k: Int)] = [(1, 1), (15, 2), (16, 3), (17, 1), (33, 5), (40, 7)]
  static let tokenCounts = [1, 2, 3, 5, 6, 7, 13, 25]

  @Test(.enabled(if: Table.unsupported.isEmpty, "not run here: \(Table.unsupported.map(\.name))"))
  func everyTableRunsHere() {}

  @Test(arguments: Table.others, Layout.all)
  func sameBitsAsPortable(_ table: Table, _ layout: Layout) {
    for (index, shape) in Self.shapes.enumerated() {
      let seed = UInt64(index + 100 * Int(layout.value.rawValue))
      var numbers = SeededNumbers(seed)
      let k = shape.k * layout.block
      let matrix = PackedMatrix(layout, rows: shape.rows, k: k, numbers: &numbers, extreme: index == 3)
      for tokens in Self.tokenCounts {
        var values = numbers.floats(tokens * k, scale: 3)
        // The largest bytes of both signs: the first two tokens have one sign each, the largest sums there are.
        if index == 3 {
          values = values.enumerated().map { $0 < k ? 1 : $0 < 2 * k ? -1 : $1 < 0 ? -1 : 1 }
        }
        let x = Activations(values, tokens: tokens, k: k, form: layout.activation, table: Table.portable)
        let bias = index % 2 == 0 ? numbers.floats(shape.rows) : nil
        let expected = product(
          Table.portable, matrix, x, tokens: tokens, bias: bias, accumulate: index % 3 == 0)
        let found = product(table, matrix, x, tokens: tokens, bias: bias, accumulate: index % 3 == 0)
        let difference = firstDifference(expected, found)
        #expect(
          difference == nil,
          "\(table) \(layout) rows \(shape.rows) k \(k) tokens \(tokens) seed \(seed) index \(difference ?? -1)"
        )
      }
    }
  }

  /// Rounding the activations is part of the definition, so the float64 sum uses the rounded ones. The bound: the
  /// sum of magnitudes times the number of roundings a term passes through.
  @Test(arguments: Layout.all)
  func portableAgainstFloat64(_ layout: Layout) {
    var numbers = SeededNumbers(11)
    let (rows, tokens, k) = (19, 3, 4 * layout.block + (layout.block == 1 ? 93 : 0))
    let matrix = PackedMatrix(layout, rows: rows, k: k, numbers: &numbers)
    let values = numbers.floats(tokens * k, scale: 3)
    let x = Activations(values, tokens: tokens, k: k, form: layout.activation, table: Table.portable)
    let found = product(Table.portable, matrix, x, tokens: tokens)
    let weights = matrix.weights()
    let steps = layout.block == 1 ? k : 2 * k / layout.block
    var outsideWithoutLast = 0
    for token in 0..<tokens {
      let exact = rounded(x, token: token, k: k, form: layout.activation)
      for row in 0..<rows {
        var sum = 0.0, magnitude = 0.0
        for i in 0..<k {
          let least = minimumBound(matrix, row: row, column: i)
          sum += Double(weights[row * k + i]) * exact[i]
          magnitude += (abs(Double(weights[row * k + i])) + 2 * least) * abs(exact[i])
        }
        let bound = Double(steps + 8) * 0x1p-24 * magnitude
        let error = abs(Double(found[token * (rows + 3) + row]) - sum)
        #expect(error <= bound, "\(layout) row \(row) token \(token): \(error) > \(bound)")
        let last = Double(weights[row * k + k - 1]) * exact[k - 1]
        if abs(Double(found[token * (rows + 3) + row]) - (sum - last)) > bound { outsideWithoutLast += 1 }
      }
    }
    // The bound is not so wide that a wrong sum passes: without its last column a sum is outside.
    #expect(outsideWithoutLast > rows * tokens / 3, "\(layout): \(outsideWithoutLast)")
  }

  /// So many columns that the walk cuts them into parts, and cuts them differently in every table.
  @Test(arguments: Table.others, ["F32", "F16", "BF16", "Q8_0", "Q4_K"])
  func longRowsInParts(_ table: Table, _ name: String) {
    let layout = Layout.all.first { "\($0)" == name }!
    var numbers = SeededNumbers(21)
    let (rows, k) = (19, layout.block == 1 ? 9001 : 20_480 + layout.block)
    let matrix = PackedMatrix(layout, rows: rows, k: k, numbers: &numbers)
    for (tokens, accumulate) in [(25, false), (40, true)] {
      let values = numbers.floats(tokens * k)
      let x = Activations(values, tokens: tokens, k: k, form: layout.activation, table: Table.portable)
      let expected = product(Table.portable, matrix, x, tokens: tokens, accumulate: accumulate)
      let found = product(table, matrix, x, tokens: tokens, accumulate: accumulate)
      #expect(firstDifference(expected, found) == nil, "\(table) \(layout) tokens \(tokens)")
    }
  }

  /// The coarse sums: one bit pattern in every table, and what the definition says.
  @Test(arguments: Table.all.filter(\.isSupported), Layout.all.filter { $0.activation == APUS_X_Q32 })
  func coarseSums(_ table: Table, _ layout: Layout) {
    func coarse(_ table: Table) -> ProductKernel { table.cpu.coarseGemm(layout.value)! }
    for (rows, k, tokens) in [(17, 256, 1), (40, 768, 7), (5, 512, 30)] {
      var numbers = SeededNumbers(UInt64(k))
      let matrix = PackedMatrix(layout, rows: rows, k: k, numbers: &numbers)
      let x = Activations(numbers.floats(tokens * k), tokens: tokens, k: k, form: APUS_X_Q256, table: table)
      let found = product(table, matrix, x, tokens: tokens, gemm: coarse(table))
      let expected = product(Table.portable, matrix, x, tokens: tokens, gemm: coarse(Table.portable))
      #expect(firstDifference(expected, found) == nil, "\(table) \(layout) \(tokens)×\(rows)×\(k)")
      let weights = matrix.weights()
      for token in 0..<tokens {
        let exact = rounded(x, token: token, k: k, form: APUS_X_Q256)
        for row in 0..<rows {
          var (sum, magnitude) = (0.0, 0.0)
          for i in 0..<k {
            let least = minimumBound(matrix, row: row, column: i)
            sum += Double(weights[row * k + i]) * exact[i]
            magnitude += (abs(Double(weights[row * k + i])) + 2 * least) * abs(exact[i])
          }
          let error = abs(Double(found[token * (rows + 3) + row]) - sum)
          #expect(error <= Double(2 * k / 32 + 8) * 0x1p-24 * magnitude, "\(table) \(layout) row \(row)")
        }
      }
    }
  }

  /// Bias, activation, residual and the rounded copy are what the row kernels make of the plain product.
  @Test(arguments: Table.all.filter(\.isSupported), ["F32", "BF16", "Q4_0", "Q6_K"])
  func epilogues(_ table: Table, _ name: String) {
    let layout = Layout.all.first { "\($0)" == name }!
    var numbers = SeededNumbers(22)
    let (rows, k, tokens) = (37, 2 * layout.block, 7)
    let stride = rows + 3
    let matrix = PackedMatrix(layout, rows: rows, k: k, numbers: &numbers)
    let x = Activations(
      numbers.floats(tokens * k), tokens: tokens, k: k, form: layout.activation, table: table)
    let bias = numbers.floats(rows)
    let residual = numbers.floats(tokens * rows)
    let plain = product(table, matrix, x, tokens: tokens, bias: bias)
    for (activation, format) in [
      (APUS_IDENTITY, APUS_KV_F16), (APUS_SILU, APUS_KV_BF16), (APUS_GELU_TANH, APUS_KV_F16),
      (APUS_RELU_SQUARED, APUS_KV_BF16),
    ] {
      var copy = [UInt16](repeating: 9, count: tokens * stride)
      let found = copy.withUnsafeMutableBufferPointer { copy in
        residual.withUnsafeBufferPointer { residual in
          product(table, matrix, x, tokens: tokens, bias: bias) {
            $0.activation = activation
            $0.residual = residual.baseAddress!
            $0.residual_stride = rows
            $0.rounded = copy.baseAddress!
            $0.rounded_stride = stride
            $0.rounded_format = format
          }
        }
      }
      for token in 0..<tokens {
        var row = Array(plain[token * stride..<token * stride + rows])
        row.withUnsafeMutableBufferPointer {
          table.cpu.pointee.unary(activation, $0.baseAddress!, Int32(rows), $0.baseAddress!)
        }
        for i in 0..<rows {
          let y = residual[token * rows + i] + row[i]
          let half = format == APUS_KV_F16 ? apus_float_to_half(y) : apus_float_to_bfloat(y)
          #expect(bits(found[token * stride + i]) == bits(y), "\(table) \(layout) \(activation) row \(i)")
          #expect(copy[token * stride + i] == half, "\(table) \(layout) \(activation) row \(i)")
        }
        #expect(found[token * stride + rows] == 7 && copy[token * stride + rows] == 9)
      }
    }
  }

  @Test(arguments: Table.others, Layout.all)
  func aTokenDoesNotDependOnTheOthers(_ table: Table, _ layout: Layout) {
    var numbers = SeededNumbers(5)
    let k = 3 * layout.block
    let matrix = PackedMatrix(layout, rows: 50, k: k, numbers: &numbers)
    let values = numbers.floats(13 * k)
    let x = Activations(values, tokens: 13, k: k, form: layout.activation, table: table)
    let together = product(table, matrix, x, tokens: 13)
    for token in 0..<13 {
      let own = Activations(
        Array(values[token * k..<(token + 1) * k]), tokens: 1, k: k, form: layout.activation, table: table)
      let alone = product(table, matrix, own, tokens: 1)
      let same = alone[..<50].map(bits) == together[token * 53..<token * 53 + 50].map(bits)
      #expect(same, "\(table) \(layout) token \(token)")
    }
  }

  @Test(arguments: Table.all.filter(\.isSupported), Layout.all)
  func aBlockThatIsNotFiniteGivesNaN(_ table: Table, _ layout: Layout) {
    var numbers = SeededNumbers(6)
    let k = 2 * layout.block
    let matrix = PackedMatrix(layout, rows: 16, k: k, numbers: &numbers)
    var values = numbers.floats(k)
    values[1] = .nan
    let x = Activations(values, tokens: 1, k: k, form: layout.activation, table: table)
    let found = product(table, matrix, x, tokens: 1)[..<16]
    #expect(found.allSatisfy { $0.isNaN }, "\(table) \(layout)")
  }

  /// One pair: 2⁻¹²⁶ from the first product, minus a little from the second. What rounds (to 24 bits) below 2⁻¹²⁶ is
  /// zero. Then any bits at all: subnormal numbers, infinities.
  @Test(arguments: Table.all.filter(\.isSupported))
  func bfloatFlushesBelowTheNormalRange(_ table: Table) {
    let layout = Layout.all[2]
    var numbers = SeededNumbers(12)
    var matrix = PackedMatrix(layout, rows: 16, k: 2, numbers: &numbers)
    let x: [Float] = [0x1p-63, 0x1p-70]
    let bits: [UInt16] = (0..<16).flatMap { row -> [UInt16] in
      // −(1 or 1.5) · 2^(−e) with e = 148 … 155.
      let second =
        -(row % 2 == 0 ? 1 : 1.5) * Double(sign: .plus, exponent: 70 - 148 - row / 2, significand: 1)
      return [apus_float_to_bfloat(0x1p-63), apus_float_to_bfloat(Float(second))]
    }
    bits.withUnsafeBytes { apus_pack_panel(layout.value, $0.baseAddress!, 4, 16, 2, matrix.panels.raw) }
    var activations = Activations(x, tokens: 1, k: 2, form: APUS_X_BF16, table: table)
    let sums = product(table, matrix, activations, tokens: 1)[..<16]
    // 2⁻¹²⁶ − 2⁻¹⁵¹ is halfway and goes to the even neighbour, 2⁻¹²⁶ (row 6).
    #expect(sums.map { $0 != 0 } == (0..<16).map { $0 == 6 || $0 > 7 }, "\(table) \(sums)")
    var numbersSeen = 0
    for round in 0..<500 {
      let k = 8
      matrix = PackedMatrix(layout, rows: 16, k: k, numbers: &numbers)
      // Exponents of all sizes, or so small that most products and sums are flushed.
      let mask: UInt16 = round % 2 == 0 ? 0xffff : 0xa0ff
      let wild = (0..<16 * k).map { _ in UInt16(truncatingIfNeeded: numbers.next()) & mask }
      wild.withUnsafeBytes { apus_pack_panel(layout.value, $0.baseAddress!, 2 * k, 16, k, matrix.panels.raw) }
      let values = (0..<k).map { _ in
        Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: numbers.next()) & mask) << 16)
      }
      activations = Activations(values, tokens: 1, k: k, form: APUS_X_BF16, table: table)
      let found = product(table, matrix, activations, tokens: 1)
      let expected = product(Table.portable, matrix, activations, tokens: 1)
      #expect(firstDifference(found, expected) == nil, "\(table) round \(round)")
      numbersSeen += found.count { $0.isFinite && $0 != 0 && $0 != 7 }
    }
    #expect(numbersSeen > 500)
  }

  @Test(arguments: Layout.all)
  func panelsAreAtMostThreePercentLarger(_ layout: Layout) {
    let k = 4096
    let ratio = Double(apus_panel_bytes(layout.value, k)) / Double(16 * layout.rowBytes(k))
    #expect(ratio >= 1 && ratio <= 1.03, "\(layout): \(ratio)")
  }

  /// The activations as a product sees them.
  private func rounded(_ x: Activations, token: Int, k: Int, form: apus_activation) -> [Double] {
    let row = x.bytes.raw + token * x.stride
    switch form {
    case APUS_X_F32: return (0..<k).map { Double(row.load(fromByteOffset: 4 * $0, as: Float.self)) }
    case APUS_X_BF16:
      return (0..<k).map { i in
        Double(apus_bfloat_to_float(row.load(fromByteOffset: 2 * (i ^ 1), as: UInt16.self)))
      }
    default:
      let block = form == APUS_X_Q32 ? 32 : 256
      return (0..<k).map { i in
        let d = row.load(fromByteOffset: k + 4 * (i / block), as: Float.self)
        return Double(row.load(fromByteOffset: i, as: Int8.self)) * Double(d)
      }
    }
  }

  /// A bound of the minimum subtracted from a weight before anything cancels.
  private func minimumBound(_ matrix: PackedMatrix, row: Int, column: Int) -> Double {
    guard let largest = matrix.layout.largestMinimum else { return 0 }
    let layout = matrix.layout
    let at = row * layout.rowBytes(matrix.k) + column / layout.block * layout.rowBytes(layout.block)
    let half = matrix.file.raw.load(fromByteOffset: at + layout.halves[1], as: UInt16.self)
    return abs(Double(apus_half_to_float(half))) * Double(largest)
  }
}
