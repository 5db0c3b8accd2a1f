// What the tests of the outer products share: operands and parts of a sum, calls with guards around the result, the sum as
// defined, and memory that ends where nothing may be read. No test lives here.

import CApusKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the operands of a sum hold.
enum OperandKind: CaseIterable, CustomStringConvertible, Sendable {
  /// Numbers around one.
  case plain
  /// Products and sums around the least normal number, many of them below.
  case tiny
  /// Sums that overflow; a few values that are not finite.
  case huge

  var description: String {
    switch self {
    case .plain: "plain"
    case .tiny: "tiny"
    case .huge: "huge"
    }
  }

  func values(_ count: Int, _ numbers: inout SeededNumbers) -> [Float] {
    (0..<count).map { _ in
      let x = numbers.signed()
      switch self {
      case .plain: return x
      case .tiny:
        switch numbers.below(16) {
        case 0: return x * 0x1p-130
        case 1: return 0
        case 2: return -0.0
        case 3: return x > 0 ? 0x1p-63 : -0x1p-63
        default: return x * 0x1p-62
        }
      case .huge:
        switch numbers.below(512) {
        case 0: return .infinity
        case 1: return -.infinity
        case 2: return .nan
        default: return x * 0x1p63
        }
      }
    }
  }
}

/// Rows of tokens as `outer_f32` or `outer_bf16` reads them.
struct OuterOperand {
  /// What the rows stand for, [tokens][columns].
  let values: [Float]
  let columns: Int
  let memory: Bytes
  let stride: Int

  init(_ kind: OperandKind, tokens: Int, columns: Int, isBF16: Bool, numbers: inout SeededNumbers) {
    let x = kind.values(tokens * columns, &numbers)
    let form = isBF16 ? APUS_X_BF16 : APUS_X_F32
    let rows = Activations(x, tokens: tokens, k: columns, form: form, table: .portable)
    self.columns = columns
    values = isBF16 ? x.map { apus_bfloat_to_float(apus_float_to_bfloat($0)) } : x
    memory = rows.bytes
    stride = rows.stride
  }
}

/// One sum of outer products: the operands, and the part of the result that is asked for.
struct OuterProblem: CustomStringConvertible {
  let isBF16: Bool
  let tokens: Int
  let a: OuterOperand
  let b: OuterOperand
  let rows: Range<Int>
  let columns: Range<Int>

  /// What is not to be written holds this.
  static let guardValue: Float = 7

  var description: String { "\(isBF16 ? "bf16" : "f32") \(tokens) tokens, rows \(rows), columns \(columns)" }

  init(
    _ kind: OperandKind, isBF16: Bool, tokens: Int, rows: Range<Int>, columns: Range<Int>,
    numbers: inout SeededNumbers
  ) {
    self.isBF16 = isBF16
    self.tokens = tokens
    self.rows = rows
    self.columns = columns
    // Now and then a row goes on behind the range.
    let (moreA, moreB) = (numbers.below(3), numbers.below(3))
    a = OuterOperand(
      kind, tokens: tokens, columns: rows.upperBound + moreA, isBF16: isBF16, numbers: &numbers)
    b = OuterOperand(
      kind, tokens: tokens, columns: columns.upperBound + moreB, isBF16: isBF16, numbers: &numbers)
  }

