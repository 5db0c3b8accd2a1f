// What was counted while reading, in words: a line for each count that is not zero.

import ApusBasics

/// Lines of a report.
struct CountedNotes {
  private(set) var lines: [String] = []

  /// Says how many there were, in the words for one or for many.
  mutating func add(_ count: Int, _ one: String, _ many: String) {
    if count > 0 { lines.append(count == 1 ? "1 \(one)" : "\(countText(count)) \(many)") }
  }

  /// Says how many lines were skipped, with the first of them.
  mutating func add(badLinesOf report: ReadingReport) {
    let first = report.firstBad.first ?? ""
    add(report.badLines, "bad line was skipped: \(first)", "bad lines were skipped, the first: \(first)")
  }
}
