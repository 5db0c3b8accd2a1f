// Plain text as documents: whole files, separators, long texts in pieces, and what is no text at all.

import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusData

@Suite struct TextReaderTests {
  /// The documents of one file.
  private static func documents(
    _ text: [UInt8], _ separator: ReadingOptions.Separator = .none, cutsAt: Int? = nil,
    longest: Int = 64 << 20
  ) throws -> [[UInt8]] {
    let scratch = ScratchDirectory()
    var options = ReadingOptions()
    options.separator = separator
    options.cutsAt = cutsAt
    options.longest = longest
    let reader = DocumentReader([scratch.write("a.txt", text)], options)
    var documents: [[UInt8]] = []
    while let piece = try reader.next() {
      if piece.beginsDocument {
        documents.append(piece.bytes)
      } else {
        documents[documents.count - 1] += piece.bytes
      }
    }
    #expect(reader.report.documents == documents.count)
    #expect(reader.report.textBytes == documents.reduce(0) { $0 + $1.count })
    #expect(reader.report.fileBytes == text.count)
    return documents
  }

  @Test(arguments: [
    ("one", ["one"]), ("one\n", ["one\n"]), ("a<|end|>b", ["a", "b"]), ("a\n<|end|>\nb\n", ["a", "b\n"]),
    ("a\r\n<|end|>\r\nb", ["a", "b"]), ("<|end|>a<|end|>", ["a"]), ("a<|end|><|end|>b", ["a", "b"]),
    ("a\n\n<|end|>\n\nb", ["a\n", "\nb"]), ("a<|end|", ["a<|end|"]), ("a<|en<|end|>b", ["a<|en", "b"]),
    ("a<|end|>\r", ["a", "\r"]),
  ])
  func separatorsAnywhere(text: String, expected: [String]) throws {
    let found = try Self.documents(Array(text.utf8), .text("<|end|>"))
    #expect(found.map { String(decoding: $0, as: UTF8.self) } == expected)
  }

  @Test(arguments: [
    ("a\nEND\nb", "END", ["a", "b"]), ("a\r\nEND\r\nb\r\n", "END", ["a", "b\r\n"]),
    ("a\nEND of b\nc END\nEND", "END", ["a\nEND of b\nc END"]), ("END\na\nEND\n", "END", ["a"]),
    ("a\n\nb\n\n\nc\n", "", ["a", "b", "c\n"]), ("\n\na\n\n", "", ["a"]), ("a\r\n\r\nb", "", ["a", "b"]),
    ("a\n\nb", "\t", ["a\n\nb"]), ("ENDE\nEND\nEN", "END", ["ENDE", "EN"]),
  ])
  func separatorsAsLines(text: String, line: String, expected: [String]) throws {
    let found = try Self.documents(Array(text.utf8), .line(line))
    #expect(found.map { String(decoding: $0, as: UTF8.self) } == expected)
  }

  /// Long texts against a search through all of them: separators may fall on any border of what is read at a time.
  @Test(arguments: 0..<6)
  func longTextsFallApartTheSame(seed: Int) throws {
    let random = Philox(key: UInt64(seed))
    var position: UInt64 = 0
    func draw(_ limit: Int) -> Int {
      position += 1
      return Int(random.uniform(position) * Float(limit))
    }
    let separator = "\n<|end|>\n"
    var expected: [String] = []
    while expected.reduce(0, { $0 + $1.utf8.count }) < 900_000 {
      expected.append(
        String(repeating: ["x", "ab ", "ä€", "<|end|", "\n."][draw(5)], count: 1 + draw(40_000)) + "z")
    }
    let text = Array(expected.joined(separator: separator).utf8)
    for cutsAt in [nil, 1000, 300_000] {
      for style in [ReadingOptions.Separator.text("<|end|>"), .line("<|end|>")] {
        let found = try Self.documents(text, style, cutsAt: cutsAt)
        #expect(
          found.elementsEqual(expected) { $0.elementsEqual($1.utf8) }, "cuts at \(String(describing: cutsAt))"
        )
      }
    }
  }

  @Test func longTextsAreCutBetweenLines() throws {
    let scratch = ScratchDirectory()
    let lines = (0..<4000).map { "line \($0)\($0 % 3 == 0 ? "\n" : "") of 中文 text\($0 % 5 == 0 ? " " : "。")" }
    let text = Array(lines.joined(separator: "\n").utf8)
    var options = ReadingOptions()
    options.cutsAt = 5000
    let reader = DocumentReader([scratch.write("a.txt", text)], options)
    var pieces: [TextPiece] = []
    while let piece = try reader.next() { pieces.append(piece) }
    #expect(pieces.flatMap(\.bytes) == text)
    #expect(pieces.map(\.beginsDocument) == pieces.indices.map { $0 == 0 })
    #expect(pieces.map(\.endsDocument) == pieces.indices.map { $0 == pieces.count - 1 })
    #expect(pieces.dropLast().allSatisfy { (5001...5200).contains($0.bytes.count) && $0.bytes.last == 0x0A })
    #expect(reader.report.documents == 1 && reader.report.forcedCuts == 0)
    var line = 1
    for piece in pieces {
      #expect(piece.place.line == line)
      line += piece.bytes.count { $0 == 0x0A }
    }
  }

  @Test func textWithoutLinesIsCutAtCharacters() throws {
    let scratch = ScratchDirectory()
    let text = Array(String(repeating: "€", count: 1000).utf8)
    var options = ReadingOptions()
    options.longest = 100
    let reader = DocumentReader([scratch.write("a.txt", text)], options)
    var pieces: [[UInt8]] = []
    while let piece = try reader.next() { pieces.append(piece.bytes) }
    #expect(pieces.flatMap { $0 } == text)
    #expect(pieces.dropLast().allSatisfy { $0.count == 99 })
    #expect(reader.report.forcedCuts == pieces.count - 1)
  }

  /// F31: bytes are taken as they are: what is no UTF-8, NUL, byte-order marks, carriage returns.
  @Test func f31BytesStayAsTheyAre() throws {
    let text: [UInt8] = [
      0xEF, 0xBB, 0xBF, 0x00, 0xFF, 0xC3, 0x0D, 0x0A, 0xED, 0xA0, 0x80, 0xEF, 0xBF, 0xBE, 0x0D,
    ]
    #expect(try Self.documents(text) == [text])
  }

  @Test func whatIsNoFileIsRefused() throws {
    let scratch = ScratchDirectory()
    for (path, text) in [
      (scratch.path, "is a directory"), (scratch.file("none"), "No such file"), ("/dev/zero", "is a device"),
    ] {
      let error = #expect(throws: ReadingError.self) { try DocumentReader([path]).next() }
      #expect(error?.description.contains(text) == true)
    }
    for (name, magic) in [("a.xz", "xz"), ("a.txt", "xz"), ("b", "zip")] {
      let bytes: [UInt8] = magic == "xz" ? [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 1] : [0x50, 0x4B, 3, 4, 1, 1]
      let error = #expect(throws: ReadingError.self) {
        try DocumentReader([scratch.write(name, bytes)]).next()
      }
      #expect(error?.description.contains("is \(magic)-compressed, which Apus does not read") == true)
    }
    let error = #expect(throws: ReadingError.self) {
      try DocumentReader([scratch.write("plain.txt.gz", Array("plain".utf8))]).next()
    }
    #expect(error?.description.hasSuffix("is no gzip file, though its name says so") == true)
  }
}
