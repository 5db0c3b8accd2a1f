// A progress bar for long work: on standard error, on a terminal only, with rate and remaining time.

import ApusBasics

/// Progress of work counted in bytes or items.
struct ProgressBar {
  enum Unit { case bytes, items(String) }

  /// Ten drawings a second look smooth; more only cost time.
  private static let interval = Duration.milliseconds(100)

  let label: String
  let total: Int
  let unit: Unit
  private let channel: OutputChannel
  private let width: Int
  private let start = ContinuousClock.now
  private var lastDrawing: ContinuousClock.Instant?

  init(_ label: String, total: Int, unit: Unit = .bytes, on console: Console) {
    self.label = label
    self.total = total
    self.unit = unit
    channel = console.errors
    width = console.width
  }

  /// Shows that `done` of `total` is finished. Cheap enough to call for every tensor or token.
  mutating func update(_ done: Int) {
    guard channel.isTerminal else { return }
    let now = ContinuousClock.now
    if let lastDrawing, lastDrawing.duration(to: now) < Self.interval, done < total { return }
    lastDrawing = now
    let line = Self.line(
      label, done: done, total: total, unit: unit, seconds: start.duration(to: now) / .seconds(1),
      width: width)
    // A progress bar that cannot be drawn is no reason to stop the work.
    try? channel.write("\r\u{1B}[K" + line)
  }

  /// Takes the bar away.
  mutating func finish() {
    guard lastDrawing != nil else { return }
    lastDrawing = nil
    try? channel.write("\r\u{1B}[K")
  }

  /// The bar as a line of at most `width - 1` columns (a terminal wraps at the last one).
  static func line(
    _ label: String, done: Int, total: Int, unit: Unit, seconds: Double, width: Int
  ) -> String {
    let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
    let percent = String(Int(share * 100))
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let speed =
      switch unit {
      case .bytes: sizeText(rate < 1e18 ? Int(rate) : 0) + "/s"
      case .items(let name): "\(fixed(rate, rate < 100 ? 1 : 0)) \(name)/s"
      }
    let remaining = share > 0 ? seconds * (1 - share) / share : Double.infinity
    let tail =
      " " + String(repeating: " ", count: max(0, 3 - percent.count)) + percent + " %  " + speed + "  ETA "
      + clockText(remaining)
    let room = width - 1 - label.count - tail.count - 3
    guard room >= 5 else { return String((label + tail).prefix(max(0, width - 1))) }
    let length = min(room, 40)
    let filled = Int(share * Double(length))
    return label + " [" + String(repeating: "=", count: filled)
      + String(repeating: " ", count: length - filled) + "]" + tail
  }
}
