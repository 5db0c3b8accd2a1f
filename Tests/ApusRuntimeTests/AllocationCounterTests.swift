// The counter of allocations must count, or every test that expects zero would pass for nothing.

import ApusRuntime
import ApusTestSupport
import Testing

@Suite(.enabled(if: allocationsAreCounted, allocationsSkipReason))
struct AllocationCounterTests {
  final class Box { var value = 1 }

  @Test func countsAnArrayAndAnObject() {
    // Kept in a list made before, or the optimiser puts them on the stack.
    var boxes: [Box] = []
    boxes.reserveCapacity(4)
    var arrays: [[Int]] = []
    arrays.reserveCapacity(4)
    #expect(countAllocations { arrays.append([Int](repeating: 1, count: 100)) } == 1)
    #expect(countAllocations { boxes.append(Box()) } == 1)
    #expect(arrays[0][99] == boxes[0].value)
    #expect(countAllocations {} == 0)
  }

  @Test func countsMappings() throws {
    let count = try countAllocations { () throws(RuntimeError) in
      let buffer = try HugeBuffer(byteCount: 1 << 20, purpose: "a test")
      buffer.base.storeBytes(of: 1, as: Int.self)
    }
    #expect(count >= 1)
  }

  @Test func countsWorkers() throws {
    let pool = try WorkerPool(count: 3, processors: 3)
    var nothing = 0
    let count = withUnsafeMutablePointer(to: &nothing) { nothing in
      countAllocations(on: pool) {
        pool.run(UnsafeMutableRawPointer(nothing)) { _, worker in
          if worker > 0 { _ = escape([Int](repeating: worker, count: 10)) }
        }
      }
    }
    #expect(count == 2)
  }

  @Test func countsTheProcess() async {
    await #expect(processExitsWith: .success) {
      let count = await countAllocationsOfProcess {
        await Task.detached { for size in 1...1000 { _ = escape([Int](repeating: size, count: size)) } }.value
      }
      precondition((1000..<1200).contains(count), "\(count)")
    }
  }

  @Test func aRunOfThePoolAllocatesNothing() throws {
    let pool = try WorkerPool(count: 2, processors: 2)
    let context = UnsafeMutablePointer<WorkerPool>.allocate(capacity: 1)
    context.initialize(to: pool)
    defer {
      context.deinitialize(count: 1)
      context.deallocate()
    }
    func step() {
      pool.run(UnsafeMutableRawPointer(context)) { context, worker in
        context.assumingMemoryBound(to: WorkerPool.self).pointee.barrier(worker)
      }
      pool.parallel(5, UnsafeMutableRawPointer(context)) { _, _, _ in }
    }
    step()
    #expect(countAllocations(on: pool) { for _ in 0..<100 { step() } } == 0)
  }
}

/// Keeps the optimiser from removing what is only made.
@inline(never)
func escape<Value>(_ value: Value) -> Value { value }
