// Resident memory over time as inline SVG.

import ApusBasics

/// A curve of resident memory.
struct MemoryPicture {
  private let samples: [MemorySample]

  private static let (width, height) = (1000.0, 240.0)
  private static let (left, right, top, bottom) = (76.0, 24.0, 14.0, 30.0)
  /// More points than that could not be told apart.
  private static let most = 1000

  init(samples: [MemorySample]) {
    self.samples = Self.thinned(samples.sorted { $0.time < $1.time })
  }

  /// The picture; a remark without samples.
  var svg: String {
    guard let first = samples.first, let last = samples.last else {
      return "<p class=\"hint\">Memory was not sampled over time.</p>\n"
    }
    let highest = Double(samples.map(\.resident).max() ?? 0)
    let levels = axisTicks(0, max(1, highest))
    let (start, span) = (Double(first.time), max(1, Double(last.time) - Double(first.time)))
    let peak = max(levels[levels.count - 1], highest)
    let floor = Self.height - Self.bottom
    func x(_ time: Double) -> Double {
      Self.left + (time - start) / span * (Self.width - Self.left - Self.right)
    }
    func y(_ bytes: Double) -> Double { floor - bytes / peak * (floor - Self.top) }

    var svg =
      "<figure class=\"wide\"><svg id=\"memory\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" "
    svg += "aria-label=\"Resident memory over time, at most \(sizeText(Int(highest)))\">\n"
    for level in levels {
      svg +=
        "<path class=\"grid\" d=\"M\(Int(Self.left)) \(fixed(y(level), 1))H\(Int(Self.width - Self.right))\"/>"
      svg +=
        "<text class=\"axis\" text-anchor=\"end\" x=\"\(Int(Self.left) - 8)\" y=\"\(fixed(y(level) + 4, 1))\">"
      svg += "\(sizeText(Int(clamping: level)))</text>\n"
    }
    for tick in axisTicks(0, span) where tick <= span {
      svg += "<text class=\"axis\" text-anchor=\"middle\" x=\"\(fixed(x(start + tick), 1))\" "
      svg += "y=\"\(Int(Self.height) - 8)\">\(tick == 0 ? "0" : durationText(tick))</text>\n"
    }
    let line = samples.map { "\(fixed(x(Double($0.time)), 1)),\(fixed(y(Double($0.resident)), 1))" }
    let (from, to) = (fixed(x(start), 1), fixed(x(Double(last.time)), 1))
    svg += "<polygon class=\"band\" points=\"\(from),\(fixed(floor, 1)) \(line.joined(separator: " ")) "
    svg += "\(to),\(fixed(floor, 1))\"/>"
    return svg + "<polyline class=\"line\" points=\"\(line.joined(separator: " "))\"/></svg></figure>\n"
  }

  /// The highest sample of each of so many stretches.
  private static func thinned(_ samples: [MemorySample]) -> [MemorySample] {
    guard samples.count > most else { return samples }
    return (0..<most).compactMap { part in
      samples[part * samples.count / most..<(part + 1) * samples.count / most]
        .max { $0.resident < $1.resident }
    }
  }
}

extension Int {
  /// The nearest whole number there is.
  fileprivate init(clamping value: Double) { self = Int(exactly: value.rounded()) ?? (value > 0 ? .max : 0) }
}
