// What the processor counts of all threads of this process: cycles, instructions, misses. Where the system refuses, it
// says why in words a user can act on.

import CApusPlatform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counts of the processor from its making on.
package struct HardwareMeter: ~Copyable {
  /// What can be counted.
  package enum Event: Int32, CaseIterable, Sendable {
    case cycles, instructions, cacheMisses, branchMisses

    var name: String {
      switch self {
      case .cycles: "cycles"
      case .instructions: "instructions"
      case .cacheMisses: "cache misses"
      case .branchMisses: "branch misses"
      }
    }
  }

  /// Opens a counter of a thread: a descriptor or a negative errno.
  package typealias Open = (_ event: Event, _ thread: Int32) -> Int32

  private var descriptors: [Event: [Int32]] = [:]
  /// Why some or all are missing.
  package let unavailable: String?

  /// Starts counters for every thread there is now; threads started later are not counted.
  ///
  /// - Parameters:
  ///   - open: what asks the system; tests refuse.
  ///   - threads: those of this process.
  package init(
    files: SystemFiles = .system, threads: [Int32] = Self.threads(),
    open: Open = { apus_counter_open($0.rawValue, $1) }
  ) {
    var refusals: [(event: Event, error: Int32)] = []
    var opened: [Event: [Int32]] = [:]
    for event in Event.allCases {
      var own: [Int32] = []
      for thread in threads {
        let descriptor = open(event, thread)
        // A thread that has ended since is no refusal.
        if descriptor == -ESRCH { continue }
        guard descriptor >= 0 else {
          for number in own { close(number) }
          own = []
          refusals.append((event, -descriptor))
          break
        }
        own.append(descriptor)
      }
      if !own.isEmpty { opened[event] = own }
    }
    descriptors = opened
    if let first = refusals.first {
      let names = refusals.map(\.event.name).joined(separator: ", ")
      unavailable =
        (refusals.count == Event.allCases.count ? "no hardware counters: " : "no \(names): ")
        + Self.reason(first.error, files)
    } else {
      unavailable = opened.isEmpty ? "no hardware counters: the threads of this process are not listed" : nil
    }
  }

  deinit {
    for own in descriptors.values {
      for number in own { close(number) }
    }
  }

  /// The count of an event over all threads so far; nil when it is not counted.
  package func count(_ event: Event) -> UInt64? {
    guard let own = descriptors[event] else { return nil }
    var total = 0.0
    for number in own {
      var values: (UInt64, UInt64, UInt64) = (0, 0, 0)
      let failure = withUnsafeMutableBytes(of: &values) {
        apus_counter_read(number, $0.baseAddress!.assumingMemoryBound(to: UInt64.self))
      }
      guard failure == 0 else { return nil }
      // A thread that slept all the time has run its counter for no time.
      if values.2 > 0 { total += Double(values.0) * Double(values.1) / Double(values.2) }
    }
    return UInt64(total)
  }

  /// The threads of this process, by the system's numbers.
  package static func threads() -> [Int32] {
    guard let directory = opendir("/proc/self/task") else { return [] }
    defer { closedir(directory) }
    var threads: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let thread = Int32(name) { threads.append(thread) }
    }
    return threads
  }

  /// What a refusal means, and what can be done.
  static func reason(_ error: Int32, _ files: SystemFiles) -> String {
    switch error {
    case EACCES, EPERM:
      let setting = files.number("/proc/sys/kernel/perf_event_paranoid")
      if let setting, setting > 2 {
        return "the kernel keeps them from programs (kernel.perf_event_paranoid is \(setting)); "
          + "'sudo sysctl kernel.perf_event_paranoid=2' allows them"
      }
      return "perf_event_open is forbidden here"
        + (setting.map { " although kernel.perf_event_paranoid is \($0)" } ?? "")
        + "; a container needs '--cap-add PERFMON' or a seccomp profile that allows it"
    case ENOENT, EOPNOTSUPP, ENODEV:
      return "this machine (often a virtual one) has no such counters"
    case ENOSYS: return "this system has no perf_event_open"
    case EMFILE, ENFILE: return "too many open files for a counter on each thread; 'ulimit -n' allows more"
    default: return errorText(error)
    }
  }
}
