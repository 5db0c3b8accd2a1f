// JSON lines: texts with their lines, and everything that can be wrong with one (F72).

import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct JSONLinesTests {
  private static func read(
    _ text: [UInt8], field: String = "text", skipLimit: Int = 0, longest: Int = 64 << 20,
    name: String = "a.jsonl"
  ) -> (texts: [String], lines: [Int], report: ReadingReport, error: ReadingError?) {
    let scratch = ScratchDirectory()
    var options = ReadingOptions()
    options.field = field
    options.skipLimit = skipLimit
    options.longest = longest
    let reader = DocumentReader([scratch.write(name, text)], options)
    var (texts, lines): ([String], [Int]) = ([], [])
    do throws(ReadingError) {
      while let piece = try reader.next() {
        texts.append(String(decoding: piece.bytes, as: UTF8.self))
        lines.append(piece.place.line)
      }
      return (texts, lines, reader.report, nil)
    } catch {
      return (texts, lines, reader.report, error)
    }
  }

  @Test func textsAndTheirLines() {
    let text = """
      {"text": "one", "id": 1}

      {"id": [1, {"text": "not this"}], "text": "tw\\u00f6\\n"}\r
        {"text": ""}
      {"text": "last"}
      """
    let found = Self.read(Array(text.utf8))
    #expect(found.error == nil)
    #expect(found.texts == ["one", "twö\n", "last"])
    #expect(found.lines == [1, 3, 5])
    #expect(found.report.documents == 3 && found.report.emptyDocuments == 1 && found.report.badLines == 0)
    let other = Self.read(Array(#"{"body": "b", "text": "t"}"#.utf8), field: "body", name: "x.ndjson")
    #expect(other.texts == ["b"])
  }

  @Test func manyLinesOverManyReads() {
    let texts = (0..<3000).map { String(repeating: "word \($0) ", count: 1 + $0 * 7919 % 60) }
    let lines = texts.map { "{\"text\":\"\($0)\"}" }.joined(separator: "\n")
    let found = Self.read(Array(lines.utf8))
    #expect(found.texts == texts)
    #expect(found.lines == Array(1...3000))
  }

  // MARK: F72

  static let bad: [(line: [UInt8], problem: String)] = [
    (Array(#"{"text": "broken"#.utf8), "column 17: the text ends inside a string"),
    (Array(#"{"text": 'single'}"#.utf8), "column 10: a value should be here"),
    (Array(#"{"text": "a"} {"text": "b"}"#.utf8), "column 15: something follows the end"),
    (Array(#"{"body": "x", "id": 3}"#.utf8), #"has no member "text", but "body", "id""#),
    (Array("{}".utf8), #"has no member "text""#), (Array(#"{"text": 7}"#.utf8), #""text" is no text"#),
    (Array(#"{"text": null}"#.utf8), #""text" is no text"#),
    (Array(#"{"text": "a", "text": "b"}"#.utf8), #"has the member "text" twice"#),
    (Array(#"["text"]"#.utf8), "is no JSON object"),
    (Array("plain words".utf8), "column 1: a value should be here"),
    (
      [0x7B, 0x22, 0x74, 0x65, 0x78, 0x74, 0x22, 0x3A, 0x22, 0xFF, 0x22, 0x7D],
      "column 10: a string is not valid UTF-8"
    ),
    (Array(#"{"text": "\ud800"}"#.utf8), "a surrogate without its pair"),
    (
      Array((#"{"text": ""# + String(repeating: "x", count: 400_000) + #""}"#).utf8),
      "a line is longer than 300000 bytes"
    ),
    (Array(repeating: UInt8(ascii: "["), count: 200), "is no JSON object"),
    (Array((#"{"a": "# + String(repeating: "[", count: 200)).utf8), "nested deeper than 128"),
  ]

  @Test(arguments: bad.indices)
  func f72BadLinesStopOrAreCounted(_ index: Int) {
    let (line, problem) = Self.bad[index]
    let good = Array(#"{"text": "good"}"#.utf8)
    for lines in [[good, line, good], [line, good, good], [good, good, line]] {
      let number = lines.firstIndex(of: line)! + 1
      for end in [[], [UInt8(ascii: "\n")]] {
        let text = Array(lines.joined(separator: [UInt8(ascii: "\n")])) + end
        let stopped = Self.read(text, longest: 300_000)
        let message = stopped.error?.description ?? "nothing"
        #expect(message.contains("a.jsonl:\(number): ") && message.contains(problem), "\(message)")
        #expect(stopped.lines == Array(1..<number))

        let skipped = Self.read(text, skipLimit: 1, longest: 300_000)
        #expect(skipped.error == nil && skipped.texts == ["good", "good"])
        #expect(skipped.lines == [1, 2, 3].filter { $0 != number })
        #expect(skipped.report.badLines == 1)
        #expect(skipped.report.firstBad.first?.contains(":\(number): ") == true)
      }
    }
  }

  @Test func f72OnlySoManyAreSkipped() {
    let lines = (0..<10).map { $0 % 2 == 0 ? "nonsense" : #"{"text": "good"}"# }.joined(separator: "\n")
    let stopped = Self.read(Array(lines.utf8), skipLimit: 3)
    #expect(stopped.texts.count == 3 && stopped.report.badLines == 3)
    #expect(
      stopped.error?.description.hasSuffix(
        "a.jsonl:7: is no JSON object; 3 bad lines were skipped before, and no more may be") == true)
    let all = Self.read(Array(lines.utf8), skipLimit: 5)
    #expect(all.error == nil && all.report.badLines == 5 && all.report.firstBad.count == 5)
  }

  @Test(arguments: ["a.jsonl", "a.txt"])
  func f72EmptyFiles(name: String) {
    let stopped = Self.read([], name: name)
    #expect(stopped.error?.description.contains("\(name):1: the file is empty") == true)
    let skipped = Self.read([], skipLimit: 1, name: name)
    #expect(skipped.error == nil && skipped.report.badLines == 1)
  }

  /// A line of 100 MB is passed over without being kept. A process of its own, because others would count.
  @Test(.enabled(if: isLinux, "the peak of memory is read from /proc"))
  func f72HugeLinesCostNoMemory() async {
    await #expect(processExitsWith: .success) {
      let scratch = ScratchDirectory()
      let path = scratch.file("a.jsonl")
      var file = try AtomicFile(path: path, replacing: false)
      try file.write(Array(#"{"text": ""#.utf8))
      for _ in 0..<100 { try file.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)) }
      try file.write(Array("\"}\n{\"text\": \"good\"}\n".utf8))
      try file.commit()
      var options = ReadingOptions()
      options.skipLimit = 1
      options.longest = 8 << 20
      let before = ProcessMemory.peakResident!
      let reader = DocumentReader([path], options)
      let piece = try reader.next()
      guard piece?.bytes == Array("good".utf8), piece?.place.line == 2, reader.report.badLines == 1,
        ProcessMemory.peakResident! - before < 40 << 20
      else { exit(1) }
    }
  }
}
