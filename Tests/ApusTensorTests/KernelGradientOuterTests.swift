// Sums of outer products of every table: bits against portable over ragged shapes, against the defined sum written out in
// Swift, and against themselves cut into other calls; the defined sum against float64.

import CApusKernels
import Testing

@Suite struct KernelGradientOuterTests {
  static let supported = Table.all.filter(\.isSupported)
  static let tokenCounts = [1, 2, 3, 127, 128, 1, 2, 129, 3, 255, 256, 2, 257, 3, 300]

  /// Every number of rows 1 … 40 and of columns 1 … 200 with the other drawn, tokens taking turns.
  static func problems(_ kind: OperandKind, isBF16: Bool, each step: Int) -> [OuterProblem] {
    var numbers = SeededNumbers(isBF16 ? 21 : 20)
    let sizes =
      (1...40).map { ($0, 1 + numbers.below(200)) } + (1...200).map { (1 + numbers.below(40), $0) }
    return stride(from: 0, to: sizes.count, by: step).map { i in
      let (firstA, firstB) = (16 * numbers.below(3), 16 * numbers.below(3))
      return OuterProblem(
        kind, isBF16: isBF16, tokens: tokenCounts[i / step % tokenCounts.count],
        rows: firstA..<firstA + sizes[i].0, columns: firstB..<firstB + sizes[i].1, numbers: &numbers)
    }
  }

  func expectSame(_ expected: [Float], _ found: [Float], _ what: String) {
    let difference = firstDifference(expected, found)
    #expect(difference == nil, "\(what): index \(difference ?? -1)")
  }

  @Test(arguments: OperandKind.allCases, [false, true])
  func sameBitsAsPortable(_ kind: OperandKind, _ isBF16: Bool) {
    var numbers = SeededNumbers(1)
    for problem in Self.problems(kind, isBF16: isBF16, each: kind == .plain ? 1 : 5) {
      let start = problem.start(kind, &numbers)
      let accumulate = numbers.below(2) == 1
      let expected = problem.run(.portable, from: start, accumulate: accumulate)
      for table in Table.others {
        let found = problem.run(table, from: start, accumulate: accumulate)
        expectSame(expected, found, "\(table) \(kind) \(problem), accumulate \(accumulate)")
      }
    }
  }

  @Test(arguments: OperandKind.allCases, [false, true])
  func portableIsTheDefinedSum(_ kind: OperandKind, _ isBF16: Bool) {
    var numbers = SeededNumbers(2)
    var flushed = 0
    var infinite = 0
    for problem in Self.problems(kind, isBF16: isBF16, each: 5) {
      let start = problem.start(kind, &numbers)
      let accumulate = numbers.below(2) == 1
      let expected = problem.defined(from: start, accumulate: accumulate)
      let found = problem.run(.portable, from: start, accumulate: accumulate)
      expectSame(expected, found, "\(kind) \(problem), accumulate \(accumulate)")
      flushed += expected.count { $0 == 0 || $0.isSubnormal }
      infinite += expected.count { !$0.isFinite }
    }
    // The extremes are met.
    #expect((flushed > 100) == (kind == .tiny) && (infinite > 100) == (kind == .huge))
  }

  /// A sum of n terms, each step rounded once, is off by at most n · 2⁻²⁴ of the sum of magnitudes (to first order, whose
  /// rest a percent covers).
  @Test(arguments: [false, true])
  func portableAgainstFloat64(_ isBF16: Bool) {
    var numbers = SeededNumbers(3)
    for problem in Self.problems(.plain, isBF16: isBF16, each: 7) {
      let start = problem.start(.plain, &numbers)
      let accumulate = numbers.below(2) == 1
      let found = problem.run(.portable, from: start, accumulate: accumulate)
      let stride = problem.columns.count + 3
      for row in 0..<problem.rows.count {
        for column in 0..<problem.columns.count {
          let at = (row + 1) * stride + column
          var sum = accumulate ? Double(start[at]) : 0
          var magnitude = abs(sum)
          for t in 0..<problem.tokens {
            let term =
              Double(problem.a.values[t * problem.a.columns + problem.rows.lowerBound + row])
              * Double(problem.b.values[t * problem.b.columns + problem.columns.lowerBound + column])
            sum += term
            magnitude += abs(term)
          }
          let (error, bound) = (
            abs(Double(found[at]) - sum), 1.01 * 0x1p-24 * Double(problem.tokens) * magnitude
          )
          #expect(error <= bound, "\(problem), row \(row), column \(column): \(error) > \(bound)")
        }
      }
    }
  }

