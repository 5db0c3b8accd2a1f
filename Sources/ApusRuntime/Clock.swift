// The clock everything here measures with, and the memory this process has used.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The monotonic clock of the system.
package enum MonotonicClock {
  /// Nanoseconds since an arbitrary fixed moment; never goes back. Costs about 25 ns.
  package static var nanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Seconds that `body` took.
  package static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = nanoseconds
    try body()
    return Double(nanoseconds - start) * 1e-9
  }
}

/// Physical memory used by this process.
public enum ProcessMemory {
  /// The most physical memory this process has held so far, in bytes; nil when the system does not say.
  public static var peakResident: Int? {
    // getrusage survives exec: a small program started by a big one would report the big one's peak.
    if let status = SystemFiles.system.text("/proc/self/status"), let peak = kilobytes(status, field: "VmHWM")
    {
      return peak
    }
    var usage = rusage()
    // RUSAGE_SELF is 0 everywhere, under a different type on each system.
    guard getrusage(0, &usage) == 0 else { return nil }
    return Int(usage.ru_maxrss) * peakUnit
  }

  /// The physical memory this process holds now, in bytes; nil when the system does not say.
  public static var resident: Int? {
    SystemFiles.system.text("/proc/self/status").flatMap { kilobytes($0, field: "VmRSS") }
  }
}

// Linux counts ru_maxrss in KiB, macOS in bytes.
#if canImport(Darwin)
  private let peakUnit = 1
#else
  private let peakUnit = 1024
#endif
