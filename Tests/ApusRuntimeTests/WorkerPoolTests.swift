// The pool under every condition the machine can put it in: one worker, more workers than processors, many
// callers, many ends. Latency is printed, never judged.

import ApusTestSupport
import Synchronization
import Testing

@testable import ApusRuntime

struct WorkerPoolTests {
  /// Shared by the workers of a run; each writes only its own cells.
  struct Cells {
    var pool: WorkerPool
    var cells: UnsafeMutablePointer<Int>
    var rounds: Int
    var wrong: UnsafeMutablePointer<Int>
  }

  /// Every worker writes its cell, waits, checks the neighbour's: a barrier that lets one pass early, or a
  /// write that is not visible after it, gives a wrong number.
  @Test(arguments: 1...8)
  func barriersHold(workers: Int) throws {
    let rounds = workers <= 3 || workers == 8 ? 50_000 : 5_000
    let pool = try WorkerPool(count: workers, processors: Machine.detect().effectiveCPUCount)
    let cells = UnsafeMutablePointer<Int>.allocate(capacity: 2 * workers)
    cells.initialize(repeating: -1, count: 2 * workers)
    defer { cells.deallocate() }
    var context = Cells(pool: pool, cells: cells, rounds: rounds, wrong: cells + workers)
    for worker in 0..<workers { cells[workers + worker] = 0 }
    let seconds = MonotonicClock.seconds {
      withUnsafeMutablePointer(to: &context) { context in
        pool.run(UnsafeMutableRawPointer(context)) { context, worker in
          let context = context.assumingMemoryBound(to: Cells.self).pointee
          let next = (worker + 1) % context.pool.count
          for round in 0..<context.rounds {
            context.cells[worker] = round
            context.pool.barrier(worker)
            if context.cells[next] != round { context.wrong[worker] += 1 }
            context.pool.barrier(worker)
          }
        }
      }
    }
    for worker in 0..<workers {
      #expect(cells[workers + worker] == 0, "worker \(worker) of \(workers) saw an old value")
      #expect(cells[worker] == rounds - 1)
    }
    let each = Int(seconds * 1e9 / Double(2 * rounds))
    print("barrier, \(workers) workers: \(each) ns each over \(2 * rounds)")
  }

  /// What the last arrival does happens once, after all have arrived and before any leaves.
  @Test(arguments: 1...5)
  func lastArrivalWorksAlone(workers: Int) throws {
    let rounds = workers <= 2 ? 20_000 : 2_000
    let pool = try WorkerPool(count: workers, processors: Machine.detect().effectiveCPUCount)
    // Cells of the workers, the sum of them that the last arrival makes, then the counts of mistakes.
    let cells = UnsafeMutablePointer<Int>.allocate(capacity: 2 * workers + 1)
    cells.initialize(repeating: 0, count: 2 * workers + 1)
    defer { cells.deallocate() }
    var context = Cells(pool: pool, cells: cells, rounds: rounds, wrong: cells + workers + 1)
    withUnsafeMutablePointer(to: &context) { context in
      pool.run(UnsafeMutableRawPointer(context)) { context, worker in
        let context = context.assumingMemoryBound(to: Cells.self).pointee
        let (cells, count) = (context.cells, context.pool.count)
        for round in 1...context.rounds {
          cells[worker] = round
          context.pool.barrier(worker) { cells[count] = (0..<count).reduce(cells[count]) { $0 + cells[$1] } }
          if cells[count] != count * round * (round + 1) / 2 { context.wrong[worker] += 1 }
          context.pool.barrier(worker)
        }
      }
    }
    for worker in 0..<workers {
      #expect(cells[workers + 1 + worker] == 0, "worker \(worker) of \(workers) left early")
    }
  }

  /// Printed, not judged: the best of many batches, because other tests run at the same time.
  @Test func latency() throws {
    let pool = try WorkerPool(count: 2, processors: 2)
    let context = UnsafeMutablePointer<WorkerPool>.allocate(capacity: 1)
    context.initialize(to: pool)
    defer {
      context.deinitialize(count: 1)
      context.deallocate()
    }
    var barrier = Double.infinity
    var run = Double.infinity
    for _ in 0..<200 {
      let seconds = MonotonicClock.seconds {
        pool.run(UnsafeMutableRawPointer(context)) { context, worker in
          let pool = context.assumingMemoryBound(to: WorkerPool.self).pointee
          for _ in 0..<500 { pool.barrier(worker) }
        }
      }
      barrier = min(barrier, seconds / 500)
      let empty = MonotonicClock.seconds {
        for _ in 0..<100 { pool.run(UnsafeMutableRawPointer(context)) { _, _ in } }
      }
      run = min(run, empty / 100)
    }
    print("latency, 2 workers: barrier \(Int(barrier * 1e9)) ns, run \(Int(run * 1e9)) ns")
    #expect(barrier > 0 && run > 0)
  }

