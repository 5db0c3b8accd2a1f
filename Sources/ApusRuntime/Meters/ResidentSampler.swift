// Resident memory over a run, looked at between steps by the thread that makes them. No memory is taken meanwhile: when
// the room for samples is full, every second one goes and the pauses double.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Samples of this process's resident memory.
package final class ResidentSampler {
  /// Nanoseconds by the monotonic clock, and bytes.
  package private(set) var samples: [(time: UInt64, resident: Int)] = []
  private let capacity: Int
  private var pause: UInt64
  private let descriptor: Int32
  private let pageBytes: Int

  /// - Parameters:
  ///   - capacity: samples that are kept, at least 2.
  ///   - pause: nanoseconds between samples, at first.
  package init(capacity: Int = 1024, pause: UInt64 = 5_000_000) {
    self.capacity = capacity
    self.pause = pause
    samples.reserveCapacity(capacity)
    descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    pageBytes = max(4096, sysconf(Int32(_SC_PAGESIZE)))
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Takes a sample if it is time. Costs a look at the clock, or two microseconds.
  package func look() {
    guard descriptor >= 0 else { return }
    let now = MonotonicClock.nanoseconds
    if !samples.isEmpty, now - samples[samples.count - 1].time < pause { return }
    guard let resident else { return }
    if samples.count == capacity {
      var kept = 0
      for index in stride(from: 0, to: capacity, by: 2) {
        samples[kept] = samples[index]
        kept += 1
      }
      samples.removeLast(capacity - kept)
      pause *= 2
    }
    samples.append((now, resident))
  }

  /// Resident bytes now: the second number of statm, in pages.
  package var resident: Int? {
    withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { buffer -> Int? in
      let count = pread(descriptor, buffer.baseAddress!, buffer.count, 0)
      guard count > 0 else { return nil }
      var (field, pages) = (0, 0)
      for index in 0..<count {
        let byte = buffer[index]
        if byte == UInt8(ascii: " ") {
          field += 1
          if field == 2 { break }
        } else if field == 1, byte >= 48, byte <= 57 {
          pages = pages * 10 + Int(byte - 48)
        }
      }
      return field == 2 ? pages * pageBytes : nil
    }
  }
}
