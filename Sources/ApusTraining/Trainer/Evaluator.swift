// What held-out text costs: the mean loss of a token over the same rows every time, and the bits of a byte.

import ApusData
import ApusText

/// Measures a network in training on rows of a data set.
final class Evaluator: Examination {
  private let engine: TrainingEngine
  private let feed: BatchFeed
  private let rows: Int
  private let rowsAtOnce: Int
  /// Bytes that each token stands for; empty when there is no tokenizer.
  private let byteCounts: [Int32]
  private let plan: BatchPlan

  /// - Parameters:
  ///   - engine: one that computes losses only.
  ///   - rows: how many; nil for all.
  init(
    _ engine: TrainingEngine, _ plan: BatchPlan, rows: Int?, rowsAtOnce: Int, tokenizer: (any Tokenizer)?
  ) {
    self.engine = engine
    self.plan = plan
    self.rows = min(rows ?? plan.rowsPerEpoch, plan.rowsPerEpoch)
    self.rowsAtOnce = rowsAtOnce
    feed = BatchFeed(plan, sequences: rowsAtOnce, micro: rowsAtOnce)
    byteCounts =
      tokenizer.map { tokenizer in
        (0..<Int32(tokenizer.vocabulary.count)).map { id in tokenizer.withBytes(of: id) { Int32($0.count) } }
      } ?? []
  }

  /// The mean loss, and the bits of a byte.
  ///
  /// The processes of a group take turns with the batches. Each batch's numbers stand in a place of their own until all are
  /// there, so the sum has the same bits however many processes there are.
  func measure(_ group: RankGroup) throws(CommunicationError) -> EvaluationRecord {
    let batches = (rows + rowsAtOnce - 1) / rowsAtOnce
    let sums = UnsafeMutableBufferPointer<Double>.allocate(capacity: 3 * batches)
    sums.initialize(repeating: 0)
    defer { sums.deallocate() }
    for batch in stride(from: group.rank, to: batches, by: group.size) {
      let first = batch * rowsAtOnce
      feed.read(from: first, rows: min(rowsAtOnce, rows - first))
      engine.begin(startsGradients: false)
      feed.add(0, to: engine, total: feed.weight)
      sums[3 * batch] = engine.run() * feed.weight
      sums[3 * batch + 1] = Double(feed.targets)
      sums[3 * batch + 2] = Double(feed.targetBytes(byteCounts))
    }
    try group.sum(sums, "an evaluation", seconds: group.patience)
    var (loss, tokens, bytes) = (0.0, 0.0, 0.0)
    for batch in 0..<batches {
      loss += sums[3 * batch]
      tokens += sums[3 * batch + 1]
      bytes += sums[3 * batch + 2]
    }
    return EvaluationRecord(loss: loss / max(1, tokens), tokens: Int(tokens), bytes: Int(bytes))
  }
}

extension BatchFeed {
  /// Bytes that the step's targets stand for.
  fileprivate func targetBytes(_ counts: [Int32]) -> Int {
    guard !counts.isEmpty else { return 0 }
    return targetIDs.reduce(0) { $0 + ($1 >= 0 ? Int(counts[Int($1)]) : 0) }
  }
}