  @Test(arguments: [1, 2, 3, 8])
  func aRunReachesEveryWorkerOnce(workers: Int) throws {
    let pool = try WorkerPool(count: workers, processors: Machine.detect().effectiveCPUCount)
    let hits = UnsafeMutablePointer<Int>.allocate(capacity: workers)
    hits.initialize(repeating: 0, count: workers)
    defer { hits.deallocate() }
    let runs = 2_000
    let seconds = MonotonicClock.seconds {
      for _ in 0..<runs {
        pool.run(UnsafeMutableRawPointer(hits)) { hits, worker in
          hits.assumingMemoryBound(to: Int.self)[worker] += 1
        }
      }
    }
    for worker in 0..<workers { #expect(hits[worker] == runs) }
    print("run, \(workers) workers: \(Int(seconds * 1e9 / Double(runs))) ns each")
  }

  @Test(arguments: [1, 2, 5], [0, 1, 4, 1000])
  func parallelTakesEveryUnitOnce(workers: Int, units: Int) throws {
    let pool = try WorkerPool(count: workers, processors: 2)
    let hits = UnsafeMutablePointer<Int>.allocate(capacity: units + 1)
    hits.initialize(repeating: 0, count: units + 1)
    defer { hits.deallocate() }
    for _ in 0..<10 {
      pool.parallel(units, UnsafeMutableRawPointer(hits)) { hits, unit, _ in
        hits.assumingMemoryBound(to: Int.self)[unit] += 1
      }
    }
    for unit in 0..<units { #expect(hits[unit] == 10) }
    #expect(hits[units] == 0)
  }

  /// Runs from several threads take turns: a counter that is not atomic stays exact.
  @Test func callersTakeTurns() async throws {
    let pool = try WorkerPool(count: 2, processors: 2)
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<500 {
            pool.run(UnsafeMutableRawPointer(counter.value)) { value, worker in
              if worker == 0 { value.assumingMemoryBound(to: Int.self).pointee += 1 }
            }
          }
        }
      }
    }
    #expect(counter.value.pointee == 2_000)
  }

  final class Counter: @unchecked Sendable {
    let value = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    init() { value.initialize(to: 0) }
    deinit { value.deallocate() }
  }

  #if os(Linux)
    /// Threads end with the pool, and a pool that was never used ends as well.
    @Test func theEndJoins() async throws {
      await #expect(processExitsWith: .success) {
        let before = threadCount()
        for round in 0..<50 {
          let pool = try WorkerPool(count: 4, processors: 2)
          var nothing = 0
          if round % 2 == 0 { pool.run(&nothing) { _, _ in } }
          precondition(threadCount() == before + 3)
        }
        precondition(threadCount() == before)
        let alone = try WorkerPool(count: 1)
        precondition(threadCount() == before, "one worker needs no thread")
        _ = alone.count
      }
    }

    /// Workers that have nothing to do use no processor time.
    @Test func idleWorkersSleep() async throws {
      await #expect(processExitsWith: .success) {
        let pool = try WorkerPool(count: 4, processors: 4)
        var nothing = 0
        pool.run(&nothing) { _, _ in }
        pause(milliseconds: 20)
        let used = processorTime(ofAllThreads: true) { pause(milliseconds: 300) } / .seconds(1)
        precondition(used < 0.03, "\(used) s of processor time in 0.3 s of nothing")
      }
    }
  #endif

  @Test(arguments: [-1, 0, 10_000])
  func impossibleCountsAreErrors(count: Int) {
    #expect(throws: RuntimeError.threadCount(count, limit: WorkerPool.limit)) {
      try WorkerPool(count: count)
    }
  }

  @Test func aRunInsideARunIsAProgrammersMistake() async {
    await #expect(processExitsWith: .failure) {
      let pool = try WorkerPool(count: 1)
      let context = UnsafeMutablePointer<WorkerPool>.allocate(capacity: 1)
      context.initialize(to: pool)
      pool.run(UnsafeMutableRawPointer(context)) { context, _ in
        context.assumingMemoryBound(to: WorkerPool.self).pointee.run(context) { _, _ in }
      }
    }
  }
}
