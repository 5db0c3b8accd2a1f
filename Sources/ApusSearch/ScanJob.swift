// The workers' part of a search: scores of panels, and the best of them.

import ApusRuntime
import ApusTensor
import CApusKernels

/// How a query is multiplied with panels of an index.
struct PanelJob {
  let gemm: ProductKernel
  let panels: UnsafeRawPointer
  let panelBytes: Int
  let count: Int
  let dimension: Int
  let x: UnsafeRawPointer
  let xBytes: Int
  /// `[workers][longestUnit]`.
  let scores: UnsafeMutablePointer<Float>
  let longestUnit: Int

  /// The scores of `rows` vectors from `first` on, which starts a panel; valid until the worker's next call.
  func scores(_ first: Int, _ rows: Int, _ worker: Int) -> UnsafePointer<Float> {
    let scores = scores + worker * longestUnit
    var arguments = apus_gemm()
    arguments.panels = panels + first / APUS_LANES * panelBytes
    arguments.panel_bytes = panelBytes
    arguments.rows = Int32(rows)
    arguments.k = dimension
    arguments.x = x
    arguments.x_bytes = xBytes
    arguments.tokens = 1
    arguments.y = scores
    arguments.y_stride = rows
    gemm(&arguments)
    return UnsafePointer(scores)
  }
}

/// One scan.
struct ScanJob {
  let panels: PanelJob
  let unitRows: Int
  let best: UnsafePointer<TopMatches>

  /// Scores a unit and keeps its best.
  func run(_ unit: Int, _ worker: Int) {
    let first = unit * unitRows
    let rows = min(unitRows, panels.count - first)
    let scores = panels.scores(first, rows, worker)
    let best = best[worker]
    var threshold = best.threshold
    for row in stride(from: 0, to: rows, by: APUS_LANES) {
      // Behind the last row of an index the buffer holds older scores: they cost a look and are not taken.
      let panel = UnsafeRawPointer(scores + row).load(as: SIMD16<Float>.self)
      guard any(panel .>= threshold) else { continue }
      for row in row..<min(row + APUS_LANES, rows) where scores[row] >= threshold {
        best.insert(Match(row: first + row, score: scores[row]))
        threshold = best.threshold
      }
    }
  }
}

/// New scores for matches, each from its vector's panel.
struct RescoreJob {
  let panels: PanelJob
  let matches: UnsafeMutablePointer<Match>

  func run(_ unit: Int, _ worker: Int) {
    let row = matches[unit].row
    let first = row / APUS_LANES * APUS_LANES
    matches[unit].score = panels.scores(first, min(APUS_LANES, panels.count - first), worker)[row - first]
  }
}
