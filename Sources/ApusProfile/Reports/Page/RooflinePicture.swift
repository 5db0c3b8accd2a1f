// The roofline as inline SVG: operations per second over operations per byte, both in logarithms, with this machine's
// limits as lines. S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 52 (4), 2009, doi:10.1145/1498765.1498785.

import ApusBasics

/// A roofline plot.
struct RooflinePicture {
  private let machine: ProfiledMachine
  private let marks: [OperationMark]
  private let x: LogScale
  private let y: LogScale

  private static let (width, height) = (1000.0, 520.0)
  private static let (left, right, top, bottom) = (76.0, 206.0, 16.0, 52.0)

  /// A limit on arithmetic.
  private struct Ceiling {
    var label: String
    var rate: Double
    var isSingle = false
  }

  init(_ machine: ProfiledMachine, _ marks: [OperationMark]) {
    self.machine = machine
    self.marks = marks
    let drawn = marks.filter(\.isPlaced)
    let limits = machine.all
    let peaks = [limits.f32, limits.bf16 ?? 0, limits.int8 ?? 0].filter { $0 > 0 }
    let ridges = limits.readBytes > 0 ? peaks.map { $0 / limits.readBytes } : []
    x = LogScale(
      Self.near(drawn.map { $0.flops / $0.bytes }, ridges) + ridges.map { $0 * 4 } + [0.1, 10], decades: 9,
      from: Self.left, to: Self.width - Self.right)
    y = LogScale(
      Self.near(drawn.map { $0.flops / $0.time * 1e9 }, peaks) + peaks.map { $0 * 1.5 }, decades: 9,
      from: Self.height - Self.bottom, to: Self.top)
  }

  /// Values that share an axis with the limits; one that is far beyond all of them stands at the edge, and does not
  /// push them out of the picture.
  private static func near(_ values: [Double], _ limits: [Double]) -> [Double] {
    guard let most = limits.max() else { return values }
    return values.filter { $0 < 1e4 * most }
  }

  /// The picture.
  var svg: String {
    var svg =
      "<figure class=\"wide\"><svg id=\"roofline\" class=\"marks\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" "
    svg += "role=\"group\" aria-label=\"Roofline: operations per second over operations per byte\">\n"
    svg += grid + ceilings
    // Large ones lie below small ones.
    let most = marks.map(\.time).max() ?? 0
    for mark in marks.sorted(by: { ($1.time, $0.index) < ($0.time, $1.index) }) { svg += point(mark, most) }
    return svg + "</svg></figure>\n"
  }

  private var grid: String {
    var svg = ""
    let (floor, end) = (Self.height - Self.bottom, Self.width - Self.right)
    for tick in x.ticks {
      let place = fixed(x.place(tick), 1)
      svg += "<path class=\"grid\" d=\"M\(place) \(fixed(Self.top, 0))V\(fixed(floor, 0))\"/>"
      svg += "<text class=\"axis\" text-anchor=\"middle\" x=\"\(place)\" y=\"\(fixed(floor + 18, 0))\">"
      svg += "\(Self.tickText(tick))</text>\n"
    }
    for tick in y.ticks {
      let place = y.place(tick)
      svg += "<path class=\"grid\" d=\"M\(fixed(Self.left, 0)) \(fixed(place, 1))H\(fixed(end, 0))\"/>"
      svg += "<text class=\"axis\" text-anchor=\"end\" x=\"\(fixed(Self.left - 8, 0))\" "
      svg += "y=\"\(fixed(place + 4, 1))\">\(Self.tickText(tick / 1e9))</text>\n"
    }
    svg += "<text class=\"axis name\" text-anchor=\"middle\" x=\"\(fixed((Self.left + end) / 2, 0))\" "
    svg += "y=\"\(fixed(Self.height - 10, 0))\">FLOP per byte</text>\n"
    svg += "<text class=\"axis name\" text-anchor=\"middle\" "
    return svg
      + "transform=\"translate(16 \(fixed((Self.top + floor) / 2, 0))) rotate(-90)\">GFLOP/s</text>\n"
  }

