// Products of float matrices in both orders of both operands: bits against a scalar loop of fma in ascending order,
// whatever the shape, the table and the number of workers.

import ApusRuntime
import ApusTensor
import CApusKernels
import Testing

@Suite struct FloatProductTests {
  /// Element (r, c) of a matrix.
  private static func element(_ m: FloatMatrix, _ r: Int, _ c: Int) -> Float {
    m.base[r * m.rowStride + c * m.columnStride]
  }

  private static func rounded(_ x: Float, _ precision: FloatProduct.Precision) -> Float {
    precision == .f32 ? x : apus_bfloat_to_float(apus_float_to_bfloat(x))
  }

  @Test(arguments: Table.all.filter(\.isSupported), [FloatProduct.Precision.f32, .bf16])
  func everyOrderAndShape(_ table: Table, _ precision: FloatProduct.Precision) throws {
    var numbers = SeededNumbers(31)
    let slow = table.name == "portable"
    for workers in [1, 3] {
      let pool = try WorkerPool(count: workers)
      let product = FloatProduct(cpu: table.cpu, workers: pool)
      for round in 0..<(slow ? 8 : 24) {
        let (tokens, rows) = (1 + numbers.below(70), 1 + numbers.below(150))
        let k = round == 0 ? 1 : 1 + numbers.below(slow ? 60 : 400)
        let (xTurned, wTurned) = (round & 1 == 1, round & 2 == 2)
        let accumulates = round % 3 == 0
        // Rows further apart than their length, starting anywhere.
        let pad = numbers.below(5)
        let xs = numbers.floats((xTurned ? k : tokens) * ((xTurned ? tokens : k) + pad) + 3)
        let ws = numbers.floats((wTurned ? k : rows) * ((wTurned ? rows : k) + pad) + 3)
        let start = numbers.floats(tokens * (rows + 2))
        let bias = numbers.floats(rows)
        var y = start
        try xs.withUnsafeBufferPointer { xs in
          try ws.withUnsafeBufferPointer { ws in
            try bias.withUnsafeBufferPointer { bias in
              try y.withUnsafeMutableBufferPointer { y in
                let x = matrix(xs.baseAddress! + 3, rows: tokens, columns: k, turned: xTurned, pad)
                let w = matrix(ws.baseAddress! + 1, rows: rows, columns: k, turned: wTurned, pad)
                var epilogue = FloatProduct.Epilogue()
                epilogue.accumulates = accumulates
                epilogue.bias = round % 4 == 0 ? bias.baseAddress! : nil
                try product.multiply(
                  x, w, into: y.baseAddress!, stride: rows + 2, precision: precision, epilogue: epilogue)
                for t in 0..<tokens {
                  for r in 0..<rows + 2 where r >= rows {
                    #expect(bits(y[t * (rows + 2) + r]) == bits(start[t * (rows + 2) + r]))
                  }
                }
                let checked = slow ? 40 : 400
                for _ in 0..<checked {
                  let (t, r) = (numbers.below(tokens), numbers.below(rows))
                  var sum: Float = accumulates ? start[t * (rows + 2) + r] : 0
                  for j in 0..<k {
                    let a = Self.rounded(Self.element(w, r, j), precision)
                    sum.addProduct(a, Self.rounded(Self.element(x, t, j), precision))
                  }
                  if let bias = epilogue.bias { sum += bias[r] }
                  #expect(
                    bits(y[t * (rows + 2) + r]) == bits(sum),
                    "\(table) \(precision) \(tokens)×\(rows)×\(k) turned \(xTurned) \(wTurned) at \(t), \(r)")
                }
              }
            }
          }
        }
      }
    }
  }

  private func matrix(
    _ base: UnsafePointer<Float>, rows: Int, columns: Int, turned: Bool, _ pad: Int
  ) -> FloatMatrix {
    turned
      ? FloatMatrix(base, rows: columns, columns: rows, stride: rows + pad).transposed
      : FloatMatrix(base, rows: rows, columns: columns, stride: columns + pad)
  }
}
