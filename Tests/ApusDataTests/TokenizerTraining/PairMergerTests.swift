// Merging against its definition, on random words: short and long ones, rare ones and ones that occur billions of times.

import ApusRuntime
import ApusText
import Testing

@testable import ApusData

@Suite struct PairMergerTests {
  /// What is learned from words with these counts, in tables as workers leave them.
  private func learn(_ words: [[UInt8]: Int64], _ options: BPETrainingOptions) throws -> LearnedPieces {
    let tables = try WordCounter.Tables(count: 2)
    for (word, count) in words {
      word.withUnsafeBufferPointer {
        tables.base[word.count % 2].add($0.baseAddress!, $0.count, times: count)
      }
    }
    let start = FirstPieces(specialTokens: options.specialTokens)
    let symbols = try WordSymbols(tables, ids: start.idOfByte)
    return try PairMerger(symbols, start, options).run { _ in }
  }

  private func check(_ words: [[UInt8]: Int64], _ options: BPETrainingOptions, _ comment: Comment) throws {
    let learned = try learn(words, options)
    let expected = referenceTraining(words, options)
    #expect(learned.pieces == expected.pieces, comment)
    #expect(learned.merges.map { [$0.left, $0.right] } == expected.merges, comment)
    #expect(learned.tokenCount == expected.tokens, comment)
  }

  @Test(arguments: 0..<40)
  func mergesAsDefined(seed: Int) throws {
    var random = Seeded(seed)
    let alphabet = Array("aabc".utf8.prefix(Int.random(in: 1...4, using: &random)))
    var words: [[UInt8]: Int64] = [:]
    for _ in 0..<Int.random(in: 1...60, using: &random) {
      // Up to twice the length from which on the end of a word is looked up.
      let length = Int.random(in: 1...(Bool.random(using: &random) ? 6 : 130), using: &random)
      words[(0..<length).map { _ in alphabet.randomElement(using: &random)! }] =
        Int64.random(in: 1...(Bool.random(using: &random) ? 2 : 1000), using: &random)
    }
    var options = BPETrainingOptions(vocabularySize: 257 + Int.random(in: 0...120, using: &random))
    options.minimumFrequency = Int.random(in: 1...3, using: &random)
    try check(words, options, "seed \(seed)")
  }

  /// Special tokens that merging spells are that piece, and take no room.
  @Test func specialTokensThatAreSpelled() throws {
    var options = BPETrainingOptions(vocabularySize: 300)
    options.specialTokens = ["ab", "Ġc", "end", "é…"]
    let words: [[UInt8]: Int64] = [
      Array("abab".utf8): 5, Array(" cab".utf8): 4, Array(" cd".utf8): 3, Array("the end".utf8): 2,
    ]
    let learned = try learn(words, options)
    #expect(learned.merges.count == learned.pieces.count - 260 + 3)
    try check(words, options, "special tokens")
  }

  /// Words that occur more often than 32 bits can say stand among the long ones.
  @Test func billions() throws {
    var options = BPETrainingOptions(vocabularySize: 270)
    options.specialTokens = []
    let words: [[UInt8]: Int64] = [
      Array(" the".utf8): 5_000_000_000, Array(" then".utf8): 1 << 31, Array(" than".utf8): (1 << 31) - 1,
      Array("hen".utf8): 7, Array(String(repeating: "th", count: 50).utf8): 3_000_000_000,
    ]
    try check(words, options, "counts above 32 bits")
  }

  /// No piece is longer than a reader takes, and what would be is not merged.
  @Test func piecesHaveALimit() throws {
    var options = BPETrainingOptions(vocabularySize: 400)
    options.minimumFrequency = 1
    let learned = try learn([[UInt8](repeating: 0x61, count: 100_000): 1], options)
    #expect(learned.pieces.map(\.count).max() == BPETrainingOptions.longestPiece)
    // Three of 32,768 bytes and one of what is left.
    #expect(learned.tokenCount == 4)
    #expect(learned.pieces.count < 300)
  }

  @Test func queueGivesTheMostFrequentFirst() {
    var random = Seeded(3)
    var queue = MergeQueue()
    let places = UnsafeBufferPointer<UInt32>(start: nil, count: 0)
    var counts: [Int64] = []
    for record in 0..<500 {
      counts.append(Int64.random(in: 0...20, using: &random))
      let pair = Pair(UInt32(record % 17), UInt32(record))
      queue.push(MergeCandidate(count: counts[record], pair: pair, record: record, places: places))
    }
    // Some have become rarer since.
    for index in counts.indices where index % 3 == 0 { counts[index] /= 2 }
    var order: [Int] = []
    while let top = queue.top {
      if top.count != counts[top.record] {
        queue.recount(counts[top.record])
        continue
      }
      order.append(top.record)
      queue.removeTop()
    }
    #expect(order == counts.indices.sorted { (-counts[$0], $0 % 17, $0) < (-counts[$1], $1 % 17, $1) })
  }
}
