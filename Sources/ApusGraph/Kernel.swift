// Work cut into units that workers claim. A kernel is made once, when a graph is compiled, and holds
// nothing but pointers and numbers, so running it allocates nothing.

import ApusTensor

/// The work of one operation, ready to run.
package class Kernel {
  /// How many units this step has.
  func unitCount(_ step: Step) -> Int { 0 }

  /// Whether this step's work is too small to hand to another thread.
  func isSmall(_ step: Step) -> Bool { unitCount(step) == 0 }

  /// Runs one unit. Units of one phase run in any order, on any worker.
  func run(unit: Int, worker: Int, _ step: Step) {}

  /// Work that cannot be cut into independent units comes in stages, with a barrier after each; at most so many.
  var stages: Int { 1 }

  /// How many units a stage has in this step.
  func unitCount(_ step: Step, stage: Int) -> Int { stage == 0 ? unitCount(step) : 0 }

  /// Runs one unit of a stage.
  func run(unit: Int, stage: Int, worker: Int, _ step: Step) { run(unit: unit, worker: worker, step) }
}

/// Work on independent rows: the body handles a row, or a run of rows where that is faster.
package final class RowKernel: Kernel {
  let rows: Extent
  /// Roughly how many elements a row touches: small rows are bundled into one unit.
  let elementsPerRow: Int
  /// Rows that are best handled together: a unit holds a multiple of them.
  let blockRows: Int
  let body: (_ rows: Range<Int>, _ worker: Int, _ step: Step) -> Void

  /// Below this many elements the hand-off to another thread costs more than it saves.
  static let minimumElements = 8192

  package init(
    rows: Extent, elementsPerRow: Int, _ body: @escaping (_ row: Int, _ worker: Int, _ step: Step) -> Void
  ) {
    self.rows = rows
    self.elementsPerRow = max(1, elementsPerRow)
    blockRows = 1
    self.body = { rows, worker, step in
      for row in rows { body(row, worker, step) }
    }
  }

  /// A kernel whose body takes runs of rows.
  package init(
    rows: Extent, elementsPerRow: Int, blockRows: Int,
    _ body: @escaping (_ rows: Range<Int>, _ worker: Int, _ step: Step) -> Void
  ) {
    self.rows = rows
    self.elementsPerRow = max(1, elementsPerRow)
    self.blockRows = blockRows
    self.body = body
  }

  /// Rows of a unit.
  static func grain(elements: Int, blockRows: Int) -> Int {
    let grain = max(1, minimumElements / elements)
    return (grain + blockRows - 1) / blockRows * blockRows
  }

  private var grain: Int { Self.grain(elements: elementsPerRow, blockRows: blockRows) }

  override func unitCount(_ step: Step) -> Int {
    let rows = step.sizes[rows]
    return (rows + grain - 1) / grain
  }

  override func isSmall(_ step: Step) -> Bool { unitCount(step) <= 1 }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let first = unit * grain
    body(first..<min(first + grain, step.sizes[rows]), worker, step)
  }
}

/// Row kernels over the same rows, run one after another on each bundle of rows without a barrier.
final class ChainKernel: Kernel {
  let links: [RowKernel]
  let grain: Int

  init(_ links: [RowKernel]) {
    precondition(!links.isEmpty && links.allSatisfy { $0.rows == links[0].rows })
    self.links = links
    grain = RowKernel.grain(
      elements: links.reduce(0) { $0 + $1.elementsPerRow }, blockRows: links.map(\.blockRows).max()!)
  }

  override func unitCount(_ step: Step) -> Int {
    (step.sizes[links[0].rows] + grain - 1) / grain
  }

  override func isSmall(_ step: Step) -> Bool { unitCount(step) <= 1 }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let first = unit * grain
    let last = min(first + grain, step.sizes[links[0].rows])
    // By index: an array's iterator allocates in an unoptimised build.
    for index in 0..<links.count {
      links[index].body(first..<last, worker, step)
    }
  }
}
