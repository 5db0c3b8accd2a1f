// Neighbours in time are alike on a machine with moods, and tests by ranks believe that they are not: so neighbours are put
// together until blocks are as good as independent.

/// Values that together count as one, from the correlation r of neighbours within each list: (1 + r) / (1 − r), which is how
/// many fewer values a mean of a process of first order is worth. 1 where neighbours differ like any two.
func blockLength(_ lists: [[Double]]) -> Int {
  var (products, squares) = (0.0, 0.0)
  for values in lists where values.count > 2 {
    let mean = values.reduce(0, +) / Double(values.count)
    for (index, value) in values.enumerated() {
      squares += (value - mean) * (value - mean)
      if index > 0 { products += (value - mean) * (values[index - 1] - mean) }
    }
  }
  // A correlation as large as 0.15 is chance with a few dozen values.
  let correlation = squares > 0 ? min(0.8, products / squares) : 0
  return correlation > 0.15 ? Int(((1 + correlation) / (1 - correlation)).rounded(.up)) : 1
}

extension [Double] {
  /// How far the values lie apart.
  var range: Double { (self.max() ?? 0) - (self.min() ?? 0) }

  /// Whether all of them lie on one side of nothing, farther from it than from each other: no drift that they show makes
  /// such a difference, and each counts for itself.
  var isBeyondDrift: Bool {
    guard let least = self.min(), let most = self.max() else { return false }
    return Swift.max(least, -most) > range
  }

  /// Means of blocks of neighbours; what is left over at the end counts when it is more than half a block.
  func blocks(of length: Int) -> [Double] {
    guard length > 1 else { return self }
    return stride(from: 0, to: count, by: length).compactMap { start in
      let block = self[start..<Swift.min(count, start + length)]
      return 2 * block.count > length ? block.reduce(0, +) / Double(block.count) : nil
    }
  }
}
