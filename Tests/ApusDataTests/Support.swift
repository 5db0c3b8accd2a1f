// What the tests of this room share: corpora from a seed, and shards of them on disk.

import ApusRuntime
import ApusTestSupport
import ApusText

@testable import ApusData

/// A corpus whose tokens tell where they stand: token i has id i + 1, so that a row shows what it was made of, and the
/// padding's 0 is none of them.
func countingDataset(lengths: [Int]) throws -> TokenDataset {
  var ends: [Int] = []
  for length in lengths { ends.append((ends.last ?? 0) + length) }
  let count = ends.last!
  return try TokenDataset(
    tokens: (1...Int32(count)).map { $0 }, documentEnds: ends, vocabularySize: count + 1)
}

/// Lengths of documents: mostly short, some long.
func documentLengths(count: Int, longest: Int, seed: UInt64) -> [Int] {
  let random = Philox(key: seed)
  return (0..<count).map { index in
    let share = Double(random.uniform(UInt64(index)))
    return max(1, Int(share * share * share * Double(longest)))
  }
}

/// Rows of a plan in order.
func rows(_ plan: BatchPlan, _ range: Range<Int>) -> [Row] {
  var reader = BatchReader(plan)
  let batch = TokenBatch(sequences: 1, length: plan.settings.length)
  return range.map { row in
    batch.read(from: row, with: &reader)
    return Row(
      tokens: Array(batch.tokens), targets: Array(batch.targets),
      segments: batch.segments(ofRow: 0).map(Int.init))
  }
}

struct Row: Equatable {
  var tokens: [Int32]
  var targets: [Int32]
  var segments: [Int]
}

/// Writes a shard of documents; its checksum.
@discardableResult
func writeShard(
  _ path: String, _ documents: [[Int32]], vocabularySize: Int = 1000, fingerprint: UInt64 = 7
) throws -> UInt32 {
  var writer = try ShardWriter(path: path, vocabularySize: vocabularySize, fingerprint: fingerprint)
  for document in documents {
    try writer.append(document)
    writer.endDocument()
  }
  return try writer.finish()
}

/// Documents of random ids.
func randomDocuments(count: Int, vocabularySize: Int, seed: UInt64) -> [[Int32]] {
  let lengths = documentLengths(count: count, longest: 400, seed: seed)
  let random = Philox(key: seed + 1)
  var position: UInt64 = 0
  return lengths.map { length in
    (0..<length).map { _ in
      position += 1
      return Int32(random.uniform(position) * Float(vocabularySize))
    }
  }
}

/// A tokenizer of Tests/Fixtures/tokenizer_json.
func fixtureTokenizer(_ name: String) throws -> any Tokenizer {
  let file = try MappedFile(path: Fixtures.path("tokenizer_json/\(name).json"))
  return try withExtendedLifetime(file) { try HuggingFaceTokenizer.make(file.bytes, config: nil, name: name) }
}
