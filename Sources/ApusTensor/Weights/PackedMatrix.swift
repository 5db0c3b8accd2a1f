// A weight matrix in panels of 16 rows, as the products read it. Packing happens once, at load, in parallel.

import ApusRuntime
import CApusKernels

/// A matrix `[rows, columns]` packed into panels. It keeps its arena alive and never changes after packing, so
/// any number of threads may read it.
package final class PackedMatrix: @unchecked Sendable {
  package let layout: apus_layout
  package let rows: Int
  package let columns: Int
  /// Bytes from one panel to the next.
  package let panelBytes: Int
  private let base: UnsafeMutableRawPointer
  /// What keeps the panels' memory.
  private let owner: AnyObject

  /// Packs rows of blocks in file order.
  ///
  /// - Parameters:
  ///   - source: the first row's blocks.
  ///   - rowBytes: bytes from one row to the next in `source`.
  ///   - arena: has room for `byteCount(layout:rows:columns:)` bytes.
  package init(
    layout: apus_layout, rows: Int, columns: Int, source: UnsafeRawPointer, rowBytes: Int,
    workers: WorkerPool, arena: PanelArena
  ) {
    self.layout = layout
    self.rows = rows
    self.columns = columns
    panelBytes = apus_panel_bytes(layout, columns)
    let panels = (rows + APUS_LANES - 1) / APUS_LANES
    owner = arena
    base = arena.take(panels * panelBytes)
    var job = PackJob(
      layout: layout, rows: rows, columns: columns, source: source, rowBytes: rowBytes,
      panels: base, panelBytes: panelBytes)
    let units = (panels + PackJob.panelsPerUnit - 1) / PackJob.panelsPerUnit
    withUnsafeMutablePointer(to: &job) { job in
      workers.parallel(units, UnsafeMutableRawPointer(job)) { context, unit, _ in
        context.assumingMemoryBound(to: PackJob.self).pointee.run(unit)
      }
    }
  }

  /// A matrix of panels that are there already.
  ///
  /// - Parameters:
  ///   - panels: `byteCount(layout:rows:columns:)` bytes that nobody changes.
  ///   - owner: keeps them.
  package init(
    layout: apus_layout, rows: Int, columns: Int, panels: UnsafeMutableRawPointer, owner: AnyObject
  ) {
    self.layout = layout
    self.rows = rows
    self.columns = columns
    panelBytes = apus_panel_bytes(layout, columns)
    base = panels
    self.owner = owner
  }

  package var panelCount: Int {
    (rows + APUS_LANES - 1) / APUS_LANES
  }

  /// Bytes of the panels of such a matrix.
  package static func byteCount(layout: apus_layout, rows: Int, columns: Int) -> Int {
    (rows + APUS_LANES - 1) / APUS_LANES * apus_panel_bytes(layout, columns)
  }

  /// Up to so many tokens a product waits for its weights.
  private static let fewTokens = 6

  /// How many panels a worker takes at once of a product with so many tokens.
  ///
  /// Eight units a worker, so that a slow core leaves at most an eighth of its share to wait for; but each at least
  /// 64 KiB of weights or a million operations, a microsecond or more, to be worth handing out. A few tokens are bound
  /// by memory, which is fastest in long runs: two units a worker. Pairs of panels are what a tile holds.
  package static func panelsPerUnit(
    panels: Int, panelBytes: Int, tokens: Int, columns: Int, workers: Int
  ) -> Int {
    guard workers > 1 else { return panels }
    let pieces = workers * (tokens <= fewTokens ? 2 : 8)
    let share = (panels + pieces - 1) / pieces
    let operations = 2 * APUS_LANES * max(1, columns) * max(1, tokens)
    let worthwhile = min((65_536 + panelBytes - 1) / panelBytes, (1_000_000 + operations - 1) / operations)
    return (max(share, worthwhile) + 1) & ~1
  }

  /// The panel that holds row `16 · index`.
  package func panel(_ index: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(base + index * panelBytes)
  }
}

/// One packing of a matrix, as the workers see it.
private struct PackJob {
  let layout: apus_layout
  let rows: Int
  let columns: Int
  let source: UnsafeRawPointer
  let rowBytes: Int
  let panels: UnsafeMutableRawPointer
  let panelBytes: Int

  /// Enough for the hand-off not to matter, few enough to balance a small matrix.
  static let panelsPerUnit = 8

  func run(_ unit: Int) {
    let lanes = APUS_LANES
    let first = unit * Self.panelsPerUnit
    for panel in first..<min(first + Self.panelsPerUnit, (rows + lanes - 1) / lanes) {
      let row = panel * lanes
      apus_pack_panel(
        layout, source + row * rowBytes, rowBytes, Int32(min(lanes, rows - row)), columns,
        panels + panel * panelBytes)
    }
  }
}
