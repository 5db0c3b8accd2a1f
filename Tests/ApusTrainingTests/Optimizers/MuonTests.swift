// What Muon makes of a matrix: singular values near 1, in both precisions, whatever its shape.

import ApusRuntime
import ApusTensor
import Testing

@testable import ApusTraining

@Suite struct MuonTests {
  /// The eigenvalues of a symmetric matrix by Jacobi's rotations.
  func eigenvalues(_ matrix: [[Double]]) -> [Double] {
    var a = matrix
    let n = a.count
    for _ in 0..<30 {
      for p in 0..<n {
        for q in p + 1..<max(n, p + 1) where abs(a[p][q]) > 1e-14 {
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<n { (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]) }
          for k in 0..<n { (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]) }
        }
      }
    }
    return (0..<n).map { a[$0][$0] }
  }

  @Test(arguments: [(24, 24), (12, 50), (50, 12), (1, 7), (7, 1)])
  func singularValues(_ rows: Int, _ columns: Int) throws {
    let pool = try WorkerPool(count: 2, processors: 2)
    var numbers = SeededNumbers(UInt64(rows * 100 + columns))
    let values = (0..<rows * columns).map { _ in numbers.signed() * 100 }
    var results: [[Float]] = []
    for precision in [FloatProduct.Precision.f32, .bf16] {
      let newtonSchulz = try NewtonSchulz(
        [(rows, columns), (3, 80)], precision: precision, cpu: try kernels(), workers: pool)
      for (index, value) in values.enumerated() { newtonSchulz.matrix[index] = value }
      let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      try newtonSchulz.orthogonalize(rows: rows, columns: columns, norm: norm)
      let x = Array(UnsafeBufferPointer(start: newtonSchulz.matrix, count: rows * columns))
      let side = min(rows, columns)
      let gram = (0..<side).map { i in
        (0..<side).map { j in
          (0..<max(rows, columns)).reduce(0.0) { sum, k in
            let (a, b) =
              rows <= columns
              ? (x[i * columns + k], x[j * columns + k]) : (x[k * columns + i], x[k * columns + j])
            return sum + Double(a) * Double(b)
          }
        }
      }
      // Values of at least 0.01 of the norm end there in exact arithmetic; a square matrix may have smaller ones.
      let singular = eigenvalues(gram).map { $0.squareRoot() }.sorted()
      #expect(singular.last! < 1.25, "\(rows) × \(columns), \(precision): \(singular)")
      let least = rows == columns ? singular[2] : singular[0]
      #expect(least > 0.6, "\(rows) × \(columns), \(precision): \(singular)")
      results.append(x)
    }
    // bfloat16 keeps 8 bits, and an error grows as steep as the iteration: up to a⁵ where a value is small.
    let distance = zip(results[0], results[1]).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    #expect(distance.squareRoot() < 0.2 * Double(min(rows, columns)).squareRoot())
  }

  @Test("a gradient of zeros moves nothing, and is not a division by zero")
  func zero() throws {
    let memory = TestTensors([TestTensors.Shape(rows: 20, columns: 30, decays: false)])
    let before = memory.bits
    let pool = try WorkerPool(count: 1, processors: 1)
    let engine = try OptimizerEngine(
      .muon(MuonSettings(), rest: AdamWSettings()), tensors: memory.tensors, workers: pool,
      cpu: try kernels())
    try engine.step(number: 1, learningRate: 0.1)
    #expect(memory.bits == before)
  }
}
