// The scan against float64, and the same result for every number of threads, kernel table and precision.

import ApusRuntime
import ApusSearch
import ApusTestSupport
import Testing

@Suite struct VectorScannerTests {
  let scratch = ScratchDirectory()

  private func index(
    _ vectors: [[Float]], similarity: Similarity, storesBytes: Bool = false
  ) throws -> VectorIndex {
    let path = scratch.path + "/scan.index"
    var builder = try VectorIndexBuilder(
      model: "m", dimension: vectors[0].count, similarity: similarity, storesBytes: storesBytes)
    for (row, vector) in vectors.enumerated() {
      try builder.add(vector, IndexEntry(source: "s", text: "\(row)"))
    }
    try builder.write(to: path)
    return try VectorIndex.open(path)
  }

  private func runtime(threads: Int, cpu: String? = nil) throws -> Runtime {
    var options = RuntimeOptions(threads: threads, cpu: cpu)
    options.oversubscribes = true
    return try Runtime(options: options)
  }

  @Test(
    "scores are those of float64 and the best come first", arguments: [1, 7, 16, 33, 384],
    Similarity.allCases)
  func exact(_ dimension: Int, _ similarity: Similarity) throws {
    let count = 5000
    let vectors = randomVectors(count, dimension, seed: 11)
    let query = randomVectors(1, dimension, seed: 12)[0]
    let index = try index(vectors, similarity: similarity)
    func length(_ v: [Float]) -> Double { v.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
    let truth = vectors.map { vector -> Double in
      let dot = zip(vector, query).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      return similarity == .dot ? dot : dot / length(vector) / length(query)
    }
    let matches = try VectorScanner(index, runtime: runtime(threads: 2)).search(query, count: 50)
    // n fused steps of at most half a unit in the last place of a partial sum, which the lengths bound.
    for match in matches {
      let bound =
        (Double(dimension) + 4) * 0x1p-24
        * (similarity == .dot ? length(vectors[match.row]) * length(query) : 1)
      #expect(abs(Double(match.score) - truth[match.row]) <= bound)
    }
    #expect(matches.count == 50)
    #expect(zip(matches, matches.dropFirst()).allSatisfy { ($0.score, $1.row) > ($1.score, $0.row) })
    let worst = Double(matches.last!.score)
    let found = Set(matches.map(\.row))
    let slack = (Double(dimension) + 4) * 0x1p-23 * vectors.map(length).max()! * length(query)
    for row in 0..<count where !found.contains(row) { #expect(truth[row] <= worst + slack) }
  }

  @Test("one result for every number of threads, table and precision")
  func invariant() throws {
    let vectors = randomVectors(9000, 64, seed: 21)
    let index = try index(vectors, similarity: .cosine, storesBytes: true)
    let query = randomVectors(1, 64, seed: 22)[0]
    let expected = try VectorScanner(index, runtime: runtime(threads: 1)).search(query, count: 20)
    let best = try Runtime()
    for name in best.cpu.supported {
      for threads in [1, 3] {
        let scanner = try VectorScanner(index, runtime: runtime(threads: threads, cpu: name))
        for precision in ScanPrecision.allCases {
          #expect(
            try scanner.search(query, count: 20, precision: precision) == expected,
            "\(name), \(threads) threads, \(precision)")
        }
      }
    }
  }

  @Test("equal scores are ordered by row, and there are no more matches than vectors")
  func ties() throws {
    let vectors = (0..<5000).map { _ in [Float(1), 0, 0] }
    let index = try index(vectors, similarity: .dot)
    let scanner = try VectorScanner(index, runtime: runtime(threads: 2))
    #expect(try scanner.search([2, 0, 0], count: 7) == (0..<7).map { Match(row: $0, score: 2) })
    #expect(try scanner.search([2, 0, 0], count: 9999).count == 5000)
    #expect(try scanner.search([2, 0, 0], count: 0) == [])
  }

  @Test("8 bits miss next to nothing, of random vectors and of crowded ones", arguments: [0, 1])
  func recall(_ crowded: Int) throws {
    let dimension = 128
    let centres = randomVectors(20, dimension, seed: 31)
    let noise = randomVectors(20_000, dimension, seed: 32)
    let vectors =
      crowded == 0
      ? noise : noise.enumerated().map { row, v in zip(centres[row % 20], v).map { $0 + 0.3 * $1 } }
    let index = try index(vectors, similarity: .cosine, storesBytes: true)
    let scanner = try VectorScanner(index, runtime: runtime(threads: 2))
    var (found, wanted) = (0, 0)
    for query in randomVectors(100, dimension, seed: 33) {
      let exact = Set(try scanner.search(query, count: 10).map(\.row))
      found += try scanner.search(query, count: 10, precision: .int8).count { exact.contains($0.row) }
      wanted += 10
    }
    #expect(Double(found) >= 0.999 * Double(wanted), "\(found) of \(wanted)")
  }

  @Test("queries without a direction, of another length, or for bytes that are not there are refused")
  func badQueries() throws {
    let scanner = try VectorScanner(
      index(randomVectors(5, 8, seed: 1), similarity: .cosine), runtime: runtime(threads: 1))
    #expect(throws: VectorIndexError.badVector(row: 0)) {
      try scanner.search([Float](repeating: 0, count: 8), count: 1)
    }
    #expect(throws: VectorIndexError.dimension(found: 1, expected: 8)) { try scanner.search([1], count: 1) }
    #expect(throws: VectorIndexError.noBytes(path: scanner.index.path)) {
      try scanner.search([Float](repeating: 1, count: 8), count: 1, precision: .int8)
    }
  }
}
