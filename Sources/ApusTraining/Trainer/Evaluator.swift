// What held-out text costs: the mean loss of a token over the same rows every time, and the bits of a byte.

import ApusData
import ApusText

/// Measures a network in training on rows of a data set.
final class Evaluator {
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
  func measure() -> EvaluationRecord {
    var (loss, tokens, bytes) = (0.0, 0, 0)
    for first in stride(from: 0, to: rows, by: rowsAtOnce) {
      feed.read(from: first, rows: min(rowsAtOnce, rows - first))
      engine.begin(startsGradients: false)
      feed.add(0, to: engine)
      loss += engine.run() * Double(feed.targets)
      tokens += feed.targets
      bytes += feed.targetBytes(byteCounts)
    }
    return EvaluationRecord(loss: loss / Double(max(1, tokens)), tokens: tokens, bytes: bytes)
  }
}

extension BatchFeed {
  /// Bytes that the step's targets stand for.
  fileprivate func targetBytes(_ counts: [Int32]) -> Int {
    guard !counts.isEmpty else { return 0 }
    return targetIDs.reduce(0) { $0 + ($1 >= 0 ? Int(counts[Int($1)]) : 0) }
  }
}
