// The numbers beside an axis.

/// Three to eight round numbers that span a range: 1, 2 or 5 times a power of ten apart.
package func axisTicks(_ low: Double, _ high: Double) -> [Double] {
  // A flat curve lies in the middle of something.
  let margin = high > low ? 0 : max(abs(high), 1e-9) / 2
  let (low, high) = (low - margin, high + margin)
  // A quarter of the range, rounded up.
  let least = (high - low) / 4
  var unit = 1.0
  while unit > least { unit /= 10 }
  while unit * 10 <= least { unit *= 10 }
  let step = [1, 2, 5, 10].map { $0 * unit }.first { $0 >= least } ?? 10 * unit
  let first = (low / step).rounded(.down)
  let count = Int(((high / step).rounded(.up) - first).rounded())
  return (0...max(2, count)).map { (first + Double($0)) * step }
}
