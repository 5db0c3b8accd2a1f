// An exact search: every vector of an index is multiplied with the query, by the kernels and from the panels that models
// are run with, so a scan goes at the speed of memory. Workers take blocks of panels and keep the best of what they see.

import ApusRuntime
import ApusTensor
import CApusKernels

/// What a scan reads.
public enum ScanPrecision: String, Sendable, CaseIterable {
  /// All vectors as they are.
  case f32
  /// All vectors in 8 bits, then the best of them as they are.
  case int8
}

/// Searches one index. Keeps its buffers, so a search allocates its result only.
///
/// Not thread-safe: make one for each thread. Scanners of one runtime take turns on its workers.
public final class VectorScanner {
  /// The index that is searched.
  public let index: VectorIndex
  private let runtime: Runtime
  private var best: [TopMatches] = []
  private let scores: HugeBuffer
  private let query: HugeBuffer

  /// Vectors that a worker takes at once: a few hundred kilobytes or more.
  private static let blockRows = 4096

  /// Makes a scanner.
  ///
  /// - Throws: `RuntimeError.outOfMemory`.
  public init(_ index: VectorIndex, runtime: Runtime) throws {
    self.index = index
    self.runtime = runtime
    scores = try HugeBuffer(byteCount: 4 * Self.blockRows * runtime.workers.count, purpose: "scores")
    query = try HugeBuffer(
      byteCount: ActivationForm.f32.rowBytes(index.dimension)
        + ActivationForm.q32.rowBytes(index.dimension + 31 & ~31),
      purpose: "a query")
  }

  /// The best `count` vectors for a query, the best first; of equal scores the lower row comes first.
  ///
  /// The scores are those of the vectors as they are, whatever was read first: acc = fma(vector[k], query[k], acc), k
  /// ascending. With `.int8` the best `candidates(count)` by their bytes are scored so; a vector whose score lies within
  /// the bytes' rounding (about 1 % of the vectors' lengths) of theirs may be missed.
  ///
  /// - Throws: `VectorIndexError.dimension`, `.badVector`, `.noBytes`, `FileError.changed`.
  /// - Complexity: O(vectors · dimension).
  public func search(
    _ query: [Float], count: Int, precision: ScanPrecision = .f32
  ) throws -> [Match] {
    precondition(count >= 0)
    guard query.count == index.dimension else {
      throw VectorIndexError.dimension(found: query.count, expected: index.dimension)
    }
    guard precision == .f32 || index.hasBytes else { throw VectorIndexError.noBytes(path: index.path) }
    try index.verifyUnchanged()
    let floats = try place(query)
    let count = min(count, index.count)
    guard count > 0 else { return [] }
    guard precision == .int8 else { return scan(floats, keep: count, .f32) }
    let rough = scan(floats, keep: min(index.count, Self.candidates(count)), .int8)
    var exact = TopMatches(capacity: count)
    for match in rough { exact.insert(Match(row: match.row, score: score(match.row, floats))) }
    return exact.sorted()
  }

  /// How many of the best by their bytes are scored exactly.
  public static func candidates(_ count: Int) -> Int { max(4 * count, 100) }

  /// Bytes that a scan reads.
  public func bytesPerScan(_ precision: ScanPrecision) -> Int {
    let sizes = PanelSizes(count: index.count, dimension: index.dimension)!
    return precision == .f32 ? sizes.floats : sizes.bytes
  }

  /// The query in memory of its own, of length 1 where vectors are compared by cosine.
  private func place(_ values: [Float]) throws(VectorIndexError) -> UnsafeMutablePointer<Float> {
    let floats = query.base.assumingMemoryBound(to: Float.self)
    let squares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    guard squares.isFinite, squares > 0 else { throw .badVector(row: 0) }
    let factor = index.similarity == .cosine && abs(squares - 1) > 1e-6 ? 1 / squares.squareRoot() : 1
    for (column, value) in values.enumerated() { floats[column] = Float(Double(value) * factor) }
    return floats
  }

  /// The score of one vector, by the sum that the panels' product is defined by.
  private func score(_ row: Int, _ query: UnsafePointer<Float>) -> Float {
    let lane = index.panel(row / APUS_LANES) + row % APUS_LANES
    var sum: Float = 0
    for column in 0..<index.dimension { sum.addProduct(lane[column * APUS_LANES], query[column]) }
    return sum
  }

  private func scan(
    _ floats: UnsafeMutablePointer<Float>, keep: Int, _ precision: ScanPrecision
  ) -> [Match] {
    let table = runtime.cpu.table
    let layout = precision == .f32 ? APUS_LAYOUT_F32 : APUS_LAYOUT_Q8_0
    let form = ActivationForm(layout)
    var x = UnsafeMutableRawPointer(floats)
    if let round = table.rounding(form) {
      x += ActivationForm.f32.rowBytes(index.dimension)
      round(floats, Int32(index.dimension), x)
    }
    best = (0..<runtime.workers.count).map { _ in TopMatches(capacity: keep) }
    let units = (index.count + Self.blockRows - 1) / Self.blockRows
    best.withUnsafeMutableBufferPointer { best in
      var job = ScanJob(
        gemm: table.product(layout, for: form), panels: index.panels(precision),
        panelBytes: apus_panel_bytes(layout, index.dimension), count: index.count, dimension: index.dimension,
        blockRows: Self.blockRows, x: x, xBytes: form.rowBytes(index.dimension),
        scores: scores.base.assumingMemoryBound(to: Float.self), best: best.baseAddress!)
      withUnsafeMutablePointer(to: &job) { job in
        runtime.workers.parallel(units, UnsafeMutableRawPointer(job)) { context, unit, worker in
          context.assumingMemoryBound(to: ScanJob.self).pointee.run(unit, worker)
        }
      }
    }
    var all = TopMatches(capacity: keep)
    for part in best { for match in part.matches { all.insert(match) } }
    return all.sorted()
  }
}

/// One scan, as the workers see it.
private struct ScanJob {
  let gemm: ProductKernel
  let panels: UnsafeRawPointer
  let panelBytes: Int
  let count: Int
  let dimension: Int
  let blockRows: Int
  let x: UnsafeRawPointer
  let xBytes: Int
  let scores: UnsafeMutablePointer<Float>
  let best: UnsafeMutablePointer<TopMatches>

  /// Scores a block and keeps its best.
  func run(_ unit: Int, _ worker: Int) {
    let first = unit * blockRows
    let rows = min(blockRows, count - first)
    let scores = scores + worker * blockRows
    var arguments = apus_gemm()
    arguments.panels = panels + first / APUS_LANES * panelBytes
    arguments.panel_bytes = panelBytes
    arguments.rows = Int32(rows)
    arguments.k = dimension
    arguments.x = x
    arguments.x_bytes = xBytes
    arguments.tokens = 1
    arguments.y = scores
    arguments.y_stride = rows
    gemm(&arguments)
    var threshold = best[worker].threshold
    for row in 0..<rows where scores[row] >= threshold {
      best[worker].insert(Match(row: first + row, score: scores[row]))
      threshold = best[worker].threshold
    }
  }
}
