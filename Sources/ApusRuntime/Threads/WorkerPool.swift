// The threads of Apus: a fork-join pool with a barrier. A run hands one function to every worker and returns
// when all are done; nothing is queued and nothing is allocated. Which work a worker does is the caller's
// decision (see the executor), so results cannot depend on scheduling.
//
// Goals, in order: correct when descheduled at any point; a barrier well below a microsecond when all
// workers arrive together; no processor time when idle.

import CApusPlatform
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A fixed set of threads that run one function together.
///
/// Runs from several sessions take turns. A body must not start another run on the same pool.
public final class WorkerPool: Sendable {
  /// Workers, the calling thread included.
  public let count: Int

  /// The most workers a pool may have.
  public static let limit = 4096

  private let state: PoolState

  /// Starts `count - 1` threads.
  ///
  /// - Throws: `RuntimeError.threadCount` or `.threadStart`; threads already started are joined.
  public convenience init(count: Int) throws(RuntimeError) {
    try self.init(count: count, processors: Machine.detect().effectiveCPUCount)
  }

  /// - Parameter processors: how many workers can truly run at once; with fewer of them than workers,
  ///   waiting threads give their processor away at once.
  package init(count: Int, processors: Int) throws(RuntimeError) {
    guard (1...Self.limit).contains(count) else {
      throw .threadCount(count, limit: Self.limit)
    }
    let state = try PoolState(count: count, crowded: count > processors)
    for worker in 1..<max(1, count) {
      do {
        try state.start(worker)
      } catch {
        state.stop(started: worker)
        throw error
      }
    }
    // Last: an initialiser that throws with every property set would run deinit, too.
    self.count = count
    self.state = state
  }

  deinit {
    state.stop(started: count)
  }

  /// Runs `body(context, worker)` once on every worker 0 ..< count and returns when all are done. The
  /// caller is worker 0. Allocates nothing; blocks while another thread's run is under way.
  package func run(
    _ context: UnsafeMutableRawPointer, _ body: @convention(c) (UnsafeMutableRawPointer, Int) -> Void
  ) {
    state.lock()
    state.runLocked(context, body)
    state.unlock()
  }

  /// Workers that take part in a run: all, or one while `measure` says so.
  package var activeCount: Int { state.activeCount }

  /// How runs are made from now on, for those who measure.
  ///
  /// - Parameters:
  ///   - alone: the caller does all the work, with the same units in the same order.
  ///   - times: where the nanoseconds of each worker in a run are added; it must stay until the next call.
  package func measure(alone: Bool = false, times: UnsafeMutablePointer<UInt64>? = nil) {
    state.setManner(isSolo: alone, times: times)
  }

  /// A barrier across the workers of the current run: every worker calls it the same number of times, and
  /// none returns before all have called. What was written before is visible to all after.
  @inline(__always)
  package func barrier(_ worker: Int) {
    state.barrier(worker)
  }

  /// A barrier whose last arrival runs `body` before anybody leaves: work too small to share costs no barrier of
  /// its own.
  @inline(__always)
  package func barrier(_ worker: Int, last body: () -> Void) {
    state.barrier(worker, last: body)
  }

  /// Runs `body(context, unit, worker)` once for each unit 0 ..< units; workers claim the next unit as they
  /// become free, in ascending order.
  package func parallel(
    _ units: Int, _ context: UnsafeMutableRawPointer,
    _ body: @convention(c) (UnsafeMutableRawPointer, _ unit: Int, _ worker: Int) -> Void
  ) {
    state.lock()
    state.nextUnit.pointee.store(0, ordering: .relaxed)
    var claim = Claim(next: state.nextUnit, units: units, context: context, body: body)
    withUnsafeMutablePointer(to: &claim) { claim in
      state.runLocked(UnsafeMutableRawPointer(claim)) { pointer, worker in
        let claim = pointer.assumingMemoryBound(to: Claim.self).pointee
        while true {
          let unit = claim.next.pointee.add(1, ordering: .relaxed).oldValue
          if unit >= claim.units { return }
          claim.body(claim.context, unit, worker)
        }
      }
    }
    state.unlock()
  }
}

/// What `parallel` hands to its workers.
private struct Claim {
  let next: UnsafeMutablePointer<Atomic<Int>>
  let units: Int
  let context: UnsafeMutableRawPointer
  let body: @convention(c) (UnsafeMutableRawPointer, Int, Int) -> Void
}
