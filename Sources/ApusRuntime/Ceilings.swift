// What the machine can do at best, measured: arithmetic in registers and reading of memory, with one thread
// and with all. The time of every operation is held against these figures.

import CApusKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measured limits of the machine, for one number of threads.
public struct Ceiling: Equatable, Sendable {
  /// Threads that worked.
  public var threads: Int
  /// Single-precision operations per second; a multiply-add counts as two.
  public var f32: Double
  /// Operations per second on bfloat16 pairs; nil without such an instruction.
  public var bf16: Double?
  /// Operations per second on 8-bit integers; nil without such an instruction.
  public var int8: Double?
  /// Bytes per second read from memory.
  public var readBytes: Double

  package init(threads: Int, f32: Double, bf16: Double?, int8: Double?, readBytes: Double) {
    self.threads = threads
    self.f32 = f32
    self.bf16 = bf16
    self.int8 = int8
    self.readBytes = readBytes
  }

  /// The larger figure of each two.
  fileprivate func larger(_ other: Ceiling) -> Ceiling {
    func larger(_ first: Double?, _ second: Double?) -> Double? {
      first.map { max($0, second ?? $0) } ?? second
    }
    return Ceiling(
      threads: threads, f32: max(f32, other.f32), bf16: larger(bf16, other.bf16),
      int8: larger(int8, other.int8), readBytes: max(readBytes, other.readBytes))
  }
}

/// The limits with one thread and with all threads of a runtime.
public struct Ceilings: Equatable, Sendable {
  /// With one thread.
  public var single: Ceiling
  /// With every thread of the runtime.
  public var all: Ceiling

  package init(single: Ceiling, all: Ceiling) {
    self.single = single
    self.all = all
  }

  /// Measures for two to three seconds. Each figure is the median of up to five runs, fewer on a busy machine.
  ///
  /// - Throws: `RuntimeError.outOfMemory`.
  public static func measure(_ runtime: Runtime) throws(RuntimeError) -> Ceilings {
    let all = runtime.workers.count
    let measured = try measure(runtime, threads: all == 1 ? [1] : [1, all], runs: runs)
    return Ceilings(single: measured[0], all: measured[measured.count - 1])
  }

  /// The larger of two measurements of one machine: what it could do in either moment is what it can do.
  package func larger(_ other: Ceilings) -> Ceilings {
    Ceilings(single: single.larger(other.single), all: all.larger(other.all))
  }

  /// The limits with the first so many of a runtime's threads, for each number.
  ///
  /// - Parameter runs: for each figure, of which the median counts: of two the better one, which in half a second is good
  ///   enough to say what limits a speed.
  /// - Throws: `RuntimeError.outOfMemory`.
  package static func measure(
    _ runtime: Runtime, threads: [Int], runs: Int
  ) throws(RuntimeError) -> [Ceiling] {
    let meter = try LimitMeter(runtime)
    return threads.map { threads in
      func median(_ limit: LimitMeter.Limit) -> Double? { Self.median(meter, limit, threads, runs: runs) }
      return Ceiling(
        threads: threads, f32: median(.f32) ?? 0, bf16: median(.bf16), int8: median(.int8),
        readBytes: median(.memory) ?? 0)
    }
  }

  /// Operations per second of all threads, and nothing else: in a fifth of a second, without the memory that `measure`
  /// reads.
  ///
  /// - Parameter bf16: on bfloat16 pairs, if there is such an instruction; else in single precision.
  /// - Throws: `RuntimeError.outOfMemory`.
  public static func arithmetic(_ runtime: Runtime, bf16: Bool) throws(RuntimeError) -> Double {
    let meter = try LimitMeter(runtime, bytes: 4096)
    let threads = runtime.workers.count
    return (bf16 ? median(meter, .bf16, threads) : nil) ?? median(meter, .f32, threads) ?? 0
  }

  private static func median(
    _ meter: LimitMeter, _ limit: LimitMeter.Limit, _ threads: Int, runs: Int = runs
  ) -> Double? {
    var figures: [Double] = []
    let start = MonotonicClock.nanoseconds
    while figures.count < runs, Double(MonotonicClock.nanoseconds - start) < figureSeconds * 1e9 {
      guard let figure = meter.sample(limit, threads: threads) else { return nil }
      figures.append(figure)
    }
    return figures.sorted()[figures.count / 2]
  }
}

