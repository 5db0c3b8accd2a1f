// Reports of samples as files, for tests with other programs: dev/test-report.sh names a folder.

import Testing

@testable import ApusProfile

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let folder = getenv("APUS_REPORT_SAMPLES").map { String(cString: $0) }

@Suite struct SampleReportTests {
  @Test(.enabled(if: folder != nil, "APUS_REPORT_SAMPLES names no folder; dev/test-report.sh does"))
  func write() throws {
    let folder = try #require(folder)
    var stopped = modelProfile(seed: 2, layers: 2, threads: 2)
    stopped.isInterrupted = true
    let samples = [
      ("model", modelProfile(seed: 1, layers: 16, threads: 8)), ("stopped", stopped),
      ("small", smallProfile), ("empty", emptyProfile), ("hostile", hostileProfile(hostileNames[0])),
      ("long", hostileProfile(hostileNames[hostileNames.count - 1])),
    ]
    for (name, profile) in samples {
      let audit = Audit(profile)
      try Self.save(Array(audit.html.utf8), "\(folder)/\(name).html")
      try Self.save(Array(AuditText(audit).markdown.utf8), "\(folder)/\(name).md")
      try Self.save(Array(audit.json.serialized(pretty: true).utf8), "\(folder)/\(name).audit.json")
      try Self.save(Array(profile.json.serialized().utf8), "\(folder)/\(name).json")
      try Self.save(Array(profile.chromeTrace.serialized().utf8), "\(folder)/\(name).trace.json")
      try Self.save(Array(profile.foldedStacks.utf8), "\(folder)/\(name).folded")
      try Self.save(profile.pprof, "\(folder)/\(name).pprof")
    }
  }

  private static func save(_ bytes: [UInt8], _ path: String) throws {
    let file = try #require(fopen(path, "wb"), "\(path) cannot be written")
    let written = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    #expect(fclose(file) == 0 && written == bytes.count, "\(path)")
  }
}
