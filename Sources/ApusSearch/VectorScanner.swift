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

/// Searches one index. Keeps its buffers, so a search allocates its result only, once the largest count was asked for.
///
/// Not thread-safe: make one for each thread. Scanners of one runtime take turns on its workers.
public final class VectorScanner {
  /// The index that is searched.
  public let index: VectorIndex
  private let runtime: Runtime
  /// What each worker found.
  private let best: [TopMatches]
  private let rough = TopMatches()
  private let result = TopMatches()
  private let scores: HugeBuffer
  /// The query as floats, and for a scan of bytes the query brought near 1 and rounded.
  private let query: HugeBuffer

  /// Panels that a worker takes at most at once.
  private static let longestUnit = 256

  /// Makes a scanner.
  ///
  /// - Throws: `RuntimeError.outOfMemory`.
  public init(_ index: VectorIndex, runtime: Runtime) throws {
    self.index = index
    self.runtime = runtime
    best = (0..<runtime.workers.count).map { _ in TopMatches() }
    scores = try HugeBuffer(
      byteCount: 4 * APUS_LANES * Self.longestUnit * runtime.workers.count, purpose: "scores")
    let floats = ActivationForm.f32.rowBytes(index.dimension)
    query = try HugeBuffer(
      byteCount: index.hasBytes ? 2 * floats + ActivationForm.q32.rowBytes(index.dimension) : floats,
      purpose: "a query")
  }

  /// The best `count` vectors for a query, the best first; of equal scores the lower row comes first.
  ///
  /// The scores are those of the vectors as they are, whatever was read first: acc = fma(vector[k], query[k], acc), k
  /// ascending. With `.int8` the best `candidates(count)` by their bytes are scored so; a vector whose score lies within
  /// the bytes' rounding (about 1 % of the vectors' lengths) of theirs may be missed. Near-duplicates by the hundred need
  /// `.f32`: of the 10 nearest among 500 vectors that differ by 3 % of their length, a third is found; by 10 %, 99 %.
  ///
  /// The index is the one that was opened, even when another has taken its name since.
  ///
  /// - Throws: `VectorIndexError.dimension`, `.badQuery`, `.queryTooLarge`, `.noBytes`; `FileError.changed` when the file
  ///   was written or truncated in place.
  /// - Complexity: O(vectors · dimension).
  public func search(
    _ query: [Float], count: Int, precision: ScanPrecision = .f32
  ) throws -> [Match] {
    precondition(count >= 0)
    guard query.count == index.dimension else {
      throw VectorIndexError.dimension(found: query.count, expected: index.dimension)
    }
    guard precision == .f32 || index.hasBytes else { throw VectorIndexError.noBytes(path: index.path) }
    try index.verifyContents()
    let largest = try place(query)
    let count = min(count, index.count)
    guard count > 0 else { return [] }
    result.reset(capacity: count)
    switch precision {
    case .f32: scan(.f32, floats, into: result, count)
    case .int8:
      let kept = min(index.count, Self.candidates(count))
      rough.reset(capacity: kept)
      scan(.int8, rounded(largest), into: rough, kept)
      rescore()
      for place in 0..<rough.count { result.insert(rough.matches[place]) }
    }
    return result.take()
  }

  /// How many of the best by their bytes are scored exactly.
  public static func candidates(_ count: Int) -> Int { max(4 * count, 100) }

  /// Bytes that a scan reads.
  public func bytesPerScan(_ precision: ScanPrecision) -> Int {
    let sizes = PanelSizes(count: index.count, dimension: index.dimension)!
    return precision == .f32 ? sizes.floats : sizes.bytes
  }

  private var floats: UnsafeMutablePointer<Float> { query.base.assumingMemoryBound(to: Float.self) }

  /// Puts the query into memory of its own, of length 1 where vectors are compared by cosine; the largest magnitude.
  private func place(_ values: [Float]) throws(VectorIndexError) -> Float {
    guard let factor = index.similarity.factor(values) else { throw .badQuery }
    let floats = floats
    var largest: Float = 0
    for column in 0..<values.count {
      floats[column] = Float(Double(values[column]) * factor)
      largest = max(largest, abs(floats[column]))
    }
    guard largest <= Similarity.largestValue else { throw .queryTooLarge }
    return largest
  }

  /// The query as the bytes' product takes it. A power of two keeps its scales from vanishing and changes no order.
  private func rounded(_ largest: Float) -> UnsafeRawPointer {
    let (floats, rowBytes) = (floats, ActivationForm.f32.rowBytes(index.dimension))
    let scaled = (query.base + rowBytes).assumingMemoryBound(to: Float.self)
    let factor = powerOfTwo(bringing: largest, to: 0)
    for column in 0..<index.dimension { scaled[column] = Float(Double(floats[column]) * factor) }
    let rounded = query.base + 2 * rowBytes
    runtime.cpu.table.rounding(.q32)!(scaled, Int32(index.dimension), rounded)
    return UnsafeRawPointer(rounded)
  }

  /// The best `kept` of all panels of a precision.
  private func scan(
    _ precision: ScanPrecision, _ x: UnsafeRawPointer, into all: TopMatches, _ kept: Int
  ) {
    let job = panelJob(precision, x)
    let panels = (index.count + APUS_LANES - 1) / APUS_LANES
    let unit = min(
      Self.longestUnit,
      PackedMatrix.panelsPerUnit(
        panels: panels, panelBytes: job.panelBytes, tokens: 1, columns: index.dimension,
        workers: runtime.workers.count))
    for worker in 0..<best.count { best[worker].reset(capacity: kept) }
    best.withUnsafeBufferPointer { best in
      var job = ScanJob(panels: job, unitRows: APUS_LANES * unit, best: best.baseAddress!)
      withUnsafeMutablePointer(to: &job) { job in
        runtime.workers.parallel((panels + unit - 1) / unit, job) { context, unit, worker in
          context.assumingMemoryBound(to: ScanJob.self).pointee.run(unit, worker)
        }
      }
    }
    for worker in 0..<best.count {
      for place in 0..<best[worker].count { all.insert(best[worker].matches[place]) }
    }
  }

  /// Gives the rough matches the scores of the vectors as they are; their order means nothing after that.
  private func rescore() {
    var job = RescoreJob(panels: panelJob(.f32, floats), matches: rough.matches)
    withUnsafeMutablePointer(to: &job) { job in
      runtime.workers.parallel(rough.count, job) { context, unit, worker in
        context.assumingMemoryBound(to: RescoreJob.self).pointee.run(unit, worker)
      }
    }
  }

  private func panelJob(_ precision: ScanPrecision, _ x: UnsafeRawPointer) -> PanelJob {
    let layout = precision == .f32 ? APUS_LAYOUT_F32 : APUS_LAYOUT_Q8_0
    let form = ActivationForm(layout)
    return PanelJob(
      gemm: runtime.cpu.table.product(layout, for: form), panels: index.panels(precision),
      panelBytes: apus_panel_bytes(layout, index.dimension), count: index.count, dimension: index.dimension,
      x: x, xBytes: form.rowBytes(index.dimension), scores: scores.base.assumingMemoryBound(to: Float.self),
      longestUnit: APUS_LANES * Self.longestUnit)
  }
}
