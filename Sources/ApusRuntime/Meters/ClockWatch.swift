// Whether the clock of the day was set while something was measured. Times here are by the monotonic clock and stay
// right; dates and the records of other programs do not.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Compares the clock of the day with the monotonic clock.
package struct ClockWatch: Sendable {
  private let clocks: @Sendable () -> (monotonic: Double, realtime: Double)
  private let start: (monotonic: Double, realtime: Double)

  /// - Parameter clocks: both clocks in seconds; those of the system unless a test steps them.
  package init(_ clocks: @escaping @Sendable () -> (monotonic: Double, realtime: Double) = systemClocks) {
    self.clocks = clocks
    start = clocks()
  }

  /// A note when the clock of the day has moved against the other by more than a second.
  package var note: String? {
    let now = clocks()
    let step = (now.realtime - start.realtime) - (now.monotonic - start.monotonic)
    guard abs(step) > 1 else { return nil }
    return
      "the system's clock was set \(step > 0 ? "forward" : "back") by \(Int(abs(step).rounded())) s meanwhile; "
      + "the times here are by the monotonic clock, which was not"
  }
}

/// The clocks of the system, in seconds.
@Sendable
package func systemClocks() -> (monotonic: Double, realtime: Double) {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return (Double(MonotonicClock.nanoseconds) * 1e-9, Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9)
}
