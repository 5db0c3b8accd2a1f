// How many of the exact best a search by bytes finds, for vectors of many kinds.

import ApusSearch
import ApusTestSupport
import Testing

@Suite struct ByteRecallTests {
  let scratch = ScratchDirectory()
  private static let dimension = 128

  /// The share of the 10 best that is found.
  private func recall(_ vectors: [[Float]], _ queries: [[Float]], _ similarity: Similarity) throws -> Double {
    let index = try scratch.index(vectors, similarity: similarity, storesBytes: true)
    let scanner = try VectorScanner(index, runtime: runtime(threads: 2))
    var found = 0
    for query in queries {
      let exact = Set(try scanner.search(query, count: 10).map(\.row))
      found += try scanner.search(query, count: 10, precision: .int8).count { exact.contains($0.row) }
    }
    return Double(found) / Double(10 * queries.count)
  }

  /// 20 clusters of 500 vectors each, and what lies around their centres.
  private func clustered(_ noise: Float, _ count: Int, seed: UInt64) -> [[Float]] {
    let centres = randomVectors(20, Self.dimension, seed: 31)
    return randomVectors(count, Self.dimension, seed: seed).enumerated().map { row, vector in
      zip(centres[row % 20], vector).map { $0 + noise * $1 }
    }
  }

  @Test(
    "8 bits miss next to nothing of random vectors, whatever their magnitude",
    arguments: [1e-30, 1e-8, 1, 1e8, 1e14] as [Float], Similarity.allCases)
  func magnitudes(_ magnitude: Float, _ similarity: Similarity) throws {
    let vectors = randomVectors(3000, Self.dimension, seed: 32).map { $0.map { $0 * magnitude } }
    let queries = randomVectors(30, Self.dimension, seed: 33)
    #expect(try recall(vectors, queries, similarity) >= 0.998)
    // Scores of small vectors and small queries vanish even as floats.
    if magnitude > 1e-20 {
      #expect(try recall(vectors, queries.map { $0.map { $0 * 1e-12 } }, similarity) >= 0.998)
    }
  }

  @Test("nor of clusters, when the query lies between them")
  func between() throws {
    let queries = randomVectors(50, Self.dimension, seed: 33)
    #expect(try recall(clustered(0.3, 10_000, seed: 32), queries, .cosine) >= 0.998)
  }

  /// The least that is found among 500 vectors around the query, by how far they are apart.
  @Test(
    "a query inside a cluster finds its neighbours until they are near-duplicates",
    arguments: zip([1, 0.3, 0.1, 0.03] as [Float], [0.998, 0.998, 0.97, 0.25]))
  func inside(_ noise: Float, _ least: Double) throws {
    let found = try recall(clustered(noise, 10_000, seed: 32), clustered(noise, 60, seed: 34), .cosine)
    print("noise \(noise): \(found) of the 10 best")
    #expect(found >= least, "noise \(noise)")
  }
}
