// A sheet of facts: names on the left, what they are on the right, long lines wrapped.

/// Names and values, one pair a line.
struct Sheet {
  private var entries: [(name: String, value: String)] = []

  /// Adds a pair; an empty value is left out.
  mutating func add(_ name: String, _ value: String) {
    if !value.isEmpty { entries.append((name, value)) }
  }

  /// The lines for a terminal of `width` columns.
  func lines(width: Int) -> [String] {
    let column = (entries.map(\.name.count).max() ?? 0) + 2
    let room = max(30, min(width, 120) - column)
    return entries.flatMap { entry -> [String] in
      let name = entry.name + String(repeating: " ", count: column - entry.name.count)
      var lines: [String] = []
      var line = ""
      for word in entry.value.split(separator: " ", omittingEmptySubsequences: false) {
        if !line.isEmpty, line.count + 1 + word.count > room {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line)
      return lines.enumerated().map { index, line in
        (index == 0 ? name : String(repeating: " ", count: column)) + line
      }
    }
  }
}
