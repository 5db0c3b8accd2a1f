// A curve of any length in a fixed number of points: when they are used up, neighbours are merged, two by two. A report
// of a million steps costs no more memory than one of a thousand.

/// A curve over steps.
package struct ThinnedSeries: Sendable, Equatable {
  /// Values next to each other.
  package struct Point: Sendable, Equatable {
    package var step: Int
    package var mean: Double
    package var low: Double
    package var high: Double
    var count: Int

    func merged(with next: Point) -> Point {
      let count = count + next.count
      let mean = (mean * Double(self.count) + next.mean * Double(next.count)) / Double(count)
      return Point(
        step: next.step, mean: mean, low: min(low, next.low), high: max(high, next.high), count: count)
    }
  }

  /// Twice the columns of a plot: more could not be seen.
  static let capacity = 1024

  package private(set) var points: [Point] = []
  /// Values of a point.
  private var width = 1

  package init() { points.reserveCapacity(Self.capacity) }

  /// Adds a value; one that is not finite, or beyond all plots, is left out.
  ///
  /// - Complexity: O(1) on average, without allocations.
  package mutating func append(_ step: Int, _ value: Double) {
    guard value.isFinite, abs(value) < 1e100 else { return }
    let point = Point(step: step, mean: value, low: value, high: value, count: 1)
    if let last = points.last, last.count < width {
      points[points.count - 1] = last.merged(with: point)
      return
    }
    if points.count == Self.capacity {
      for index in 0..<Self.capacity / 2 {
        points[index] = points[2 * index].merged(with: points[2 * index + 1])
      }
      points.removeLast(Self.capacity / 2)
      width *= 2
    }
    points.append(point)
  }
}
