// Adapters added to the weights they change, so that a model needs them no more: W + factor · B A, summed in f32 on the way
// from one file to another, a row at a time.

import ApusFiles
import ApusRuntime
import ApusTensor

/// Adapters as changes of weights.
package struct WeightMerge: Sendable {
  private let changes: [String: [(change: LowRankAdapter.Change, factor: Float)]]

  package init(_ adapters: [(adapter: LowRankAdapter, scale: Double)]) {
    var changes: [String: [(change: LowRankAdapter.Change, factor: Float)]] = [:]
    for (adapter, scale) in adapters {
      for change in adapter.changes {
        changes[change.target, default: []].append((change, Float(scale * change.factor)))
      }
    }
    self.changes = changes
  }

  /// Names of the tensors that change.
  package var targets: Set<String> { Set(changes.keys) }

  /// Adds the change of a range of a weight's numbers, counted from its first; of any other tensor, nothing.
  ///
  /// - Complexity: O(`values.count` · rank).
  package func add(to tensor: String, _ range: Range<Int>, _ values: UnsafeMutableBufferPointer<Float>) {
    for (change, factor) in changes[tensor] ?? [] {
      let columns = change.columns
      var place = range.lowerBound
      while place < range.upperBound {
        let (row, first) = (place / columns, place % columns)
        let count = min(columns - first, range.upperBound - place)
        let target = values.baseAddress! + (place - range.lowerBound)
        for inner in 0..<change.rank {
          let share = factor * change.b.base[row * change.rank + inner]
          let a = change.a.base + inner * columns + first
          for column in 0..<count { target[column] += share * a[column] }
        }
        place += count
      }
    }
  }

  /// Reads weights with the changes added.
  package func reader(_ source: any WeightSource) -> TensorReader {
    let plain = TensorReader(source)
    return TensorReader(
      read: { tensor, rows, target in
        plain.read(tensor, rows, target)
        add(to: tensor.name, rows.lowerBound * tensor.columns..<rows.upperBound * tensor.columns, target)
      }, release: plain.release)
  }

  /// Writes a GGUF file with the changes added, quantised anew where it is quantised.
  ///
  /// - Parameter type: of matrices; nil for each its own.
  /// - Throws: `GGUFError`.
  package func write(
    _ file: GGUFFile, to output: String, type: TensorType?, force: Bool, pool: WorkerPool,
    progress: (_ tensor: GGUFTensor, _ index: Int, _ count: Int) -> Void = { _, _, _ in }
  ) throws(GGUFError) -> QuantizeSummary {
    try changeFile(
      file, to: output, type: type, changed: targets, force: force, pool: pool, progress: progress
    ) { tensor, range, values in add(to: tensor.name, range, values) }
  }
}
