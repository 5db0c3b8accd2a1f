// The memory a pool shares with its threads, and what both do with it. It is raw memory, so that a thread
// holds no reference to the pool (whose end it is waiting for) and nothing is counted or locked by Swift.

import CApusPlatform
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Layout, in steps of `Signal.stride` bytes: the head, the job signal, the gate of barriers with work, what is hardly
/// ever written, then for each worker its arrival at the barrier and its end of the job.
///
/// Each worker counts on a line of its own and reads the others': with two workers both see each other after
/// one transfer of a cache line, where a shared counter takes two.
struct PoolState: @unchecked Sendable {
  private struct Head {
    var mutex: pthread_mutex_t
    var nextUnit: Int
    var arrivals: Int
    var context: UnsafeMutableRawPointer?
    var body: (@convention(c) (UnsafeMutableRawPointer, Int) -> Void)?
    var stop: Bool
  }

  /// How runs are made; changed between them.
  private struct Manner {
    /// Whether the calling thread works alone.
    var isSolo: Bool
    /// Where the time of each worker in a run is added, if anywhere.
    var times: UnsafeMutablePointer<UInt64>?
  }

  /// What a thread is born with.
  private struct Seat {
    var state: PoolState
    var worker: Int
    var thread: pthread_t?
  }

  private let base: UnsafeMutableRawPointer
  private let seats: UnsafeMutablePointer<Seat>
  private let count: Int
  private let barrierPatience: Patience
  private let idlePatience: Patience

  private var head: UnsafeMutablePointer<Head> { base.assumingMemoryBound(to: Head.self) }
  private var job: Signal { Signal(at: base + 2 * Signal.stride) }
  private var gate: Signal { Signal(at: base + 3 * Signal.stride) }

  private var manner: UnsafeMutablePointer<Manner> {
    (base + 4 * Signal.stride).assumingMemoryBound(to: Manner.self)
  }

  @inline(__always)
  private func arrived(_ worker: Int) -> Signal { Signal(at: base + (5 + 2 * worker) * Signal.stride) }

  @inline(__always)
  private func finished(_ worker: Int) -> Signal { Signal(at: base + (6 + 2 * worker) * Signal.stride) }

  /// Workers that take part in a run.
  @inline(__always)
  var activeCount: Int { manner.pointee.isSolo ? 1 : count }

  /// The next unit `parallel` gives out.
  var nextUnit: UnsafeMutablePointer<Atomic<Int>> {
    (base + MemoryLayout<Head>.offset(of: \.nextUnit)!).assumingMemoryBound(to: Atomic<Int>.self)
  }

  /// Workers waiting at the gate.
  private var arrivals: UnsafeMutablePointer<Atomic<Int>> {
    (base + MemoryLayout<Head>.offset(of: \.arrivals)!).assumingMemoryBound(to: Atomic<Int>.self)
  }

  init(count: Int, crowded: Bool) throws(RuntimeError) {
    precondition(MemoryLayout<Head>.size <= 2 * Signal.stride)
    let bytes = (5 + 2 * count) * Signal.stride
    var memory: UnsafeMutableRawPointer?
    let failure = posix_memalign(&memory, Signal.stride, bytes)
    guard failure == 0, let memory else {
      throw .outOfMemory(bytes: bytes, purpose: "\(count) workers", reason: errorText(failure))
    }
    memset(memory, 0, bytes)
    base = memory
    self.count = count
    barrierPatience = crowded ? .crowded : .barrier
    idlePatience = crowded ? .crowded : .idle
    seats = .allocate(capacity: count)
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    // A run inside a run of the same thread is then an error that can be named, not a deadlock.
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ERRORCHECK))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  private var mutex: UnsafeMutablePointer<pthread_mutex_t> {
    base.assumingMemoryBound(to: pthread_mutex_t.self)
  }

  func lock() {
    let failure = pthread_mutex_lock(mutex)
    precondition(failure == 0, "WorkerPool: a run was started inside a run of the same pool")
  }

  func unlock() {
    pthread_mutex_unlock(mutex)
  }

  /// Starts the thread of `worker` (1 ..< count).
  func start(_ worker: Int) throws(RuntimeError) {
    let seat = seats + worker
    seat.initialize(to: Seat(state: self, worker: worker, thread: nil))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let failure = pthread_create(&thread, nil, workerMain, seat)
    guard failure == 0 else {
      throw .threadStart(worker: worker, of: count, reason: errorText(failure))
    }
    seat.pointee.thread = thread
  }

  /// Ends and joins the threads 1 ..< started and frees everything.
  func stop(started: Int) {
    head.pointee.stop = true
    job.publish(job.last &+ 1)
    for worker in 1..<max(1, started) {
      if let thread = seats[worker].thread { pthread_join(thread, nil) }
    }
    pthread_mutex_destroy(mutex)
    seats.deallocate()
    free(base)
  }

  /// Sets how the next runs are made.
  func setManner(isSolo: Bool, times: UnsafeMutablePointer<UInt64>?) {
    lock()
    manner.pointee = Manner(isSolo: isSolo, times: times)
    unlock()
  }

  /// One run; the caller holds the lock.
  func runLocked(
    _ context: UnsafeMutableRawPointer, _ body: @convention(c) (UnsafeMutableRawPointer, Int) -> Void
  ) {
    if let times = manner.pointee.times {
      return withTimedBody(context, body, times) { runUntimed($0, $1) }
    }
    runUntimed(context, body)
  }

  private func runUntimed(
    _ context: UnsafeMutableRawPointer, _ body: @convention(c) (UnsafeMutableRawPointer, Int) -> Void
  ) {
    guard activeCount > 1 else { return body(context, 0) }
    head.pointee.context = context
    head.pointee.body = body
    let number = job.last &+ 1
    job.publish(number)
    body(context, 0)
    for worker in 1..<count { finished(worker).wait(for: number, patience: barrierPatience) }
  }

  @inline(__always)
  func barrier(_ worker: Int) {
    guard activeCount > 1 else { return }
    let own = arrived(worker)
    let number = own.last &+ 1
    own.publish(number)
    for other in 0..<count where other != worker {
      arrived(other).wait(for: number, patience: barrierPatience)
    }
  }

  /// The gate's number cannot change between a worker's look and its arrival: it is raised by the last arrival.
  @inline(__always)
  func barrier(_ worker: Int, last body: () -> Void) {
    guard activeCount > 1 else { return body() }
    let number = gate.last &+ 1
    guard arrivals.pointee.add(1, ordering: .acquiringAndReleasing).newValue == count else {
      return gate.wait(for: number, patience: barrierPatience)
    }
    arrivals.pointee.store(0, ordering: .relaxed)
    body()
    gate.publish(number)
  }

  /// The life of a thread.
  fileprivate func work(_ worker: Int) {
    var number: UInt32 = 0
    while true {
      number &+= 1
      job.wait(for: number, patience: idlePatience)
      if head.pointee.stop { return }
      head.pointee.body!(head.pointee.context!, worker)
      finished(worker).publish(number)
    }
  }

  fileprivate static func work(at seat: UnsafeMutableRawPointer) {
    let seat = seat.assumingMemoryBound(to: Seat.self)
    seat.pointee.state.work(seat.pointee.worker)
  }
}

#if canImport(Darwin)
  private func workerMain(_ seat: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    PoolState.work(at: seat)
    return nil
  }
#else
  private func workerMain(_ seat: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let seat { PoolState.work(at: seat) }
    return nil
  }
#endif
