// Counting heap allocations, for contract 3: nothing is allocated in the steady state. A test that uses this
// says `.enabled(if: allocationsAreCounted, allocationsSkipReason)`.

import ApusRuntime
import CApusTestSupport
import Testing

/// Whether this build counts: Linux with glibc, no sanitizer.
package let allocationsAreCounted = apus_allocations_counted() != 0

/// Why a test of allocations is skipped.
package let allocationsSkipReason: Comment = "allocations are counted on Linux with glibc, without sanitizers"

/// The allocations (malloc and its family, mmap) that `body` makes on the calling thread and on the threads
/// of `pool`. Other tests may run at the same time; theirs are not counted.
///
/// The caller must be the only user of `pool` meanwhile. Warm up before: a first call may fill caches.
package func countAllocations<Failure: Error>(
  on pool: WorkerPool? = nil, _ body: () throws(Failure) -> Void
) throws(Failure) -> Int {
  guard let pool, pool.count > 1 else {
    apus_count_allocations_here(1)
    defer { apus_count_allocations_here(0) }
    try body()
    return Int(apus_allocations_here())
  }
  return try withCounts(pool, body)
}

private func withCounts<Failure: Error>(
  _ pool: WorkerPool, _ body: () throws(Failure) -> Void
) throws(Failure) -> Int {
  let counts = UnsafeMutablePointer<UInt64>.allocate(capacity: pool.count)
  counts.initialize(repeating: 0, count: pool.count)
  defer { counts.deallocate() }
  let start: @convention(c) (UnsafeMutableRawPointer, Int) -> Void = { _, _ in apus_count_allocations_here(1)
  }
  let stop: @convention(c) (UnsafeMutableRawPointer, Int) -> Void = { counts, worker in
    counts.assumingMemoryBound(to: UInt64.self)[worker] = apus_allocations_here()
    apus_count_allocations_here(0)
  }
  pool.run(UnsafeMutableRawPointer(counts), start)
  defer { apus_count_allocations_here(0) }
  try body()
  pool.run(UnsafeMutableRawPointer(counts), stop)
  return Int((0..<pool.count).reduce(0) { $0 + counts[$1] })
}

/// The allocations of the whole process while `body` runs, on whatever threads it and everybody else use: for
/// asynchronous code, inside an exit test, which has a process to itself.
package func countAllocationsOfProcess(_ body: () async throws -> Void) async rethrows -> Int {
  let before = allocationsOfProcess
  try await body()
  return Int(allocationsOfProcess - before)
}

/// The allocations of the whole process so far.
package var allocationsOfProcess: UInt64 { apus_allocations_everywhere() }
