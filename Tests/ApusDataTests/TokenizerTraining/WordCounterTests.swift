// Words and their counts: where texts are cut, and how they come, changes nothing.

import ApusRuntime
import ApusText
import Testing

@testable import ApusData

@Suite struct WordCounterTests {
  /// Every cut that is allowed leaves the words as they are, whatever stands beyond the character behind it.
  @Test(arguments: WordPattern.allCases, 0..<60)
  func cutsChangeNoWord(_ pattern: WordPattern, seed: Int) {
    var random = Seeded(seed)
    let text = randomText(&random, pieces: 40)
    let whole = words(pattern, text)
    for position in 1..<text.count {
      let isAllowed = text.withUnsafeBufferPointer { pattern.allowsCut($0, at: position) }
      let parts = words(pattern, Array(text[..<position])) + words(pattern, Array(text[position...]))
      if isAllowed { #expect(parts == whole, "seed \(seed), position \(position)") }
      guard position + 4 <= text.count else { continue }
      let known = Array(text[..<(position + 4)])
      #expect(known.withUnsafeBufferPointer { pattern.allowsCut($0, at: position) } == isAllowed)
    }
  }

  /// Ordinary text can be cut in every line, in whatever script, or it could not be shared out.
  @Test(
    arguments: WordPattern.allCases,
    ["one line.\nand another", "燕子。\n飞了", "fin!\r\nalors", "one, two", "1\n2", "x\n\ny"])
  func linesCanBeCut(_ pattern: WordPattern, _ text: String) {
    let bytes = Array(text.utf8)
    let cuts = (1..<bytes.count).filter { position in
      bytes.withUnsafeBufferPointer { pattern.allowsCut($0, at: position) }
    }
    #expect(!cuts.isEmpty)
  }

  @Test(arguments: WordPattern.allCases, [1, 2, 5])
  func countsAreThoseOfWholeDocuments(_ pattern: WordPattern, workers: Int) throws {
    for seed in 0..<16 {
      var random = Seeded(1000 * workers + seed)
      let documents = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        randomText(&random, pieces: Int.random(in: 0...400, using: &random))
      }
      var expected: [[UInt8]: Int64] = [:]
      for word in documents.flatMap({ words(pattern, $0) }) { expected[word, default: 0] += 1 }

      var counter = try WordCounter(pattern: pattern, pool: WorkerPool(count: workers), stretchBytes: 16)
      for document in documents {
        if Bool.random(using: &random) {
          try document.withUnsafeBufferPointer { try counter.count(document: $0) }
          continue
        }
        var start = 0
        while start < document.count {
          let end = min(document.count, start + Int.random(in: 1...500, using: &random))
          try document[start..<end].withUnsafeBufferPointer { try counter.append($0) }
          start = end
        }
        try counter.endDocument()
      }
      #expect(counter.byteCount == documents.reduce(0) { $0 + $1.count })
      let tables = try counter.finish()
      var counted: [[UInt8]: Int64] = [:]
      for index in 0..<tables.count {
        tables.base[index].forEach { word, length, count in
          counted[Array(UnsafeBufferPointer(start: word, count: length)), default: 0] += count
        }
      }
      #expect(counted == expected, "seed \(1000 * workers + seed)")
      #expect(tables.totals.distinct == expected.count)
      #expect(tables.totals.words == expected.values.reduce(0, +))
    }
  }

  /// What is there of a text may end within white space of three bytes behind a line break, where a cut would be wrong.
  @Test(arguments: WordPattern.allCases)
  func chunksMayEndInACharacter(_ pattern: WordPattern) throws {
    let text = Array(String(repeating: "ab\n\u{3000}\n", count: 60).utf8)
    let expected = words(pattern, text)
    // All ways in which the ends of chunks and of stretches can meet in it.
    for length in 1...35 {
      var counter = try WordCounter(pattern: pattern, pool: WorkerPool(count: 1), stretchBytes: 15)
      for chunk in [text[..<length], text[length...]] {
        try chunk.withUnsafeBufferPointer { try counter.append($0) }
      }
      let totals = try counter.finish().totals
      #expect(totals.words == expected.count && totals.distinct == Set(expected).count)
    }
  }

  /// Words of all lengths, many of them with a common start, until the table has grown several times.
  @Test func tableCountsAsADictionary() throws {
    var random = Seeded(7)
    var table = try WordTable()
    var expected: [[UInt8]: Int64] = [:]
    for _ in 0..<30_000 {
      let length = Int.random(in: 1...9, using: &random) * Int.random(in: 1...4, using: &random)
      var word = [UInt8](repeating: 0x61, count: length)
      word[length - 1] = UInt8.random(in: 0...255, using: &random)
      word[length / 2] = UInt8.random(in: 0...40, using: &random)
      let times = Int64.random(in: 1...3, using: &random)
      word.withUnsafeBufferPointer { table.add($0.baseAddress!, $0.count, times: times) }
      expected[word, default: 0] += times
    }
    var counted: [[UInt8]: Int64] = [:]
    for part in 0..<3 {
      table.forEach(part: part, of: 3) { word, length, count in
        counted[Array(UnsafeBufferPointer(start: word, count: length)), default: 0] += count
      }
    }
    #expect(counted == expected)
    #expect(table.count == expected.count && table.total == expected.values.reduce(0, +))
    #expect(table.distinctBytes == expected.keys.reduce(0) { $0 + $1.count })
    #expect(table.failure == nil)
  }
}
