// Tests over time as a page that needs nothing but itself: for each test a plot of medians with their ranges, and the
// numbers below it.

import ApusBasics

/// A page of plots.
package struct HistoryPage: Sendable {
  private let curves: [Curve]
  private let title: String

  /// - Parameter points: in any order.
  package init(_ points: [HistoryPoint], title: String) {
    self.title = title
    var order: [Curve.Key] = []
    var groups: [Curve.Key: [HistoryPoint]] = [:]
    for point in points.sorted(by: { $0.time < $1.time }) {
      let key = Curve.Key(test: point.test, conditions: point.conditions, unit: point.unit)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(point)
    }
    curves = order.map { Curve(key: $0, points: groups[$0] ?? []) }
  }

  /// The page.
  package var html: String {
    var page = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>\(escapedHTML(title)) · Apus</title>
      <style>\(Self.style)</style></head>
      <body><h1>\(escapedHTML(title))</h1>

      """
    var conditions = ""
    for curve in curves {
      if curve.key.conditions != conditions {
        conditions = curve.key.conditions
        page += "<h2>\(escapedHTML(conditions))</h2>\n"
      }
      page += curve.svg + curve.table
    }
    if curves.isEmpty { page += "<p>nothing was kept yet</p>\n" }
    return page + "</body></html>\n"
  }

  private static let style =
    PageStyle.common + """

      body{max-width:760px}h2{font-size:1.05em}
      .line{stroke:var(--line);stroke-width:1.6;fill:none}.range{stroke:var(--line);stroke-width:5;opacity:.3}
      .dot{fill:var(--dot)}summary{color:var(--faint)}td{padding-right:1.2em}
      """
}

/// One test under one set of conditions.
private struct Curve: Sendable {
  struct Key: Hashable {
    let test: String
    let conditions: String
    let unit: String
  }

  let key: Key
  let points: [HistoryPoint]

  private static let (width, height) = (720.0, 220.0)
  private static let (left, right, top, bottom) = (64.0, 26.0, 30.0, 28.0)

  var svg: String {
    let values = points.flatMap { [$0.low, $0.high, $0.median] }.filter(\.isFinite)
    let ticks = axisTicks(values.min() ?? 0, values.max() ?? 0)
    let (low, high) = (ticks[0], ticks[ticks.count - 1])
    let (first, last) = (points.first?.time ?? 0, points.last?.time ?? 0)
    func x(_ time: Int) -> Double {
      // A single result stands in the middle.
      let share = last > first ? Double(time - first) / Double(last - first) : 0.5
      return Self.left + 8 + share * (Self.width - Self.left - Self.right - 16)
    }
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom - (value - low) / (high - low) * (Self.height - Self.top - Self.bottom)
    }
    let digits = high < 10 ? 2 : high < 100 ? 1 : 0
    let name = escapedHTML("\(key.test), \(key.unit)")
    var svg = "<figure><svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\">\n"
    svg += "<title>\(name)</title><text class=\"title\" x=\"\(Int(Self.left))\" y=\"18\">\(name)</text>\n"
    for tick in ticks {
      let level = fixed(y(tick), 1)
      svg += "<path class=\"grid\" d=\"M\(Int(Self.left)) \(level)H\(Int(Self.width - Self.right))\"/>"
      svg +=
        "<text class=\"axis\" text-anchor=\"end\" x=\"\(Int(Self.left) - 6)\" y=\"\(fixed(y(tick) + 4, 1))\">"
      svg += "\(fixed(tick, digits))</text>\n"
    }
    for (time, anchor) in first == last ? [(first, "middle")] : [(first, "start"), (last, "end")] {
      svg += "<text class=\"axis\" text-anchor=\"\(anchor)\" x=\"\(fixed(x(time), 1))\" "
      svg += "y=\"\(Int(Self.height) - 8)\">\(dateText(time))</text>\n"
    }
    if points.count > 1 {
      let along = points.map { "\(fixed(x($0.time), 1)),\(fixed(y($0.median), 1))" }
      svg += "<polyline class=\"line\" points=\"\(along.joined(separator: " "))\"/>\n"
    }
    for point in points {
      let place = fixed(x(point.time), 1)
      svg += "<path class=\"range\" d=\"M\(place) \(fixed(y(point.low), 1))V\(fixed(y(point.high), 1))\"/>"
      svg += "<circle class=\"dot\" cx=\"\(place)\" cy=\"\(fixed(y(point.median), 1))\" r=\"3.5\">"
      svg += "<title>\(escapedHTML(text(point, digits)))</title></circle>\n"
    }
    return svg + "</svg></figure>\n"
  }

  private func text(_ point: HistoryPoint, _ digits: Int) -> String {
    "\(dateText(point.time)) \(point.name), apus \(point.version): \(fixed(point.median, digits)) "
      + "(\(fixed(point.low, digits)) to \(fixed(point.high, digits))) \(point.unit)"
  }

  var table: String {
    var table =
      "<details><summary>numbers</summary><table><tr><th>time (UTC)</th><th>name</th><th>version</th>"
    table += "<th>median</th><th>from</th><th>to</th></tr>\n"
    for point in points.reversed() {
      let cells =
        [dateText(point.time), point.name, point.version]
        + [point.median, point.low, point.high].map { fixed($0, 2) }
      table += "<tr>" + cells.map { "<td>\(escapedHTML($0))</td>" }.joined() + "</tr>\n"
    }
    return table + "</table></details>\n"
  }
}
