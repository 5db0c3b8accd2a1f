// A clock that is read hundreds of times in a step: the processor's own, a third of the cost of the system's, wherever the
// system itself trusts it. Ticks have no length: who uses them reads the monotonic clock beside them now and then.

import CApusPlatform

/// A clock in ticks, the same on all cores.
package struct TickClock: Sendable {
  private let isRaw: Bool

  /// The processor's clock if it runs evenly whatever the processor does, and the kernel has not found it unstable; else
  /// the monotonic clock, whose ticks are nanoseconds.
  package init(_ files: SystemFiles = .system) {
    #if arch(x86_64)
      let flags = field("flags", in: files.text("/proc/cpuinfo", limit: 8192) ?? "") ?? ""
      let words = flags.split(separator: " ")
      let sources = files.text("/sys/devices/system/clocksource/clocksource0/available_clocksource") ?? ""
      isRaw =
        words.contains("constant_tsc") && words.contains("nonstop_tsc")
        && sources.split(separator: " ").contains("tsc")
    #else
      isRaw = false
    #endif
  }

  /// Whether ticks are those of the processor.
  package var isOfProcessor: Bool { isRaw }

  /// Ticks since an arbitrary fixed moment.
  @inline(__always)
  package var now: UInt64 { isRaw ? apus_ticks() : MonotonicClock.nanoseconds }
}
