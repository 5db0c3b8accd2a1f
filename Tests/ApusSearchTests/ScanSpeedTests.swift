// How fast a scan reads, beside what the machine can read at the same moment. It needs a quiet machine and half a
// gigabyte of disk, so it runs only when asked for: APUS_SCAN_ROWS=200000.

import ApusRuntime
import ApusSearch
import ApusTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let rows = getenv("APUS_SCAN_ROWS").flatMap { Int(String(cString: $0)) }

@Suite(.serialized) struct ScanSpeedTests {
  @Test(
    "a scan reads at the memory's speed",
    .enabled(if: rows != nil, "set APUS_SCAN_ROWS to a number of vectors, such as 200000"),
    arguments: ScanPrecision.allCases)
  func speed(_ precision: ScanPrecision) throws {
    let (count, dimension) = (try #require(rows), 768)
    let scratch = ScratchDirectory()
    let runtime = try Runtime()
    let vectors = randomVectors(1024, dimension, seed: 3)
    var builder = try VectorIndexBuilder(model: "m", dimension: dimension, storesBytes: true)
    for row in 0..<count { try builder.add(vectors[row % 1024], IndexEntry(source: "", text: "")) }
    try builder.write(to: scratch.path + "/speed.index")
    let scanner = try VectorScanner(VectorIndex.open(scratch.path + "/speed.index"), runtime: runtime)
    // Pages of the file are mapped by the first scan.
    for _ in 0..<2 { _ = try scanner.search(vectors[7], count: 10, precision: precision) }
    var shares: [Double] = []
    for _ in 0..<5 {
      let limit = try Ceilings.measure(runtime).all.readBytes
      var best = Double.infinity
      for _ in 0..<5 {
        let seconds = try MonotonicClock.seconds {
          _ = try scanner.search(vectors[7], count: 10, precision: precision)
        }
        best = min(best, seconds)
      }
      let rate = Double(scanner.bytesPerScan(precision)) / best
      shares.append(rate / limit)
      print(
        "\(precision): \(count) × \(dimension) in \(best * 1e3) ms, \(rate * 1e-9) GB/s of \(limit * 1e-9) GB/s"
      )
    }
    print("\(precision): median share \(shares.sorted()[2])")
  }
}
