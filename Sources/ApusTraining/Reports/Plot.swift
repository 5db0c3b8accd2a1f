// A plot as inline SVG: a line with a band from lowest to highest, and dots. Colours come from the page's style, so that
// it can be light or dark.

import ApusBasics

/// A curve over steps, drawn.
struct Plot {
  var title: String
  /// Writes a value for people.
  var format: (Double) -> String
  var line: ThinnedSeries
  /// Single values, with a text each for those who point at it.
  var dots: [(step: Int, value: Double)] = []

  private static let (width, height) = (720.0, 260.0)
  private static let (left, right, top, bottom) = (64.0, 26.0, 30.0, 28.0)

  /// The picture; a remark when there is nothing to draw.
  var svg: String {
    let values = line.points.flatMap { [$0.low, $0.high] } + dots.map(\.value)
    let steps = line.points.map(\.step) + dots.map(\.step)
    guard let low = values.min(), let high = values.max(), let last = steps.max() else {
      return "<figure><figcaption>\(escapedHTML(title))</figcaption><p>nothing yet</p></figure>\n"
    }
    let ticks = axisTicks(low, high)
    let (bottomValue, topValue) = (min(low, ticks[0]), max(high, ticks[ticks.count - 1]))
    let stepTicks = axisTicks(0, Double(max(1, last)))
    let lastStep = max(Double(last), 1)
    func x(_ step: Int) -> Double {
      Self.left + Double(step) / lastStep * (Self.width - Self.left - Self.right)
    }
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom
        - (value - bottomValue) / (topValue - bottomValue) * (Self.height - Self.top - Self.bottom)
    }
    func place(_ step: Int, _ value: Double) -> String { "\(fixed(x(step), 1)),\(fixed(y(value), 1))" }

    var svg = "<figure><svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\">\n"
    svg +=
      "<title>\(escapedHTML(title))</title><text class=\"title\" x=\"\(Int(Self.left))\" y=\"18\">\(escapedHTML(title))</text>\n"
    for tick in ticks {
      let level = fixed(y(tick), 1)
      svg += "<path class=\"grid\" d=\"M\(Int(Self.left)) \(level)H\(Int(Self.width - Self.right))\"/>"
      svg +=
        "<text class=\"axis\" text-anchor=\"end\" x=\"\(Int(Self.left) - 6)\" y=\"\(fixed(y(tick) + 4, 1))\">"
      svg += "\(escapedHTML(format(tick)))</text>\n"
    }
    for tick in stepTicks where tick <= lastStep && tick == tick.rounded() {
      svg += "<text class=\"axis\" text-anchor=\"middle\" x=\"\(fixed(x(Int(tick)), 1))\" "
      svg += "y=\"\(Int(Self.height) - 8)\">\(countText(Int(tick)))</text>\n"
    }
    if line.points.contains(where: { $0.low < $0.high }) {
      let around =
        line.points.map { place($0.step, $0.high) } + line.points.reversed().map { place($0.step, $0.low) }
      svg += "<polygon class=\"band\" points=\"\(around.joined(separator: " "))\"/>\n"
    }
    let along = line.points.map { place($0.step, $0.mean) }
    if !along.isEmpty { svg += "<polyline class=\"line\" points=\"\(along.joined(separator: " "))\"/>\n" }
    for dot in dots {
      svg +=
        "<circle class=\"dot\" cx=\"\(fixed(x(dot.step), 1))\" cy=\"\(fixed(y(dot.value), 1))\" r=\"3.5\">"
      svg += "<title>step \(countText(dot.step)): \(escapedHTML(format(dot.value)))</title></circle>\n"
    }
    return svg + "</svg></figure>\n"
  }
}