  /// Ceilings and the slope of memory, of all threads and, dashed, of one.
  private var ceilings: String {
    var list = Self.ceilings(machine.all)
    var svg = ""
    let top = machine.all
    svg += slope(top.readBytes, list.map(\.rate).max() ?? 0, "roof", "memory")
    if machine.threads > 1 {
      let single = machine.single
      list.append(Ceiling(label: "f32, one thread", rate: single.f32, isSingle: true))
      svg += slope(single.readBytes, single.f32, "roof single", "memory, one thread")
    }
    list = list.filter { $0.rate > 0 && y.contains($0.rate) }.sorted { $0.rate > $1.rate }
    // Labels stand at the lines' ends, no nearer to each other than a line of text.
    var next = Self.top + 4
    for ceiling in list {
      let level = y.place(ceiling.rate)
      let bandwidth = ceiling.isSingle ? machine.single.readBytes : machine.all.readBytes
      let ridge = bandwidth > 0 ? max(Self.left, x.place(ceiling.rate / bandwidth)) : Self.left
      let end = Self.width - Self.right
      guard ridge < end else { continue }
      let label = max(level + 4, next)
      next = label + 14
      svg +=
        "<path class=\"roof\(ceiling.isSingle ? " single" : "")\" d=\"M\(fixed(ridge, 1)) \(fixed(level, 1))"
      svg += "H\(fixed(end, 0))l10 \(fixed(label - 4 - level, 1))\"/>"
      svg += "<text class=\"ceiling\" x=\"\(fixed(end + 14, 0))\" y=\"\(fixed(label, 1))\">"
      svg += "\(escapedHTML(ceiling.label)) \(rateText(ceiling.rate))FLOP/s</text>\n"
    }
    return svg
  }

  private static func ceilings(_ limits: MachineLimits) -> [Ceiling] {
    // Those an equal rate has share a line.
    var ceilings: [Ceiling] = []
    for arithmetic in Arithmetic.allCases {
      let rate: Double? =
        switch arithmetic {
        case .f32: limits.f32
        case .bf16: limits.bf16
        case .int8: limits.int8
        }
      guard let rate else { continue }
      if let place = ceilings.firstIndex(where: { $0.rate == rate }) {
        ceilings[place].label += ", \(arithmetic.rawValue)"
      } else {
        ceilings.append(Ceiling(label: arithmetic.rawValue, rate: rate))
      }
    }
    return ceilings
  }

  /// The line of a bandwidth, from the picture's edge up to a rate, with its label along it.
  private func slope(_ bandwidth: Double, _ rate: Double, _ style: String, _ name: String) -> String {
    guard bandwidth > 0, rate > 0 else { return "" }
    let start = max(x.low, y.low / bandwidth)
    let end = min(x.high, rate / bandwidth)
    guard start < end else { return "" }
    let (x0, y0) = (x.place(start), y.place(start * bandwidth))
    let (x1, y1) = (x.place(end), y.place(end * bandwidth))
    var svg =
      "<path class=\"\(style)\" d=\"M\(fixed(x0, 1)) \(fixed(y0, 1))L\(fixed(x1, 1)) \(fixed(y1, 1))\"/>"
    // SVG turns clockwise in degrees; slopes of both scales are constant.
    let angle = SlopeAngle.degrees(rise: y0 - y1, run: x1 - x0)
    let isSingle = style.hasSuffix("single")
    // The label of the slower one lies below its line, so that both keep clear of each other.
    let isBelow = isSingle != (machine.single.readBytes > machine.all.readBytes) && machine.threads > 1
    let along = isSingle ? 0.06 : 0.1
    let (px, py) = (x0 + along * (x1 - x0), y0 + along * (y1 - y0))
    svg +=
      "<text class=\"ceiling\" transform=\"translate(\(fixed(px, 1)) \(fixed(py, 1))) rotate(\(fixed(-angle, 1)))\" "
    svg += "dy=\"\(isBelow ? 16 : -7)\">\(name) \(rateText(bandwidth))B/s</text>\n"
    return svg
  }

  private func point(_ mark: OperationMark, _ most: Double) -> String {
    let intensity = mark.bytes > 0 ? mark.flops / mark.bytes : mark.flops > 0 ? x.high : x.low
    let rate = mark.time > 0 ? mark.flops / mark.time * 1e9 : 0
    // Those without a place meet on the edges, where large ones would hide the axes.
    let radius = mark.isPlaced ? 3 + 15 * share(mark.time, of: most).squareRoot() : 3.5
    return
      "<circle class=\"mark k\(mark.kind)\(mark.isPlaced ? "" : " hollow")\" data-op=\"\(mark.index)\" tabindex=\"-1\" "
      + "cx=\"\(fixed(x.place(intensity), 1))\" cy=\"\(fixed(y.place(rate), 1))\" r=\"\(fixed(radius, 1))\">"
      + "<title>\(escapedHTML(mark.label))</title></circle>\n"
  }

  /// A power of ten without its exponent, as far as people read them.
  private static func tickText(_ value: Double) -> String {
    switch value {
    case 0.99e-4..<0.99: shortText((value * 1e4).rounded() / 1e4)
    case 0.99..<1e9: countText(Int(value.rounded()))
    default: "1e\(LogScale.exponent(value))"
    }
  }
}
