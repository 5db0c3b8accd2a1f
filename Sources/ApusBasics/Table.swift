// Tables of text: aligned columns, plain or as Markdown (the style people paste from llama-bench).

/// A table with a heading row.
package struct Table: Sendable {
  package enum Alignment: Sendable { case left, right }
  package enum Style: Sendable { case plain, markdown }

  package let columns: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []

  package init(_ columns: [(title: String, alignment: Alignment)]) {
    self.columns = columns
  }

  /// Adds a row with one text for each column.
  package mutating func append(_ row: [String]) {
    precondition(row.count == columns.count, "a row of \(row.count) in a table of \(columns.count)")
    rows.append(row)
  }

  /// The lines of the table, without newlines.
  package func lines(_ style: Style = .plain) -> [String] {
    let widths = columns.indices.map { column in
      // Three is the shortest rule Markdown takes: `---`.
      rows.map { $0[column].count }.reduce(max(columns[column].title.count, style == .markdown ? 3 : 0), max)
    }
    var lines = [line(columns.map(\.title), widths, style)]
    if style == .markdown {
      let rules = columns.indices.map { column in
        let dashes = String(repeating: "-", count: widths[column] - 1)
        return columns[column].alignment == .right ? dashes + ":" : dashes + "-"
      }
      lines.append("| " + rules.joined(separator: " | ") + " |")
    }
    return lines + rows.map { line($0, widths, style) }
  }

  private func line(_ texts: [String], _ widths: [Int], _ style: Style) -> String {
    let cells = texts.indices.map { column in
      let padding = String(repeating: " ", count: widths[column] - texts[column].count)
      return columns[column].alignment == .right ? padding + texts[column] : texts[column] + padding
    }
    switch style {
    case .markdown: return "| " + cells.joined(separator: " | ") + " |"
    case .plain:
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
