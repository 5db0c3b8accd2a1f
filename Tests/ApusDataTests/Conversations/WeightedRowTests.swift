// Rows of conversations: packed like any documents, each target with what it counts.

import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

@Suite struct WeightedRowTests {
  private func dataset(_ documents: [[ConversationPart]]) throws -> TokenDataset {
    let kinds = documents.flatMap { $0 }
    var ends: [Int] = []
    for document in documents { ends.append((ends.last ?? 0) + document.count) }
    return try TokenDataset(
      tokens: (1...Int32(kinds.count)).map { $0 }, documentEnds: ends, vocabularySize: kinds.count + 1,
      kinds: kinds)
  }

  @Test("a target counts what its kind weighs, and nothing where that is nothing")
  func weights() throws {
    let dataset = try dataset([[.prompt, .prompt, .reasoning, .answer], [.prompt, .answer, .answer]])
    let settings = BatchSettings(
      mode: .documents, sequences: 1, length: 8, shuffles: false,
      weights: TokenWeights(prompt: 0, answer: 1, reasoning: 0.25))
    // Less than a row of tokens is no reason to refuse.
    let plan = try BatchPlan(dataset, settings)
    #expect(plan.isWeighted && plan.rowsPerEpoch == 1)
    var reader = BatchReader(plan)
    let batch = TokenBatch(sequences: 1, length: 8, isWeighted: true)
    batch.read(from: 0, with: &reader)
    #expect(Array(batch.tokens) == [1, 2, 3, 4, 5, 6, 7, 0])
    #expect(Array(batch.segments(ofRow: 0)) == [4, 3, 1])
    #expect(Array(batch.targets) == [-1, 3, 4, -1, 6, 7, -1, -1])
    #expect(Array(batch.weights!) == [0, 0.25, 1, 0, 1, 1, 0, 0])
  }

  @Test("prompts count where they should")
  func prompts() throws {
    let dataset = try dataset([[.prompt, .prompt, .answer]])
    var settings = BatchSettings(mode: .documents, sequences: 1, length: 3, shuffles: false)
    let identity = try BatchPlan(dataset, settings).identity
    settings.weights = TokenWeights(prompt: 0.5, answer: 0)
    let plan = try BatchPlan(dataset, settings)
    #expect(plan.identity != identity)
    var reader = BatchReader(plan)
    let batch = TokenBatch(sequences: 1, length: 3, isWeighted: true)
    batch.read(from: 0, with: &reader)
    #expect(Array(batch.targets) == [2, -1, -1])
    #expect(Array(batch.weights!) == [0.5, 0, 0])
  }

  @Test("kinds are part of what a data set is")
  func identity() throws {
    let one = try dataset([[.prompt, .answer]])
    let other = try dataset([[.prompt, .reasoning]])
    #expect(one.identity != other.identity)
    #expect(throws: ShardError.self) {
      try TokenDataset(tokens: [1, 2], vocabularySize: 3, kinds: [.prompt])
    }
  }
}
