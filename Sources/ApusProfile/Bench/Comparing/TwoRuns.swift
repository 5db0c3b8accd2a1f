// Values of two runs by round, corrected for what the machine did in the same rounds: within each run, how do they follow
// the memory's speed and that of calculation? The slopes are those of a regression whose prior says: somewhere around 0,
// hardly beyond 1 either way. Where limits vary within the runs, the data decide; where they do not, nothing is corrected,
// and a change of the limits between the runs becomes a doubt of the same size.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct TwoRuns {
  private static let priorDeviation = 0.5
  /// Limits are measured with errors of their own, so that slopes come out a little too small: by a few percent where the
  /// limits vary five times as much as they are wrong, by a sixth where they vary twice as much.
  private static let correctionError = 0.15

  /// Corrected values.
  private var first: [Double] = []
  private var second: [Double] = []
  /// The limits' changes from run to run, as logarithms: positive is slower.
  private var changes = SIMD2<Double>()
  /// By how much the correction moved the second run against the first, and by how much that may be wrong.
  private var correction = 0.0
  private var correctionDeviation = 0.0
  /// Rounds that are as good as one, for neighbours are alike.
  private var blockSize = 1
  /// Whether the correction takes a tenth or more of the scatter.
  private(set) var isExplained = false

  /// - Parameters:
  ///   - before: the value of a round of the first run, a logarithm; rounds without one are left out.
  ///   - after: that of a round of the second.
  init(
    _ then: BenchSeries, _ now: BenchSeries, _ before: (BenchRound) -> Double, _ after: (BenchRound) -> Double
  ) {
    let runs = [Self.rows(then, before), Self.rows(now, after)]
    let means = runs.map { rows in
      rows.reduce(Row()) { Row(value: $0.value + $1.value, limits: $0.limits + $1.limits) }
    }
    let counts = runs.map { Double(max(1, $0.count)) }
    let middles = zip(means, counts).map { Row(value: $0.value / $1, limits: $0.limits / $1) }
    // Sums of squares and products around each run's own mean.
    var (xx, yy, xy, xt, yt, tt) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for (rows, middle) in zip(runs, middles) {
      for row in rows {
        let (x, y) = (row.limits.x - middle.limits.x, row.limits.y - middle.limits.y)
        let time = row.value - middle.value
        xx += x * x
        yy += y * y
        xy += x * y
        xt += x * time
        yt += y * time
        tt += time * time
      }
    }
    let freedom = max(1, counts[0] + counts[1] - 4)
    var slopes = SIMD2<Double>()
    var covariance = (xx: 0.0, yy: 0.0, xy: 0.0)
    var variance = tt / freedom
    // The prior's weight depends on the residual's variance, which depends on the slopes: a few turns settle both.
    for _ in 0..<5 {
      let weight = max(variance, 1e-12) / (Self.priorDeviation * Self.priorDeviation)
      let (a, b) = (xx + weight, yy + weight)
      let determinant = a * b - xy * xy
      slopes = SIMD2(b * xt - xy * yt, a * yt - xy * xt) / determinant
      let squares =
        tt - 2 * (slopes.x * xt + slopes.y * yt)
        + slopes.x * slopes.x * xx + slopes.y * slopes.y * yy + 2 * slopes.x * slopes.y * xy
      variance = max(0, squares) / freedom
      covariance = (variance * b / determinant, variance * a / determinant, -variance * xy / determinant)
    }
    let corrected = runs.map { rows in
      rows.map { $0.value - (slopes * $0.limits).sum() }
    }
    (first, second) = (corrected[0], corrected[1])
    isExplained = Self.scatter(corrected) < 0.9 * Self.scatter(runs.map { $0.map(\.value) })
    blockSize = Self.areBeyondDrift(corrected[0], corrected[1]) ? 1 : blockLength(corrected)
    changes = middles[1].limits - middles[0].limits
    correction = (slopes * changes).sum()
    let square =
      changes.x * changes.x * covariance.xx + changes.y * changes.y * covariance.yy
      + 2 * changes.x * changes.y * covariance.xy
    correctionDeviation = (max(0, square) * Double(blockSize)).squareRoot()
  }

  /// Rounds of the shorter run.
  var rounds: Int { min(first.count, second.count) }

  /// How far the runs are apart; nil for a run without rounds.
  func shift(_ table: RankTable) -> Shift? {
    Shift.unpaired(first.blocks(of: blockSize), second.blocks(of: blockSize), table: table)
  }

  /// What a difference must exceed to be one, and what to say of a smaller one.
  var doubt: (size: Double, reason: String) {
    let halves = max(Self.halves(first), Self.halves(second))
    let wrong = 2 * correctionDeviation + Self.correctionError * abs(correction)
    guard wrong > halves else {
      return (halves, "the runs drift by \(percentText(exp(halves) - 1)) themselves")
    }
    let isMemory = abs(changes.x) > abs(changes.y)
    let change = isMemory ? changes.x : changes.y
    return (
      wrong,
      "the machine \(isMemory ? "reads memory" : "calculates") \(percentText(exp(abs(change)) - 1)) "
        + "\(change > 0 ? "slower" : "faster") than then"
    )
  }

  /// A value and, as logarithms of the time they take, the memory's and the calculation's limits.
  private struct Row {
    var value = 0.0
    var limits = SIMD2<Double>()
  }

  private static func rows(_ series: BenchSeries, _ value: (BenchRound) -> Double) -> [Row] {
    let rows = series.rounds.map { round in
      func slowness(_ limit: Double?) -> Double { limit.flatMap { $0 > 0 ? -log($0) : nil } ?? 0 }
      return Row(value: value(round), limits: SIMD2(slowness(round.memory), slowness(round.arithmetic)))
    }
    return rows.filter { $0.value.isFinite }
  }

  /// Whether all values of one run lie beyond those of the other by more than either run's own lie apart.
  private static func areBeyondDrift(_ one: [Double], _ other: [Double]) -> Bool {
    guard let (least, most) = limits(one), let (otherLeast, otherMost) = limits(other) else { return false }
    return max(least - otherMost, otherLeast - most) > max(one.range, other.range)
  }

  private static func limits(_ values: [Double]) -> (least: Double, most: Double)? {
    guard let least = values.min(), let most = values.max() else { return nil }
    return (least, most)
  }

  private static func scatter(_ runs: [[Double]]) -> Double {
    runs.reduce(0) { sum, values in
      let middle = values.middle
      return sum + values.map { abs($0 - middle) }.middle
    }
  }

  /// How far the halves of a run are from each other.
  private static func halves(_ values: [Double]) -> Double {
    guard values.count >= 4 else { return 0 }
    let half = values.count / 2
    return abs(Array(values[..<half]).middle - Array(values[(values.count - half)...]).middle)
  }
}
