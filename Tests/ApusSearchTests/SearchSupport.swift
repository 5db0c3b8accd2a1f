// What the tests of the search share.

import ApusRuntime

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
