// The texts of a step: rows of the data set in micro-batches, in memory that every step uses again.

import ApusData

/// Reads the rows of a step and gives them to the engine, micro-batch by micro-batch.
final class BatchFeed {
  private var reader: BatchReader
  private let batch: TokenBatch
  /// Rows of a micro-batch.
  private let micro: Int
  /// Rows of the step at hand.
  private(set) var rows = 0
  /// Tokens of the step that have a target.
  private(set) var targets = 0

  /// - Parameters:
  ///   - sequences: the most rows of a step.
  ///   - micro: of a micro-batch.
  init(_ plan: BatchPlan, sequences: Int, micro: Int) {
    reader = BatchReader(plan)
    batch = TokenBatch(sequences: sequences, length: plan.settings.length)
    self.micro = micro
  }

  var microBatches: Int { (rows + micro - 1) / micro }

  /// Reads `rows` rows from `cursor` on.
  func read(from cursor: Int, rows: Int) {
    self.rows = rows
    batch.read(from: cursor, rows: rows, with: &reader)
    targets = 0
    for target in targetIDs where target >= 0 { targets += 1 }
  }

  /// The targets of the step, −1 where there is none.
  var targetIDs: Slice<UnsafeMutableBufferPointer<Int32>> { batch.targets[..<(rows * batch.length)] }

  /// Adds the texts of a micro-batch: each row's segments, which do not see one another. What has no target in all of a
  /// segment is padding.
  ///
  /// Every token counts 1 / tokens of the whole step, so that a step's loss does not depend on the micro-batches.
  func add(_ index: Int, to engine: TrainingEngine) {
    let weight = 1 / Float(max(1, targets))
    let length = batch.length
    for row in index * micro..<min((index + 1) * micro, rows) {
      var first = row * length
      for count in batch.segments(ofRow: row) {
        let range = first..<first + Int(count)
        first = range.upperBound
        let targets = UnsafeBufferPointer(rebasing: batch.targets[range])
        guard targets.contains(where: { $0 >= 0 }) else { continue }
        engine.add(UnsafeBufferPointer(rebasing: batch.tokens[range]), targets: targets, weight: weight)
      }
    }
  }
}
