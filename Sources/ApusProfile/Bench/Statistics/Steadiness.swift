// What makes a measurement doubtful, in words: samples that lie far apart, a machine that got slower or faster meanwhile,
// processors that were held back or given to others.

import ApusBasics
import ApusRuntime

/// How steady the rounds of a test were.
package struct Steadiness: Sendable, Equatable {
  /// See `[Double].spread`.
  package var spread: Double
  /// The second half against the first, as a share: 0.05 is 5 % slower.
  package var drift: Double

  /// Beyond these a word is said. Two runs of one program on a quiet machine stay well within them.
  static let (spreadLimit, driftLimit) = (0.05, 0.03)

  package init(_ seconds: [Double]) {
    spread = seconds.spread
    guard seconds.count >= 4 else {
      drift = 0
      return
    }
    let half = seconds.count / 2
    let first = Array(seconds[..<half]).middle
    drift = first > 0 ? Array(seconds[(seconds.count - half)...]).middle / first - 1 : 0
  }

  /// What to say; empty when all is well.
  package var words: String {
    var words: [String] = []
    if spread > Self.spreadLimit { words.append("noisy, \(percentText(spread))") }
    if abs(drift) > Self.driftLimit {
      words.append("\(drift > 0 ? "slower" : "faster") by \(percentText(abs(drift))) in the second half")
    }
    return words.joined(separator: "; ")
  }
}

/// What the system took from this process.
package struct Hindrance: Sendable, Equatable {
  /// Periods in which the control group was stopped, and nanoseconds of it; nil where it is not said.
  package var throttledPeriods: Int?
  package var throttledNanoseconds: Int?
  /// Hundredths of a second that the hypervisor gave others, and of all processors together.
  package var stolen: Int?
  package var all: Int?

  /// As counted so far.
  package init(_ files: SystemFiles = .system) {
    let group = (files.text("/proc/self/cgroup") ?? "").split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix("0::") }.map { "/sys/fs/cgroup" + $0.dropFirst(3) }
    let places = [group, "/sys/fs/cgroup", "/sys/fs/cgroup/cpu"].compactMap { $0.map { $0 + "/cpu.stat" } }
    if let text = places.lazy.compactMap({ files.text($0) }).first(where: { $0.contains("nr_throttled") }) {
      for line in text.split(whereSeparator: \.isNewline) {
        let words = line.split(separator: " ")
        guard words.count == 2, let value = Int(words[1]), value >= 0, value < 1 << 50 else { continue }
        switch words[0] {
        case "nr_throttled": throttledPeriods = value
        case "throttled_usec": throttledNanoseconds = value * 1000
        case "throttled_time": throttledNanoseconds = value
        default: break
        }
      }
    }
    // cpu  user nice system idle iowait irq softirq steal …
    if let line = files.text("/proc/stat", limit: 4096)?.split(whereSeparator: \.isNewline).first,
      line.hasPrefix("cpu ")
    {
      let numbers = line.split(separator: " ").dropFirst().prefix(8).map { Int($0) ?? 0 }
      if numbers.count == 8 {
        stolen = numbers[7]
        all = numbers.reduce(0) { $0 &+ $1 }
      }
    }
  }

  /// What to say of the time since `earlier`.
  package func words(since earlier: Hindrance) -> [String] {
    var words: [String] = []
    if let now = throttledPeriods, let before = earlier.throttledPeriods, now > before {
      let time = zip(throttledNanoseconds, earlier.throttledNanoseconds).map { $0 - $1 }
      words.append(
        "the control group was held back \(now - before) times"
          + (time.map { ", \(fixed(Double($0) * 1e-9, 1)) s of processors" } ?? "")
          + ": fewer threads than its quota would be steadier")
    }
    if let stolen = zip(stolen, earlier.stolen).map({ $0 - $1 }),
      let all = zip(all, earlier.all).map({ $0 - $1 }),
      all > 0, Double(stolen) > 0.01 * Double(all)
    {
      words.append(
        "the hypervisor gave \(percentText(Double(stolen) / Double(all))) of the processors' time to others")
    }
    return words
  }
}

/// Both, or nil.
private func zip(_ first: Int?, _ second: Int?) -> (Int, Int)? {
  guard let first, let second else { return nil }
  return (first, second)
}