  /// Tokens in two calls, the second adding (bfloat16: an even number first), and rows and columns in ranges of 16.
  @Test(arguments: supported, [false, true])
  func partsGiveTheBitsOfOneCall(_ table: Table, _ isBF16: Bool) {
    var numbers = SeededNumbers(4)
    for kind in OperandKind.allCases {
      for tokens in [3, 4, 129, 257, 300] {
        let (firstA, firstB) = (16 * numbers.below(3), 16 * numbers.below(3))
        let (rows, columns) = (
          firstA..<firstA + 17 + numbers.below(40), firstB..<firstB + 17 + numbers.below(200)
        )
        let problem = OuterProblem(
          kind, isBF16: isBF16, tokens: tokens, rows: rows, columns: columns, numbers: &numbers)
        let whole = OuterProblem.Part(tokens: 0..<tokens, rows: rows, columns: columns)
        let start = problem.start(kind, &numbers)
        let cut = isBF16 ? 2 * (1 + numbers.below((tokens - 1) / 2)) : 1 + numbers.below(tokens - 1)
        var (before, after) = (whole, whole)
        (before.tokens, after.tokens) = (0..<cut, cut..<tokens)
        let ranges = Self.ranges(rows, &numbers).flatMap { rows in
          Self.ranges(columns, &numbers).map {
            OuterProblem.Part(tokens: 0..<tokens, rows: rows, columns: $0)
          }
        }
        let accumulate = numbers.below(2) == 1
        let expected = problem.run(table, from: start, accumulate: accumulate)
        for (what, parts) in [("tokens at \(cut)", [before, after]), ("\(ranges.count) ranges", ranges)] {
          let found = problem.run(table, from: start, accumulate: accumulate, parts: parts)
          expectSame(expected, found, "\(table) \(kind) \(problem), \(what)")
        }
      }
    }
  }

  /// The range in pieces that start at multiples of 16.
  static func ranges(_ whole: Range<Int>, _ numbers: inout SeededNumbers) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = whole.lowerBound
    while start < whole.upperBound {
      let end = min(start + 16 * (1 + numbers.below(4)), whole.upperBound)
      pieces.append(start..<end)
      start = end
    }
    return pieces
  }

  /// The operands end where readable memory ends: a load past a row's last value would end the program.
  @Test(arguments: supported, [false, true])
  func readsNothingPastTheOperands(_ table: Table, _ isBF16: Bool) throws {
    var numbers = SeededNumbers(5)
    for (tokens, rows, columns) in [(1, 1, 1), (3, 5, 17), (2, 13, 33), (129, 23, 130), (5, 16, 16)] {
      let problem = OuterProblem(
        .plain, isBF16: isBF16, tokens: tokens, rows: 0..<rows, columns: 0..<columns, numbers: &numbers)
      let a = try FencedMemory(copying: problem.a.memory, count: tokens * problem.a.stride)
      let b = try FencedMemory(copying: problem.b.memory, count: tokens * problem.b.stride)
      var y = [Float](repeating: 0, count: rows * columns)
      let scratch = Bytes(apus_outer_scratch())
      y.withUnsafeMutableBufferPointer { y in
        var g = apus_outer(
          a: a.start, a_bytes: problem.a.stride, first_a: 0, last_a: Int32(rows), b: b.start,
          b_bytes: problem.b.stride, first_b: 0, last_b: Int32(columns), tokens: Int32(tokens),
          y: y.baseAddress!,
          y_stride: columns, accumulate: 0, scratch: scratch.raw)
        (isBF16 ? table.cpu.pointee.outer_bf16 : table.cpu.pointee.outer_f32)(&g)
      }
      let expected = problem.run(
        .portable, from: problem.start(.plain, &numbers), accumulate: false)
      let stride = columns + 3
      let inside = (0..<rows).flatMap { row in expected[(row + 1) * stride..<(row + 1) * stride + columns] }
      expectSame(inside, y, "\(table) \(problem)")
    }
  }
}
