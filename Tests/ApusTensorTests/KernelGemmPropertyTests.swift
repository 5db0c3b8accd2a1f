// Products of random shapes: every table against portable, bit for bit, with unaligned rows, odd strides and numbers
// that are not finite. A failure names its seed.

import CApusKernels
import Testing

@Suite struct KernelGemmPropertyTests {
  @Test(arguments: Table.others, Layout.all)
  func randomShapes(_ table: Table, _ layout: Layout) {
    for seed in UInt64(0)..<12 {
      var numbers = SeededNumbers(1000 * seed + UInt64(layout.value.rawValue))
      let rows = 1 + numbers.below(90)
      let k = layout.block * (1 + numbers.below(layout.block == 1 ? 300 : 8))
      let tokens = 1 + numbers.below(40)
      let matrix = PackedMatrix(layout, rows: rows, k: k, numbers: &numbers, extreme: seed % 4 == 0)
      let x = Activations(
        numbers.floats(tokens * k, scale: 2), tokens: tokens, k: k, form: layout.activation,
        table: Table.portable)
      let expected = product(Table.portable, matrix, x, tokens: tokens)
      let found = product(table, matrix, x, tokens: tokens)
      #expect(
        firstDifference(expected, found) == nil, "\(table) \(layout) \(tokens)×\(rows)×\(k) seed \(seed)")
      // Nothing beyond the rows is written.
      for token in 0..<tokens {
        #expect(found[token * (rows + 3) + rows..<(token + 1) * (rows + 3)].allSatisfy { $0 == 7 })
      }
    }
  }

  /// A value that is not finite reaches every product that reads it, as IEEE arithmetic says, and no other token.
  @Test(arguments: Table.all.filter(\.isSupported), Layout.all)
  func notFinite(_ table: Table, _ layout: Layout) {
    for (seed, value) in [Float.nan, .infinity, -.infinity].enumerated() {
      var numbers = SeededNumbers(UInt64(seed) + 77)
      let (rows, tokens, k) = (21, 9, 3 * layout.block + (layout.block == 1 ? 14 : 0))
      let matrix = PackedMatrix(layout, rows: rows, k: k, numbers: &numbers)
      let clean = numbers.floats(tokens * k)
      var dirty = clean
      let (token, at) = (numbers.below(tokens), numbers.below(k))
      dirty[token * k + at] = value
      let before = product(
        table, matrix, Activations(clean, tokens: tokens, k: k, form: layout.activation, table: table),
        tokens: tokens)
      let after = product(
        table, matrix, Activations(dirty, tokens: tokens, k: k, form: layout.activation, table: table),
        tokens: tokens)
      let weights = matrix.weights()
      for t in 0..<tokens {
        for r in 0..<rows {
          let (old, new) = (before[t * (rows + 3) + r], after[t * (rows + 3) + r])
          if t != token {
            #expect(bits(old) == bits(new), "\(table) \(layout) token \(t) row \(r)")
          } else if layout.block > 1 || value.isNaN {
            #expect(new.isNaN, "\(table) \(layout) row \(r)")
          } else {
            let w = weights[r * k + at]
            let expected = value * w
            #expect(
              expected.isNaN ? new.isNaN : new == expected,
              "\(table) \(layout) row \(r): \(new), not \(expected)")
          }
        }
      }
    }
  }

  @Test(arguments: Table.all.filter(\.isSupported), Layout.all)
  func noTokensWriteNothing(_ table: Table, _ layout: Layout) {
    var numbers = SeededNumbers(3)
    let k = layout.block * 2
    let matrix = PackedMatrix(layout, rows: 5, k: k, numbers: &numbers)
    let x = Activations(numbers.floats(k), tokens: 1, k: k, form: layout.activation, table: table)
    #expect(product(table, matrix, x, tokens: 0).allSatisfy { $0 == 7 })
  }
}
