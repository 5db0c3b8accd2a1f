// Rows of a stream, and what both kinds of rows promise: a row is a function of its number, reading allocates nothing, and
// a corpus that is too small is refused (F75).

import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusData

@Suite struct BatchPlanTests {
  private static func plan(
    _ mode: BatchSettings.Mode, tokens: Int = 10_007, length: Int = 50, seed: UInt64 = 5,
    shuffles: Bool = true
  ) throws -> BatchPlan {
    var lengths = documentLengths(count: 3000, longest: 120, seed: 9)
    while lengths.reduce(0, +) > tokens { lengths.removeLast() }
    lengths.append(tokens - lengths.reduce(0, +) + 1)
    return try BatchPlan(
      countingDataset(lengths: lengths),
      BatchSettings(mode: mode, sequences: 4, length: length, seed: seed, shuffles: shuffles))
  }

  @Test(arguments: [(10_007, 50), (101, 50), (100, 99), (51, 50), (4096, 1)])
  func streamRowsAreWindows(tokens: Int, length: Int) throws {
    let dataset = try countingDataset(lengths: [tokens / 2, tokens - tokens / 2])
    let plan = try BatchPlan(dataset, BatchSettings(sequences: 1, length: length, seed: 2))
    #expect(plan.rowsPerEpoch == (tokens - 1) / length)
    for epoch in 0..<3 {
      var starts: [Int32] = []
      for row in rows(plan, epoch * plan.rowsPerEpoch..<(epoch + 1) * plan.rowsPerEpoch) {
        #expect(row.tokens == Array(row.tokens[0]..<row.tokens[0] + Int32(length)))
        #expect(row.targets == row.tokens.map { $0 + 1 })
        #expect(row.segments == [length])
        starts.append(row.tokens[0])
      }
      let first = starts.min()!
      #expect(starts.sorted() == (0..<Int32(starts.count)).map { first + $0 * Int32(length) })
      #expect(starts.max()! + Int32(length) <= Int32(tokens))
    }
  }

  @Test func unshuffledRowsAreInOrder() throws {
    let plan = try Self.plan(.stream, shuffles: false)
    let read = rows(plan, 0..<plan.rowsPerEpoch + 1)
    #expect(read.dropLast().enumerated().allSatisfy { $1.tokens[0] == Int32($0 * 50 + 1) })
    #expect(read.last == read.first)
  }

  @Test(arguments: BatchSettings.Mode.allCases)
  func rowsDependOnTheirNumberOnly(_ mode: BatchSettings.Mode) throws {
    let plan = try Self.plan(mode)
    let range = plan.rowsPerEpoch - 20..<plan.rowsPerEpoch + 20
    let inOrder = rows(plan, range)
    for (row, expected) in zip(range, inOrder).reversed() {
      #expect(rows(plan, row..<row + 1) == [expected], "row \(row) alone")
    }
    // Two machines with half of each batch read the rows of one.
    var halves: [[Row]] = [[], []]
    for machine in 0..<2 {
      var reader = BatchReader(plan)
      let batch = TokenBatch(sequences: 2, length: 50)
      for cursor in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
        batch.read(from: cursor + 2 * machine, with: &reader)
        for row in 0..<2 {
          halves[machine].append(
            Row(
              tokens: Array(batch.tokens[row * 50..<(row + 1) * 50]),
              targets: Array(batch.targets[row * 50..<(row + 1) * 50]),
              segments: batch.segments(ofRow: row).map(Int.init)))
        }
      }
    }
    for (index, row) in inOrder.enumerated() {
      #expect(halves[index / 2 % 2][index / 4 * 2 + index % 2] == row)
    }
  }

  @Test(arguments: BatchSettings.Mode.allCases)
  func epochsDiffer(_ mode: BatchSettings.Mode) throws {
    let plan = try Self.plan(mode)
    let first = rows(plan, 0..<plan.rowsPerEpoch)
    let second = rows(plan, plan.rowsPerEpoch..<2 * plan.rowsPerEpoch)
    #expect(first != second)
    let other = try Self.plan(mode, seed: 6)
    #expect(first != rows(other, 0..<other.rowsPerEpoch))
    #expect(plan.identity != other.identity)
    #expect(try plan.identity == Self.plan(mode).identity)
    #expect(plan.epoch(ofRow: plan.rowsPerEpoch - 1) == 0 && plan.epoch(ofRow: plan.rowsPerEpoch) == 1)
  }

  @Test(
    .enabled(if: allocationsAreCounted, allocationsSkipReason),
    .enabled(if: !Runtime.unoptimisedBuild, "unoptimised code allocates for generic arithmetic"),
    arguments: BatchSettings.Mode.allCases)
  func readingAllocatesNothing(_ mode: BatchSettings.Mode) throws {
    let plan = try Self.plan(mode)
    var reader = BatchReader(plan)
    let batch = TokenBatch(sequences: 4, length: 50)
    batch.read(from: 0, with: &reader)
    #expect(
      countAllocations { for step in 1..<50 { batch.read(from: 4 * step, with: &reader) } } == 0)
  }

  // MARK: F75

  @Test(arguments: BatchSettings.Mode.allCases)
  func f75CorpusShorterThanRowOrBatch(_ mode: BatchSettings.Mode) throws {
    let dataset = try countingDataset(lengths: [60, 40])
    #expect(throws: BatchError.shorterThanRow(dataset: "tokens in memory", tokens: 100, length: 100)) {
      try BatchPlan(dataset, BatchSettings(mode: mode, sequences: 1, length: 100))
    }
    let rows = try BatchPlan(dataset, BatchSettings(mode: mode, sequences: 1, length: 30)).rowsPerEpoch
    let error = #expect(throws: BatchError.self) {
      try BatchPlan(dataset, BatchSettings(mode: mode, sequences: rows + 1, length: 30))
    }
    #expect(
      error?.description
        == "tokens in memory: 100 tokens make \(rows) sequences of 30, less than one batch of "
        + "\(rows + 1); use smaller batches, shorter sequences or more text")
  }

  @Test(arguments: [(0, 8), (8, 0), (-1, 8), (8, 1 << 25)])
  func f75ImpossibleSettings(sequences: Int, length: Int) throws {
    let dataset = try countingDataset(lengths: [100])
    let error = #expect(throws: BatchError.self) {
      try BatchPlan(dataset, BatchSettings(sequences: sequences, length: length))
    }
    guard case .setting = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
