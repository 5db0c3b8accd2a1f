// The texts of a step: rows of the data set in micro-batches, in memory that every step uses again.

import ApusData

/// Reads the rows of a step and gives them to the engine, micro-batch by micro-batch.
final class BatchFeed: Lesson {
  private var reader: BatchReader
  private let batch: TokenBatch
  /// Rows of a micro-batch.
  private let micro: Int
  private let group: RankGroup?
  /// Rows of the step at hand: this process's, and everybody's.
  private(set) var rows = 0
  private(set) var stepRows = 0
  /// Tokens of the rows that have a target.
  private(set) var targets = 0
  /// What they count together: one each, where the data do not say what each is part of.
  private(set) var weight = 0.0
  /// Weights of a segment, divided by those of the step.
  private let shares: UnsafeMutableBufferPointer<Float>

  /// - Parameters:
  ///   - sequences: the most rows of a step.
  ///   - micro: of a micro-batch.
  ///   - group: who shares the rows of a step; nil for nobody.
  init(_ plan: BatchPlan, sequences: Int, micro: Int, group: RankGroup? = nil) {
    reader = BatchReader(plan)
    let own = (sequences - 1) / (group?.size ?? 1) + 1
    batch = TokenBatch(sequences: own, length: plan.settings.length, isWeighted: plan.isWeighted)
    shares = .allocate(capacity: plan.isWeighted ? plan.settings.length : 0)
    shares.initialize(repeating: 0)
    self.micro = micro
    self.group = group
  }

  deinit {
    shares.deallocate()
  }

  var microBatches: Int { (rows + micro - 1) / micro }

  func begin(step: Int, cursor: Int, rows: Int) { read(from: cursor, rows: rows) }

  /// Reads this process's part of the `count` rows from `cursor` on.
  func read(from cursor: Int, rows count: Int) {
    let own = group.map { RankGroup.rows(of: $0.rank, size: $0.size, count: count) } ?? 0..<count
    (rows, stepRows) = (own.count, count)
    batch.read(from: cursor + own.lowerBound, rows: rows, with: &reader)
    targets = 0
    for target in targetIDs where target >= 0 { targets += 1 }
    weight = Double(targets)
    guard let weights = batch.weights else { return }
    weight = 0
    for place in 0..<rows * batch.length where batch.targets[place] >= 0 { weight += Double(weights[place]) }
  }

  /// The targets of the step, −1 where there is none.
  var targetIDs: Slice<UnsafeMutableBufferPointer<Int32>> { batch.targets[..<(rows * batch.length)] }

  /// Adds the texts of a micro-batch: each row's segments, which do not see one another. What has no target in all of a
  /// segment is padding.
  ///
  /// Every token counts its weight / `total`, that of the whole step, so that a step's loss does not depend on the
  /// micro-batches, nor on how many processes share it.
  func add(_ index: Int, to engine: TrainingEngine, total: Double) {
    let weight = total > 0 ? 1 / Float(total) : 0
    let length = batch.length
    for row in index * micro..<min((index + 1) * micro, rows) {
      var first = row * length
      for count in batch.segments(ofRow: row) {
        let range = first..<first + Int(count)
        first = range.upperBound
        let targets = UnsafeBufferPointer(rebasing: batch.targets[range])
        guard targets.contains(where: { $0 >= 0 }) else { continue }
        let tokens = UnsafeBufferPointer(rebasing: batch.tokens[range])
        guard let weights = batch.weights else {
          engine.add(tokens, targets: targets, weight: weight)
          continue
        }
        for (place, share) in range.enumerated() { shares[place] = weights[share] * weight }
        engine.add(
          tokens, targets: targets, weight: weight,
          weights: UnsafeBufferPointer(rebasing: shares[..<range.count]))
      }
    }
  }
}
