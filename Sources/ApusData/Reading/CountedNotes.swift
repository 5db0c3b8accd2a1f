// What was counted while reading, in words: a line for each count that is not zero.

import ApusBasics

/// Says that nothing is left because all of it is too long.
func tooLongText(_ skipped: Int, _ one: String, _ many: String, of files: String, _ length: Int) -> String {
  skipped == 1
    ? "the only \(one) of \(files) is longer than \(length) tokens"
    : "all \(countText(skipped)) \(many) of \(files) are longer than \(length) tokens"
}

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
