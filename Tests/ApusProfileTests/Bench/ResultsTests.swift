// Saved results: there and back exactly, and whatever may be wrong with a file, a name or a folder.

import ApusBasics
import ApusGraph
import ApusTestSupport
import Testing

@testable import ApusProfile

@Suite struct ResultsTests {
  private let folder = ScratchDirectory()

  static func record(name: String = "monday") -> BenchRecord {
    var series = BenchSeries(BenchTest("tg32 @ d512", work: 32))
    series.operations = ["matmul Q8_0", "attention"]
    var round = BenchRound()
    round.seconds = [0.000000123, 0.25]
    round.operations = [[0.5, 0.125], [0, 0.000000001]]
    round.memory = 41e9
    series.rounds = [round, round]
    var record = BenchRecord(
      time: 1_790_000_000, version: "0.1.0",
      machine: BenchMachine(processor: "A \"CPU\"", kernels: "avx2", threads: 2, memory: 1 << 34),
      model: BenchModel(name: "m", bytes: 5, parameters: 3, fingerprint: "ab"),
      settings: [BenchSetting("cache-type", "f16"), BenchSetting("batch-size", "512")], suites: ["decode"],
      tests: [series])
    record.name = name
    record.notes = ["noisy"]
    record.isInterrupted = true
    return record
  }

  @Test func thereAndBack() throws {
    let results = ResultFolder(folder.file("results"))
    try results.prepare()
    let record = Self.record()
    try results.save(record)
    #expect(try results.load("monday") == record)
    #expect(results.names == ["monday"])
    var other = record
    other.name = "tuesday"
    other.time -= 1
    other.model = nil
    try results.save(other)
    #expect(results.all().records == [other, record])
    #expect(results.all().problems.isEmpty)
  }

  @Test(arguments: ["a/b", "..", ".hidden", "", "-x", "a b", "ä", String(repeating: "x", count: 101)])
  func names(_ name: String) {
    #expect(throws: BenchError.name(name)) { try ResultFolder("r").file(name) }
  }

  @Test func absent() throws {
    let results = ResultFolder(folder.file("other"))
    #expect(throws: BenchError.missing(name: "x", folder: results.path, saved: [])) { try results.load("x") }
    try results.prepare()
    try results.save(Self.record())
    let error = #expect(throws: BenchError.self) { try results.load("mondey") }
    #expect(error?.description.contains("did you mean 'monday'?") == true)
  }

  @Test(
    "files that are no result",
    arguments: [
      ("", "it is empty"), ("{", "line 1"), ("[]", "\"format\" is missing"),
      ("{\"format\":2}", "it has format 2, this program reads 1"),
      ("{\"format\":1}", "\"machine\" is missing"),
    ])
  func damaged(_ text: String, _ problem: String) throws {
    let path = folder.write("bad.json", Array(text.utf8))
    let error = #expect(throws: BenchError.self) { try ResultFolder.read(path) }
    #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
    #expect(error?.description.hasPrefix(path) == true)
  }

  @Test("every member of a result is looked at", arguments: 0..<14)
  func wrongMembers(_ number: Int) throws {
    let replacements = [
      ("\"time\":1790000000", "\"time\":1.5"), ("\"threads\":2", "\"threads\":\"2\""),
      ("\"kernels\":\"avx2\"", "\"kernels\":0"), ("\"batch-size\":\"512\"", "\"batch-size\":512"),
      ("\"suites\":[\"decode\"]", "\"suites\":[1]"), ("\"unit\":\"tokens\"", "\"unit\":\"eggs\""),
      ("\"work\":32.0", "\"work\":0"), ("[123,250000000]", "[123,-1]"), ("[123,250000000]", "[123]"),
      ("[123,250000000]", "[123,\"x\"]"), ("[500000000,125000000],", ""), ("\"bytes\":5", "\"bytes\":null"),
      ("\"rounds\":[", "\"rounds\":{},\"x\":["), ("\"tests\":[", "\"tests\":[3,"),
    ]
    let text = Self.record().json.serialized()
    let (old, new) = replacements[number]
    let parts = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(parts.count == 2, "\(old) is not in \(text)")
    let document = try JSONValue(parsing: parts.joined(separator: new))
    #expect(throws: BenchError.self) { try BenchRecord(document, path: "x") }
  }

  @Test func aFolderThatCannotBe() {
    let file = folder.write("file", [1])
    #expect(throws: (any Error).self) { try ResultFolder(file).prepare() }
    #expect(throws: (any Error).self) { try ResultFolder(file + "/inside").prepare() }
  }

  @Test("a baseline of something else is refused, the difference named")
  func comparable() throws {
    let now = Self.record()
    try now.check(against: now)
    func refused(_ expected: String, _ change: (inout BenchRecord) -> Void) {
      var then = now
      change(&then)
      let error = #expect(throws: BenchError.self) { try now.check(against: then) }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    refused("its processor is Other, now it is A \"CPU\"") { $0.machine.processor = "Other" }
    refused("its kernel table is avx512") { $0.machine.kernels = "avx512" }
    refused("its number of threads is 4, now it is 2") { $0.machine.threads = 4 }
    refused("its memory is 34.4 GB") { $0.machine.memory *= 2 }
    refused("its model is none, now it is m") { $0.model = nil }
    refused("one with weights cd") { $0.model?.fingerprint = "cd" }
    refused("its suite is decode,batch") { $0.suites.append("batch") }
    refused("its cache-type is q8_0, now it is f16") { $0.settings[0].value = "q8_0" }
    refused("its batch-size is not said") { $0.settings.removeLast() }
    var newer = now
    newer.version = "9"
    newer.machine.memory += 1 << 20
    try newer.check(against: now)
  }

  @Test func suites() throws {
    #expect(try Suite.list(["decode,kernels", "decode"]) == [.kernels, .decode])
    let error = #expect(throws: BenchError.self) { try Suite.list(["kernals"]) }
    #expect(error?.description == "unknown suite 'kernals'; did you mean 'kernels'?")
  }

  @Test func handicaps() throws {
    let handicap = try Handicap("matmul Q8_0=1.05")
    #expect(handicap.operation == "matmul Q8_0" && handicap.factor == 1.05)
    for text in ["", "=2", "a=", "a=0.5", "a=nan", "a=1000"] {
      #expect(throws: BenchError.handicap(text)) { try Handicap(text) }
    }
  }
}
