// Matrix products of every table and layout: bits against portable, portable against float64.

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
        if index == 3 { values = values.map { $0 < 0 ? -1 : 1 } }
        let x = Activations(values, tokens: tokens, k: k, form: layout.activation, table: Table.portable)
        let bias = index % 2 == 0 ? numbers.floats(shape.rows) : nil
        let expected = product(Table.portable, matrix, x, tokens: tokens, bias: bias, add: index % 3 == 0)
        let found = product(table, matrix, x, tokens: tokens, bias: bias, add: index % 3 == 0)
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
      }
    }
    // The bound is not so wide that a wrong sum passes: leaving out one block breaks it.
    let short = PackedMatrix(layout, rows: 1, k: layout.block, numbers: &numbers)
    #expect(short.weights().contains { $0 != 0 })
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
