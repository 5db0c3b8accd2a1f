// The layout of treemaps: M. Bruls, K. Huizing, J. van Wijk, "Squarified Treemaps", 2000,
// doi:10.1007/978-3-7091-6783-0_4.

/// A place in a picture.
struct Rectangle: Equatable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var area: Double { width * height }

  /// Without a margin on each side, and more at the top.
  func inset(_ margin: Double, top: Double) -> Rectangle {
    Rectangle(
      x: x + margin, y: y + top, width: max(0, width - 2 * margin), height: max(0, height - top - margin))
  }
}

/// Cuts a rectangle into parts of given sizes, as square as they get.
///
/// - Parameter sizes: in descending order, none negative.
/// - Returns: a rectangle for each, their areas in the proportion of the sizes.
/// - Complexity: O(*n*).
func squarified(_ sizes: [Double], in whole: Rectangle) -> [Rectangle] {
  let total = sizes.reduce(0, +)
  guard total > 0, whole.area > 0 else {
    return sizes.map { _ in Rectangle(x: whole.x, y: whole.y, width: 0, height: 0) }
  }
  let scale = whole.area / total
  var result: [Rectangle] = []
  var rest = whole
  var next = 0
  while next < sizes.count {
    // A row along the shorter side grows while its worst part gets no longer.
    let side = min(rest.width, rest.height)
    var end = next
    var sum = 0.0
    var worst = Double.infinity
    while end < sizes.count {
      let grown = sum + sizes[end] * scale
      let ratio = worstRatio(largest: sizes[next] * scale, least: sizes[end] * scale, sum: grown, side: side)
      guard end == next || ratio <= worst else { break }
      (sum, worst, end) = (grown, ratio, end + 1)
    }
    let thickness = side > 0 ? sum / side : 0
    var along = 0.0
    for size in sizes[next..<end] {
      let length = thickness > 0 ? size * scale / thickness : 0
      result.append(
        rest.width >= rest.height
          ? Rectangle(x: rest.x, y: rest.y + along, width: thickness, height: length)
          : Rectangle(x: rest.x + along, y: rest.y, width: length, height: thickness))
      along += length
    }
    if rest.width >= rest.height {
      rest = Rectangle(
        x: rest.x + thickness, y: rest.y, width: max(0, rest.width - thickness), height: rest.height)
    } else {
      rest = Rectangle(
        x: rest.x, y: rest.y + thickness, width: rest.width, height: max(0, rest.height - thickness))
    }
    next = end
  }
  return result
}

/// The longest of a row's parts: its longer side over its shorter one.
private func worstRatio(largest: Double, least: Double, sum: Double, side: Double) -> Double {
  guard sum > 0, least > 0, side > 0 else { return .infinity }
  let square = side * side
  return max(square * largest / (sum * sum), sum * sum / (square * least))
}
