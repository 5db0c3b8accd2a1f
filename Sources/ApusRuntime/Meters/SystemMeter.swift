// What the operating system counts of a process and its surroundings: page faults, lost processors, time that a control
// group or a hypervisor took away. Readings are subtracted; nothing runs in between.

import ApusBasics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counts since the process, its control group or the machine began; or between two readings.
package struct SystemReading: Equatable, Sendable {
  /// Page faults served without a disk, and from a disk.
  package var minorFaults = 0
  package var majorFaults = 0
  /// Times a thread gave its processor up, and lost it.
  package var voluntarySwitches = 0
  package var involuntarySwitches = 0
  /// Periods in which the control group was held back, and microseconds of it; nil where it is not said.
  package var throttledPeriods: Int?
  package var throttledMicroseconds: Int?
  /// Microseconds that the hypervisor gave the machine's processors to others; nil where it is not said.
  package var stolenMicroseconds: Int?
  /// When it was read, by the monotonic clock, or how long it was between two readings.
  package var nanoseconds: UInt64 = 0

  package init() {}

  /// The counts at this moment.
  ///
  /// - Complexity: reads a few small files.
  package static func now(_ files: SystemFiles = .system) -> SystemReading {
    var reading = SystemReading()
    var usage = rusage()
    // RUSAGE_SELF is 0 everywhere, under a different type on each system.
    if getrusage(0, &usage) == 0 {
      reading.minorFaults = usage.ru_minflt
      reading.majorFaults = usage.ru_majflt
      reading.voluntarySwitches = usage.ru_nvcsw
      reading.involuntarySwitches = usage.ru_nivcsw
    }
    if let (periods, microseconds) = ControlGroup.throttling(files) {
      reading.throttledPeriods = periods
      reading.throttledMicroseconds = microseconds
    }
    reading.stolenMicroseconds = stolen(files)
    reading.nanoseconds = MonotonicClock.nanoseconds
    return reading
  }

  /// What was counted from `earlier` on.
  package func since(_ earlier: SystemReading) -> SystemReading {
    var difference = SystemReading()
    difference.minorFaults = minorFaults - earlier.minorFaults
    difference.majorFaults = majorFaults - earlier.majorFaults
    difference.voluntarySwitches = voluntarySwitches - earlier.voluntarySwitches
    difference.involuntarySwitches = involuntarySwitches - earlier.involuntarySwitches
    func part(_ field: (SystemReading) -> Int?) -> Int? {
      guard let now = field(self), let before = field(earlier) else { return nil }
      return max(0, now - before)
    }
    difference.throttledPeriods = part(\.throttledPeriods)
    difference.throttledMicroseconds = part(\.throttledMicroseconds)
    difference.stolenMicroseconds = part(\.stolenMicroseconds)
    difference.nanoseconds = nanoseconds - min(nanoseconds, earlier.nanoseconds)
    return difference
  }

  /// What kept the processors from the work between two readings, in sentences; none where nothing did.
  ///
  /// - Parameter threads: that worked; what was stolen is held against their time.
  package func hindrances(threads: Int) -> [String] {
    var sentences: [String] = []
    if let throttledPeriods, throttledPeriods > 0 {
      let time = fixed(Double(throttledMicroseconds ?? 0) * 1e-3, 0)
      sentences.append(
        "the control group was held back in \(throttledPeriods) periods, \(time) ms in all: times are longer than the "
          + "machine needs; use fewer threads or a larger quota")
    }
    let share = Double(stolenMicroseconds ?? 0) * 1e3 / max(1, Double(nanoseconds) * Double(threads))
    if share > 0.01 {
      sentences.append("the hypervisor gave \(fixed(100 * share, 0)) % of the time to other machines")
    }
    return sentences
  }

  /// The eighth number of the first line of /proc/stat, in ticks of the clock.
  private static func stolen(_ files: SystemFiles) -> Int? {
    guard let text = files.text("/proc/stat", limit: 1024),
      let line = text.split(whereSeparator: \.isNewline).first, line.hasPrefix("cpu ")
    else { return nil }
    let numbers = line.split(separator: " ").dropFirst().map { Int($0) }
    guard numbers.count >= 8, let ticks = numbers[7], ticks >= 0, ticks < 1 << 40 else { return nil }
    return ticks * 1_000_000 / max(1, sysconf(Int32(_SC_CLK_TCK)))
  }
}

extension ControlGroup {
  /// Periods in which this process's groups were held back, and microseconds: of the group that was held back most, for
  /// each of them may have a quota. nil where no group says it.
  static func throttling(_ files: SystemFiles) -> (periods: Int, microseconds: Int)? {
    var directories = ["/sys/fs/cgroup", "/sys/fs/cgroup/cpu"]
    for line in (files.text("/proc/self/cgroup") ?? "").split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let path = String(parts[2])
      if parts[0] == "0" {
        directories += groupDirectories("/sys/fs/cgroup", path)
        directories += groupDirectories("/sys/fs/cgroup/unified", path)
      } else if parts[1].split(separator: ",").contains("cpu") {
        directories += groupDirectories("/sys/fs/cgroup/\(parts[1])", path)
        directories += groupDirectories("/sys/fs/cgroup/cpu", path)
      }
    }
    var found: (periods: Int, microseconds: Int)?
    for directory in directories {
      guard let text = files.text(directory + "/cpu.stat") else { continue }
      var fields: [Substring: Int] = [:]
      for line in text.split(whereSeparator: \.isNewline) {
        let parts = line.split(separator: " ")
        if parts.count == 2, let value = Int(parts[1]), value >= 0 { fields[parts[0]] = value }
      }
      // Version 1 counts nanoseconds.
      guard let periods = fields["nr_throttled"],
        let microseconds = fields["throttled_usec"] ?? fields["throttled_time"].map({ $0 / 1000 })
      else { continue }
      if (found?.microseconds ?? -1) < microseconds { found = (periods, microseconds) }
    }
    return found
  }
}
