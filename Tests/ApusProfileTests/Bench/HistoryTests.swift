// Histories: what is appended comes back; files that are none, are locked, may not be written to, or do not fit on the disk
// are refused in words. Pages of plots hold every point.

import ApusTestSupport
import Testing

@testable import ApusProfile

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct HistoryPageTests {
  @Test func everyPoint() {
    var records = [ResultsTests.record(name: "a<b"), ResultsTests.record(name: "later")]
    records[1].time += 86_400
    records[1].tests[0].rounds[0].seconds = [0.5]
    let page = HistoryPage(records.flatMap(\.points), title: "x & y").html
    #expect(
      page.contains("<title>x &amp; y · Apus</title>") && page.contains("a&lt;b") && !page.contains("a<b"))
    #expect(page.split(separator: "<circle").count == 3 && page.contains("<polyline"))
    #expect(page.contains("m (5 B), A &quot;CPU&quot;, avx2, 2 threads"))
    #expect(!page.contains("http") && !page.contains("nan") && !page.contains("inf"))
    let one = HistoryPage(records[0].points, title: "").html
    #expect(one.split(separator: "<circle").count == 2 && !one.contains("<polyline"))
    #expect(HistoryPage([], title: "").html.contains("nothing was kept yet"))
  }

  @Test func conditions() {
    var record = ResultsTests.record()
    record.settings[0].value = "q8_0"
    record.model = nil
    #expect(record.conditions == "no model, A \"CPU\", avx2, 2 threads, cache-type q8_0")
    #expect(dateText(1_790_000_000) == "2026-09-21 14:13")
  }
}

#if APUS_HISTORY
  @Suite struct HistoryFileTests {
    private let folder = ScratchDirectory()

    private func problem(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch {
        return "\(error)"
      }
    }

    @Test func thereAndBack() throws {
      let path = folder.file("speed.sqlite")
      let record = ResultsTests.record()
      do {
        let history = try HistoryFile(writing: path)
        try history.append(record)
        // A reader does not disturb, even while it is open for writing.
        #expect(try HistoryFile(reading: path).points() == record.points)
      }
      var later = ResultsTests.record(name: "o'; DROP TABLE runs; --")
      later.time += 5
      try HistoryFile(writing: path).append(later)
      #expect(try HistoryFile(reading: path).points() == record.points + later.points)
    }

    @Test func otherFiles() throws {
      let text = folder.write("text", Array("no database, but long enough to be looked at as one".utf8))
      #expect(
        problem { _ = try HistoryFile(writing: text) } == "\(text): is no SQLite file, or a damaged one")
      let none = folder.file("none")
      #expect(problem { _ = try HistoryFile(reading: none) } == "\(none): cannot be opened")
      #expect(problem { _ = try HistoryFile(writing: none + "/x") }.hasSuffix("cannot be opened or made"))
      let other = folder.file("other")
      try SQLiteDatabase(other, writes: true).run("CREATE TABLE songs (name TEXT)")
      #expect(problem { _ = try HistoryFile(writing: other) }.contains("of another program"))
      let newer = folder.file("newer")
      _ = try HistoryFile(writing: newer)
      try SQLiteDatabase(newer, writes: true).run("PRAGMA user_version = 7")
      #expect(
        problem { _ = try HistoryFile(reading: newer) }.hasSuffix("has schema 7, and this program knows 1"))
      let empty = folder.write("empty", [])
      #expect(problem { _ = try HistoryFile(reading: empty) }.contains("is empty"))
    }

    @Test func locked() throws {
      let path = folder.file("locked")
      let history = try HistoryFile(writing: path)
      let other = try SQLiteDatabase(path, writes: true)
      try other.run("BEGIN IMMEDIATE")
      #expect(problem { try history.append(ResultsTests.record()) }.contains("is in use by another program"))
      try other.run("ROLLBACK")
      try history.append(ResultsTests.record())
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere")) func readOnly() throws {
      let path = folder.file("read-only")
      try HistoryFile(writing: path).append(ResultsTests.record())
      chmod(path, 0o444)
      #expect(problem { _ = try HistoryFile(writing: path) }.hasSuffix("may not be written to"))
      #expect(try HistoryFile(reading: path).points().count == 1)
    }

    @Test("a full disk adds nothing and leaves what was there")
    func full() throws {
      let path = folder.file("full")
      try HistoryFile(writing: path).append(ResultsTests.record())
      var large = ResultsTests.record(name: "large")
      large.notes = [String(repeating: "x", count: 1 << 20)]
      let history = try HistoryFile(SQLiteDatabase(path, writes: true, pageLimit: 20))
      #expect(problem { try history.append(large) } == "\(path): the disk is full; nothing was added")
      #expect(try history.points().count == 1)
    }
  }
#else
  @Suite struct HistoryFileTests {
    @Test("without the trait it says how to get it")
    func absent() {
      let error = #expect(throws: BenchError.self) { try HistoryFile(writing: "x") }
      #expect(error?.description.contains("swift build --traits History") == true)
    }
  }
#endif