/// One limit at a time, in short runs: a kernel is held against what the machine does in the same moment.
package final class LimitMeter {
  package enum Limit: Sendable {
    case f32, bf16, int8, memory
  }

  private let workers: WorkerPool
  private let table: apus_cpu
  private let memory: HugeBuffer
  /// Rounds of a peak that take `runSeconds`.
  private var rounds: [Limit: Int64] = [:]

  /// - Throws: `RuntimeError.outOfMemory`.
  package convenience init(_ runtime: Runtime) throws(RuntimeError) {
    // Far larger than any cache, or the cache would be measured.
    try self.init(runtime, bytes: max(1 << 20, min(512 << 20, runtime.memoryLimit / 8)))
  }

  fileprivate init(_ runtime: Runtime, bytes: Int) throws(RuntimeError) {
    workers = runtime.workers
    table = runtime.cpu.table.pointee
    memory = try HugeBuffer(byteCount: bytes, purpose: "measuring the memory")
    // Every page is written, or all of them would be one page of zeros in the cache.
    _ = Job.rate(.touch(memory.bytes), workers, workers.count)
  }

  /// Operations or bytes per second in one run of all workers, or the first `threads`; nil without such an instruction.
  package func sample(_ limit: Limit, threads: Int? = nil) -> Double? {
    let threads = threads ?? workers.count
    let peak: (@convention(c) (Int64) -> Double)?
    switch limit {
    case .f32: peak = table.peak_f32
    case .bf16: peak = table.peak_bf16
    case .int8: peak = table.peak_i8
    case .memory: return table.read_bytes.map { Job.rate(.read($0, memory.bytes), workers, threads) }
    }
    return peak.map { Job.rate(.peak($0, rounds: calibrated(limit, $0)), workers, threads) }
  }

  /// Enough rounds for a run, found by doubling; the clock speed settles meanwhile.
  private func calibrated(_ limit: Limit, _ peak: @convention(c) (Int64) -> Double) -> Int64 {
    if let known = rounds[limit] { return known }
    var count: Int64 = 1024
    while true {
      let seconds = MonotonicClock.seconds { _ = peak(count) }
      if seconds > runSeconds / 8 || count > 1 << 50 {
        count = max(1, Int64(Double(count) * runSeconds / max(seconds, 1e-9)))
        rounds[limit] = count
        return count
      }
      count *= 2
    }
  }
}

/// Work for the first `threads` workers: arithmetic in registers, or reading a part of memory each.
private struct Job {
  enum Kind {
    case peak(@convention(c) (Int64) -> Double, rounds: Int64)
    case read(@convention(c) (UnsafeRawPointer?, Int) -> Double, UnsafeMutableRawBufferPointer)
    case touch(UnsafeMutableRawBufferPointer)
  }
  var kind: Kind
  var threads: Int
  /// What each worker did, in operations or bytes.
  var done: UnsafeMutablePointer<Double>

  func work(_ worker: Int) {
    guard worker < threads else { return }
    switch kind {
    case .peak(let peak, let rounds): done[worker] = peak(rounds)
    case .read(let read, let memory):
      let part = part(of: memory, worker)
      done[worker] = read(part.baseAddress, part.count)
    case .touch(let memory):
      let part = part(of: memory, worker)
      memset(part.baseAddress!, 1, part.count)
    }
  }

  private func part(of memory: UnsafeMutableRawBufferPointer, _ worker: Int) -> UnsafeMutableRawBufferPointer
  {
    let bytes = memory.count / threads / 4096 * 4096
    return UnsafeMutableRawBufferPointer(rebasing: memory[worker * bytes..<(worker + 1) * bytes])
  }

  /// Runs once; the sum of what was done, per second.
  static func rate(_ kind: Kind, _ workers: WorkerPool, _ threads: Int) -> Double {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: workers.count) { done in
      done.initialize(repeating: 0)
      var job = Job(kind: kind, threads: threads, done: done.baseAddress!)
      let seconds = MonotonicClock.seconds {
        withUnsafeMutablePointer(to: &job) { job in
          workers.run(UnsafeMutableRawPointer(job)) { job, worker in
            job.assumingMemoryBound(to: Job.self).pointee.work(worker)
          }
        }
      }
      return done.reduce(0, +) / max(seconds, 1e-9)
    }
  }
}

private let runs = 5
/// Seconds of one run: long enough to hide the start of the threads, short enough for forty runs.
private let runSeconds = 0.025
/// Seconds after which a figure is made of the runs there are. Eight figures stay within three seconds.
private let figureSeconds = 0.2
