// Working memory of the workers: a worker runs one unit at a time, so all kernels of an executor can use the same block.

import ApusRuntime

/// A block of memory for each worker, as large as the largest that any kernel asked for.
package final class WorkerScratch: @unchecked Sendable {
  private let workers: Int
  private var bytesPerWorker = 64
  private var memory: UnsafeMutableRawPointer?

  init(workers: Int) {
    self.workers = workers
  }

  deinit {
    memory?.deallocate()
  }

  /// Asks for so many bytes; while kernels are made.
  func reserve(_ bytes: Int) {
    precondition(memory == nil, "scratch is reserved before it is used")
    // A page apart: neighbours do not share what processors fetch ahead.
    bytesPerWorker = max(bytesPerWorker, (bytes + 4095) & ~4095)
  }

  /// Makes the memory, when all kernels have been made.
  func allocate() {
    memory = .allocate(byteCount: workers * bytesPerWorker, alignment: 4096)
  }

  /// A worker's block: its contents are whatever the last unit left.
  func block(_ worker: Int) -> UnsafeMutableRawPointer { memory! + worker * bytesPerWorker }

  /// Bytes of all blocks.
  var byteCount: Int { workers * bytesPerWorker }
}
