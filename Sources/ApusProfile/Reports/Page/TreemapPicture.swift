// Time by phase, part of the model and operation, as a treemap in inline SVG.

import ApusBasics

/// A treemap of times.
struct TreemapPicture {
  /// A part of the whole: an operation, or parts of its own.
  private struct Part {
    var name: String
    var time = 0.0
    var mark: OperationMark?
    var parts: [Part] = []
    /// The parts' places by name.
    var places: [String: Int] = [:]

    /// Adds an operation below the parts its path names.
    mutating func add(_ path: ArraySlice<String>, _ leaf: Part) {
      time += leaf.time
      guard let first = path.first else { return parts.append(leaf) }
      let place = places[first] ?? parts.count
      if place == parts.count {
        places[first] = place
        parts.append(Part(name: first))
      }
      parts[place].add(path.dropFirst(), leaf)
    }
  }

  private let root: Part

  private static let frame = Rectangle(x: 0, y: 0, width: 1000, height: 560)
  /// Below this many pixels a side nothing can be seen.
  private static let least = 0.4
  /// A letter's mean width at the size of labels.
  private static let letter = 6.6
  private static let heading = 16.0

  init(_ profile: Profile, _ marks: OperationMarks) {
    var root = Part(name: "")
    var index = 0
    for phase in profile.phases {
      var rest = Double(phase.wall)
      for operation in phase.operations {
        let mark = marks.list[index]
        index += 1
        rest -= mark.time
        guard mark.time > 0 else { continue }
        root.add(
          [phase.name] + operation.path[...], Part(name: operation.name, time: mark.time, mark: mark))
      }
      if rest > 0 { root.add([phase.name], Part(name: "outside of all operations", time: rest)) }
    }
    self.root = root
  }

  /// The picture.
  var svg: String {
    var svg =
      "<figure class=\"wide\"><svg id=\"treemap\" class=\"marks\" viewBox=\"0 0 1000 560\" role=\"group\" "
    svg += "aria-label=\"Time by phase, part of the model and operation\">\n"
    append(root, Self.frame, to: &svg)
    return svg + "</svg></figure>\n"
  }

  private func append(_ part: Part, _ place: Rectangle, to svg: inout String) {
    let parts = part.parts.enumerated().sorted { ($1.element.time, $0.offset) < ($0.element.time, $1.offset) }
      .map(\.element)
    for (part, place) in zip(parts, squarified(parts.map(\.time), in: place)) {
      guard place.width > Self.least, place.height > Self.least else { continue }
      if part.parts.isEmpty {
        appendLeaf(part, place, to: &svg)
      } else {
        let hasHeading = place.height > 2.2 * Self.heading && place.width > 36
        svg += "<rect class=\"part\" \(Self.attributes(place))>"
        svg += "<title>\(escapedHTML(singleLine(part.name))): \(durationText(part.time))</title></rect>"
        if hasHeading { svg += label(part.name, place, "heading") }
        svg += "\n"
        let margin = min(place.width, place.height) > 12 ? 2.0 : 0.3
        append(part, place.inset(margin, top: hasHeading ? Self.heading : margin), to: &svg)
      }
    }
  }

  private func appendLeaf(_ part: Part, _ place: Rectangle, to svg: inout String) {
    if let mark = part.mark {
      svg +=
        "<rect class=\"mark k\(mark.kind)\" data-op=\"\(mark.index)\" tabindex=\"-1\" \(Self.attributes(place))>"
      svg += "<title>\(escapedHTML(mark.label))</title></rect>"
    } else {
      svg += "<rect class=\"outside\" \(Self.attributes(place))>"
      svg += "<title>\(escapedHTML(singleLine(part.name))): \(durationText(part.time))</title></rect>"
    }
    if place.height >= 15 { svg += label(part.name, place, "leaf") }
    svg += "\n"
  }

  /// As much of a name as there is room for, if that says anything.
  private func label(_ name: String, _ place: Rectangle, _ style: String) -> String {
    let letters = Int((place.width - 8) / Self.letter)
    let name = singleLine(name)
    guard letters >= min(name.count, 4) else { return "" }
    let text = name.count <= letters ? name : name.prefix(letters - 1) + "…"
    return "<text class=\"\(style)\" x=\"\(fixed(place.x + 4, 1))\" y=\"\(fixed(place.y + 12, 1))\">"
      + "\(escapedHTML(String(text)))</text>"
  }

  private static func attributes(_ place: Rectangle) -> String {
    "x=\"\(fixed(place.x, 2))\" y=\"\(fixed(place.y, 2))\" width=\"\(fixed(place.width, 2))\" "
      + "height=\"\(fixed(place.height, 2))\""
  }
}