  /// A call of the problem, or of a part of it. The result has three guard columns after each row, a guard row before the
  /// first and one after the last; all of it starts as `start` says.
  func run(_ table: Table, from start: [Float], accumulate: Bool, parts: [Part]? = nil) -> [Float] {
    let stride = columns.count + 3
    var y = start
    let bytes = apus_outer_scratch()
    let scratch = Bytes(bytes + 64, fill: 0xff)
    y.withUnsafeMutableBufferPointer { y in
      for part in parts ?? [Part(tokens: 0..<tokens, rows: rows, columns: columns)] {
        var g = apus_outer()
        g.a = UnsafeRawPointer(a.memory.raw + part.tokens.lowerBound * a.stride)
        g.a_bytes = a.stride
        g.first_a = Int32(part.rows.lowerBound)
        g.last_a = Int32(part.rows.upperBound)
        g.b = UnsafeRawPointer(b.memory.raw + part.tokens.lowerBound * b.stride)
        g.b_bytes = b.stride
        g.first_b = Int32(part.columns.lowerBound)
        g.last_b = Int32(part.columns.upperBound)
        g.tokens = Int32(part.tokens.count)
        let row = 1 + part.rows.lowerBound - rows.lowerBound
        g.y = y.baseAddress! + row * stride + part.columns.lowerBound - columns.lowerBound
        g.y_stride = stride
        g.accumulate = accumulate || part.tokens.lowerBound > 0 ? 1 : 0
        g.scratch = scratch.raw
        (isBF16 ? table.cpu.pointee.outer_bf16 : table.cpu.pointee.outer_f32)(&g)
      }
    }
    for i in bytes..<bytes + 64 { #expect(scratch.bytes[i] == 0xff, "\(table) writes past its scratch") }
    for i in y.indices {
      let (row, column) = (i / stride - 1, i % stride)
      if !(0..<rows.count).contains(row) || column >= columns.count {
        #expect(y[i] == Self.guardValue, "\(table) \(self): writes outside, row \(row), column \(column)")
      }
    }
    return y
  }

  struct Part {
    var tokens: Range<Int>
    var rows: Range<Int>
    var columns: Range<Int>
  }

  /// A result before the call: guards, and inside `kind`'s numbers.
  func start(_ kind: OperandKind, _ numbers: inout SeededNumbers) -> [Float] {
    let stride = columns.count + 3
    var y = [Float](repeating: Self.guardValue, count: (rows.count + 2) * stride)
    for row in 1...rows.count {
      for column in 0..<columns.count { y[row * stride + column] = kind.values(1, &numbers)[0] }
    }
    return y
  }

  /// The sum as the header defines it, one rounding after the other.
  func defined(from start: [Float], accumulate: Bool) -> [Float] {
    let stride = columns.count + 3
    var y = start
    for row in 0..<rows.count {
      for column in 0..<columns.count {
        let at = (row + 1) * stride + column
        var sum = accumulate ? start[at] : 0
        for t in 0..<tokens {
          let x = a.values[t * a.columns + rows.lowerBound + row]
          let w = b.values[t * b.columns + columns.lowerBound + column]
          sum = isBF16 ? flushedSum(w, x, sum) : sum.addingProduct(w, x)
        }
        // The pair of the last of an odd number of tokens is a token of zeros.
        if isBF16, tokens % 2 == 1 { sum = flushedSum(0, 0, sum) }
        y[at] = sum
      }
    }
    return y
  }

  /// fma(w, x, sum) with inputs and results below 2⁻¹²⁶ taken as zero, the result before it is rounded to their grid.
  private func flushedSum(_ w: Float, _ x: Float, _ sum: Float) -> Float {
    func flushed(_ x: Float) -> Float { x.isSubnormal ? (x.sign == .minus ? -0.0 : 0) : x }
    let (w, x, sum) = (flushed(w), flushed(x), flushed(sum))
    let result = sum.addingProduct(w, x)
    guard result.magnitude == .leastNormalMagnitude else { return flushed(result) }
    let wide = (sum * 0x1p64).addingProduct(w * 0x1p64, x)
    return wide.magnitude < 0x1p-62 ? (result.sign == .minus ? -0.0 : 0) : result
  }
}

/// A copy of some bytes whose end is followed by memory nobody may read.
final class FencedMemory {
  private let base: UnsafeMutableRawPointer
  private let mapped: Int
  let start: UnsafeRawPointer

  struct Failure: Error {}

  init(copying bytes: Bytes, count: Int) throws {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let readable = (count + page - 1) / page * page
    mapped = readable + page
    guard let base = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0),
      base != MAP_FAILED, mprotect(base + readable, page, PROT_NONE) == 0
    else { throw Failure() }
    self.base = base
    (base + readable - count).copyMemory(from: bytes.raw, byteCount: count)
    start = UnsafeRawPointer(base + readable - count)
  }

  deinit { munmap(base, mapped) }
}
