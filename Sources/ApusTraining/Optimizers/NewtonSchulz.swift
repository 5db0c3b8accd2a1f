// The matrix nearest to being orthogonal, roughly: five steps X ← aX + (b·XXᵀ + c·(XXᵀ)²)·X from X / ‖X‖. With the
// coefficients of K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
// kellerjordan.github.io/posts/muon, singular values end between 0.68 and 1.13, small ones after being multiplied with
// a⁵ ≈ 485.

import ApusRuntime
import ApusTensor
import CApusKernels

/// Makes matrices orthogonal in memory of its own. Not thread-safe.
final class NewtonSchulz {
  static let coefficients = (a: 3.4445, b: -4.7750, c: 2.0315)
  private let iterations: Int
  /// The least norm a matrix is divided by.
  static let leastNorm = 1e-7

  private let products: FloatProduct
  private let precision: FloatProduct.Precision
  private let cpu: KernelTable
  private let workers: WorkerPool
  private let memory: HugeBuffer
  private var next: UnsafeMutablePointer<Float>
  private let gram: UnsafeMutablePointer<Float>
  private let square: UnsafeMutablePointer<Float>
  /// `[rows][columns]`: the matrix before, the result after.
  private(set) var matrix: UnsafeMutablePointer<Float>

  /// Bytes for matrices of the given shapes: two matrices and two squares of their shorter side.
  static func byteCount(_ shapes: [(rows: Int, columns: Int)]) -> Int { 8 * (largest(shapes) + side(shapes)) }

  private static func largest(_ shapes: [(rows: Int, columns: Int)]) -> Int {
    shapes.reduce(16) { max($0, ($1.rows * $1.columns + 15) & ~15) }
  }

  private static func side(_ shapes: [(rows: Int, columns: Int)]) -> Int {
    shapes.reduce(16) { max($0, (min($1.rows, $1.columns) * min($1.rows, $1.columns) + 15) & ~15) }
  }

  /// Takes all memory that matrices of these shapes will ever need.
  init(
    _ shapes: [(rows: Int, columns: Int)], iterations: Int = 5, precision: FloatProduct.Precision,
    cpu: KernelTable, workers: WorkerPool
  ) throws(RuntimeError) {
    self.iterations = iterations
    self.precision = precision
    self.cpu = cpu
    self.workers = workers
    products = FloatProduct(cpu: cpu, workers: workers)
    memory = try HugeBuffer(byteCount: Self.byteCount(shapes), purpose: "the matrices of Muon")
    let (count, side) = (Self.largest(shapes), Self.side(shapes))
    matrix = memory.base.assumingMemoryBound(to: Float.self)
    next = matrix + count
    gram = next + count
    square = gram + side
    var seen: Set<[Int]> = []
    for shape in shapes where seen.insert([shape.rows, shape.columns]).inserted {
      // On zeros: the products take their memory.
      try iterate(shape.rows, shape.columns)
    }
  }

  /// Replaces `matrix` by its orthogonal neighbour.
  ///
  /// - Parameter norm: its Frobenius norm.
  /// - Complexity: with s the shorter and l the longer side, 5 · (4 s²l + 2 s³) operations.
  func orthogonalize(rows: Int, columns: Int, norm: Double) throws(RuntimeError) {
    let scale = Float(1 / (norm < Self.leastNorm ? Self.leastNorm : norm))
    combine(scale, matrix, 0, matrix, rows * columns, into: matrix)
    for _ in 0..<iterations { try iterate(rows, columns) }
  }

  private func iterate(_ rows: Int, _ columns: Int) throws(RuntimeError) {
    let (a, b, c) = Self.coefficients
    let x = FloatMatrix(matrix, rows: rows, columns: columns)
    // The shorter side is multiplied with itself.
    let short = rows <= columns ? x : x.transposed
    let side = short.rows
    try products.multiply(short, short, into: gram, precision: precision)
    let symmetric = FloatMatrix(gram, rows: side, columns: side)
    try products.multiply(symmetric, symmetric, into: square, precision: precision)
    combine(Float(c), square, Float(b), gram, side * side, into: square)
    combine(Float(a), matrix, 0, matrix, rows * columns, into: next)
    var onto = FloatProduct.Epilogue()
    onto.accumulates = true
    let polynomial = FloatMatrix(square, rows: side, columns: side)
    if rows <= columns {
      try products.multiply(polynomial, x.transposed, into: next, precision: precision, epilogue: onto)
    } else {
      try products.multiply(x, polynomial, into: next, precision: precision, epilogue: onto)
    }
    swap(&matrix, &next)
  }

  /// out = a·x + b·y on all workers.
  private func combine(
    _ a: Float, _ x: UnsafePointer<Float>, _ b: Float, _ y: UnsafePointer<Float>, _ count: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    var sum = WeightedSum(cpu: cpu, a: a, x: x, b: b, y: y, count: count, out: out)
    withUnsafeMutablePointer(to: &sum) { sum in
      workers.parallel(sum.pointee.units, UnsafeMutableRawPointer(sum)) { sum, unit, _ in
        sum.assumingMemoryBound(to: WeightedSum.self).pointee.run(unit)
      }
    }
  }
}

/// A weighted sum, as the workers see it.
private struct WeightedSum {
  let cpu: KernelTable
  let a: Float
  let x: UnsafePointer<Float>
  let b: Float
  let y: UnsafePointer<Float>
  let count: Int
  let out: UnsafeMutablePointer<Float>

  static let unit = 16384
  var units: Int { (count + Self.unit - 1) / Self.unit }

  func run(_ unit: Int) {
    let first = unit * Self.unit
    cpu.pointee.weighted_sum(a, x + first, b, y + first, Int32(min(Self.unit, count - first)), out + first)
  }
}
