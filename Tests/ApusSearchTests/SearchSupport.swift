// What the tests of the search share.

import ApusRuntime
import ApusSearch
import ApusTestSupport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Normal vectors from a seed.
func randomVectors(_ count: Int, _ dimension: Int, seed: UInt64) -> [[Float]] {
  guard count > 0 else { return [] }
  let normals = Philox(key: seed)
  let all = [Float](unsafeUninitializedCapacity: count * dimension) { buffer, initialized in
    normals.fillNormals(buffer)
    initialized = count * dimension
  }
  return (0..<count).map { Array(all[$0 * dimension..<($0 + 1) * dimension]) }
}

/// Writes a file as it is.
func writeFile(_ path: String, _ bytes: [UInt8]) throws {
  var file = try AtomicFile(path: path, replacing: true)
  try file.write(bytes)
  try file.commit()
}

extension ScratchDirectory {
  /// An index of these vectors.
  func index(_ vectors: [[Float]], similarity: Similarity, storesBytes: Bool = false) throws -> VectorIndex {
    var builder = try VectorIndexBuilder(
      model: "m", dimension: vectors[0].count, similarity: similarity, storesBytes: storesBytes)
    for (row, vector) in vectors.enumerated() {
      try builder.add(vector, IndexEntry(source: "s", text: "\(row)"))
    }
    try builder.write(to: file("scan.index"))
    return try VectorIndex.open(file("scan.index"))
  }
}

/// A runtime of so many threads, whatever the machine has.
func runtime(threads: Int, cpu: String? = nil) throws -> Runtime {
  var options = RuntimeOptions(threads: threads, cpu: cpu)
  options.oversubscribes = true
  return try Runtime(options: options)
}
