// The scan against float64, and the same result for every number of threads, kernel table and precision.

import ApusRuntime
import ApusSearch
import ApusTestSupport
import Testing

@Suite struct VectorScannerTests {
  let scratch = ScratchDirectory()

  @Test(
    "scores are those of float64 and the best come first", arguments: [1, 7, 16, 33, 384],
    Similarity.allCases)
  func exact(_ dimension: Int, _ similarity: Similarity) throws {
    let count = 5000
    let vectors = randomVectors(count, dimension, seed: 11)
    let query = randomVectors(1, dimension, seed: 12)[0]
    let index = try scratch.index(vectors, similarity: similarity)
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
    let index = try scratch.index(vectors, similarity: .cosine, storesBytes: true)
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
    let index = try scratch.index(vectors, similarity: .dot)
    let scanner = try VectorScanner(index, runtime: runtime(threads: 2))
    #expect(try scanner.search([2, 0, 0], count: 7) == (0..<7).map { Match(row: $0, score: 2) })
    #expect(try scanner.search([2, 0, 0], count: 9999).count == 5000)
    #expect(try scanner.search([2, 0, 0], count: 0) == [])
  }

  @Test("queries without a direction, of another length, or for bytes that are not there are refused")
  func badQueries() throws {
    let scanner = try VectorScanner(
      scratch.index(randomVectors(5, 8, seed: 1), similarity: .cosine), runtime: runtime(threads: 1))
    for bad in [0, Float.nan, .infinity] {
      #expect(throws: VectorIndexError.badQuery) {
        try scanner.search([Float](repeating: bad, count: 8), count: 1)
      }
    }
    #expect("\(VectorIndexError.badQuery)".hasPrefix("the query's vector is zero or"))
    #expect(throws: VectorIndexError.dimension(found: 1, expected: 8)) { try scanner.search([1], count: 1) }
    #expect(throws: VectorIndexError.noBytes(path: scanner.index.path)) {
      try scanner.search([Float](repeating: 1, count: 8), count: 1, precision: .int8)
    }
  }

  @Test("values at the limit give every row a score, larger ones are refused by name")
  func largest() throws {
    let limit: Float = 0x1p50
    let vectors = (0..<40).map { row in (0..<32).map { ($0 + row) % 2 == 0 ? limit : -limit } }
    let index = try scratch.index(vectors, similarity: .dot, storesBytes: true)
    let scanner = try VectorScanner(index, runtime: runtime(threads: 1))
    for precision in ScanPrecision.allCases {
      let matches = try scanner.search(vectors[1], count: 40, precision: precision)
      #expect(matches.count == 40 && matches[0] == Match(row: 1, score: 0x1p105))
    }
    var query = vectors[0]
    query[3] = limit.nextUp
    #expect(throws: VectorIndexError.queryTooLarge) { try scanner.search(query, count: 1) }
    var builder = try VectorIndexBuilder(model: "m", dimension: 32, similarity: .dot)
    #expect(throws: VectorIndexError.vectorTooLarge(row: 0)) {
      try builder.add(query, IndexEntry(source: "", text: ""))
    }
    #expect(builder.count == 0)
    // What is stored with length 1 may come with any.
    var cosine = try VectorIndexBuilder(model: "m", dimension: 32)
    try cosine.add(query, IndexEntry(source: "", text: ""))
  }

  @Test("an index without vectors answers with none", arguments: ScanPrecision.allCases)
  func empty(_ precision: ScanPrecision) throws {
    try VectorIndexBuilder(model: "m", dimension: 32, storesBytes: true).write(to: scratch.file("empty"))
    let index = try VectorIndex.open(scratch.file("empty"))
    #expect(index.hasBytes && index.count == 0)
    let scanner = try VectorScanner(index, runtime: runtime(threads: 2))
    #expect(try scanner.search([Float](repeating: 1, count: 32), count: 3, precision: precision) == [])
    #expect(scanner.bytesPerScan(precision) == 0)
    try VectorIndexBuilder(model: "m", dimension: 32).write(to: scratch.file("empty"))
    #expect(try !VectorIndex.open(scratch.file("empty")).hasBytes)
  }

  @Test(
    "a search allocates its result only",
    .enabled(if: allocationsAreCounted, allocationsSkipReason),
    arguments: [1, 3], ScanPrecision.allCases)
  func allocations(_ threads: Int, _ precision: ScanPrecision) throws {
    let index = try scratch.index(
      randomVectors(9001, 64, seed: 41), similarity: .cosine, storesBytes: true)
    let runtime = try runtime(threads: threads)
    let scanner = try VectorScanner(index, runtime: runtime)
    let query = randomVectors(1, 64, seed: 42)[0]
    let expected = try scanner.search(query, count: 100, precision: precision)
    var results: [[Match]] = []
    results.reserveCapacity(20)
    let count = try countAllocations(on: runtime.workers) {
      for round in 1...20 {
        results.append(try scanner.search(query, count: 5 * round, precision: precision))
      }
    }
    #expect(count <= 20)
    #expect(results.enumerated().allSatisfy { $1 == Array(expected.prefix(5 * $0 + 5)) })
  }
}
