// A counter that threads wait for: first they spin, because the other threads are usually only nanoseconds
// behind, then they sleep in the kernel, because a thread that was descheduled may be milliseconds behind.

import CApusPlatform
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A counter in shared memory with one writer at a time and any number of waiters.
///
/// `publish` costs a store unless somebody sleeps; `wait` costs a load when the count is already there.
struct Signal {
  /// Two cache lines: processors fetch them in pairs, and a neighbour's writes must not disturb a spinner.
  static let stride = 128

  private let count: UnsafeMutablePointer<Atomic<UInt32>>
  private let sleepers: UnsafeMutablePointer<Atomic<UInt32>>

  /// The signal in the `stride` bytes at `base`, which must be zero at first.
  init(at base: UnsafeMutableRawPointer) {
    count = base.assumingMemoryBound(to: Atomic<UInt32>.self)
    sleepers = (base + 4).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// The last published count, without ordering: for the writer itself.
  var last: UInt32 { count.pointee.load(ordering: .relaxed) }

  /// Makes `value`, and everything written before, visible to those who wait for it.
  @inline(__always)
  func publish(_ value: UInt32) {
    // Both sides use the total order: either this thread sees the sleeper, or the sleeper sees the count
    // (the kernel reads it again before it sleeps).
    count.pointee.store(value, ordering: .sequentiallyConsistent)
    if sleepers.pointee.load(ordering: .sequentiallyConsistent) != 0 { apus_wake_all(count) }
  }

  /// Returns when `value` has been published. Counts wrap around.
  @inline(__always)
  func wait(for value: UInt32, patience: Patience) {
    if reached(value) { return }
    for _ in 0..<patience.looks {
      apus_pause()
      if reached(value) { return }
    }
    sleep(until: value, patience)
  }

  @inline(__always)
  private func reached(_ value: UInt32) -> Bool {
    Int32(bitPattern: count.pointee.load(ordering: .acquiring) &- value) >= 0
  }

  @inline(never)
  private func sleep(until value: UInt32, _ patience: Patience) {
    if patience.nanoseconds > 0 {
      let start = MonotonicClock.nanoseconds
      repeat {
        // A pause lasts from 5 to 140 cycles, so the clock bounds the spin, read every 32 looks.
        for _ in 0..<32 {
          apus_pause()
          if reached(value) { return }
        }
      } while MonotonicClock.nanoseconds &- start < patience.nanoseconds
    }
    for _ in 0..<patience.yields {
      sched_yield()
      if reached(value) { return }
    }
    sleepers.pointee.add(1, ordering: .sequentiallyConsistent)
    while true {
      let now = count.pointee.load(ordering: .sequentiallyConsistent)
      if Int32(bitPattern: now &- value) >= 0 { break }
      apus_wait_while(count, now)
    }
    sleepers.pointee.subtract(1, ordering: .relaxed)
  }
}

/// How long a thread keeps its processor while it waits.
struct Patience {
  /// Looks before the clock is read at all.
  var looks: Int
  /// Then spinning, by the clock.
  var nanoseconds: UInt64
  /// Then giving the processor away.
  var yields: Int

  /// At a barrier inside a run. Phases of a decoded token differ by a few microseconds between threads; a
  /// wake-up from the kernel costs 5 to 50 µs, so a spin of that order at most doubles the wait.
  static let barrier = Patience(looks: 200, nanoseconds: 40_000, yields: 1)
  /// Between runs. Long enough for sampling a token, short enough that an idle program uses no processor.
  static let idle = Patience(looks: 200, nanoseconds: 60_000, yields: 0)
  /// With more threads than processors, the one waited for needs this processor.
  static let crowded = Patience(looks: 20, nanoseconds: 0, yields: 2)
}
