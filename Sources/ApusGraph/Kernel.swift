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
}

/// Work on independent rows: the body handles one row.
package final class RowKernel: Kernel {
  let rows: Extent
  /// Roughly how many elements a row touches: small rows are bundled into one unit.
  let elementsPerRow: Int
  let body: (_ row: Int, _ worker: Int, _ step: Step) -> Void

  /// Below this many elements the hand-off to another thread costs more than it saves.
  static let minimumElements = 8192

  package init(
    rows: Extent, elementsPerRow: Int, _ body: @escaping (_ row: Int, _ worker: Int, _ step: Step) -> Void
  ) {
    self.rows = rows
    self.elementsPerRow = max(1, elementsPerRow)
    self.body = body
  }

  override func unitCount(_ step: Step) -> Int {
    let rows = step.sizes[rows]
    return (rows + grain - 1) / grain
  }

  override func isSmall(_ step: Step) -> Bool { unitCount(step) <= 1 }

  private var grain: Int { max(1, Self.minimumElements / elementsPerRow) }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let first = unit * grain
    for row in first..<min(first + grain, step.sizes[rows]) {
      body(row, worker, step)
    }
  }
}

/// Row kernels over the same rows, run one after another on each bundle of rows without a barrier.
final class ChainKernel: Kernel {
  let links: [RowKernel]
  let grain: Int

  init(_ links: [RowKernel]) {
    precondition(!links.isEmpty && links.allSatisfy { $0.rows == links[0].rows })
    self.links = links
    let elements = links.reduce(0) { $0 + $1.elementsPerRow }
    grain = max(1, RowKernel.minimumElements / elements)
  }

  override func unitCount(_ step: Step) -> Int {
    (step.sizes[links[0].rows] + grain - 1) / grain
  }

  override func isSmall(_ step: Step) -> Bool { unitCount(step) <= 1 }

  override func run(unit: Int, worker: Int, _ step: Step) {
    let first = unit * grain
    let last = min(first + grain, step.sizes[links[0].rows])
    for link in links {
      for row in first..<last {
        link.body(row, worker, step)
      }
    }
  }
}
