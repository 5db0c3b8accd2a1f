// Times of the parts of a learner's step that no executor runs: the norm of the gradients and the update.

import ApusRuntime
import ApusTraining

/// Times of each worker in the two parts.
final class PartMeter {
  struct Part {
    var wall: UInt64 = 0
    var calls = 0
    var busy: [UInt64]
  }

  /// A worker's share of a part.
  struct Span {
    let worker: Int
    let start: UInt64
    let end: UInt64
    /// 0 for the norm, 1 for the update.
    let part: Int
  }

  private(set) var norm: Part
  private(set) var update: Part
  private(set) var spans: [Span] = []
  private let workers: WorkerPool
  private let isAlone: Bool
  private let times: UnsafeMutablePointer<UInt64>
  private var current: StepPart?
  private var started: UInt64 = 0

  /// - Parameters:
  ///   - steps: how many there will be: nothing is allocated in a step.
  ///   - alone: whether one thread does all the work.
  init(_ workers: WorkerPool, steps: Int, alone: Bool = false) {
    self.workers = workers
    isAlone = alone
    times = .allocate(capacity: workers.count)
    times.initialize(repeating: 0, count: workers.count)
    norm = Part(busy: Array(repeating: 0, count: workers.count))
    update = Part(busy: Array(repeating: 0, count: workers.count))
    spans.reserveCapacity(min(20_000, 2 * steps * workers.count))
    workers.measure(alone: alone)
  }

  deinit {
    times.deallocate()
  }

  /// Told by the learner.
  func begin(_ part: StepPart) {
    let now = MonotonicClock.nanoseconds
    if let current {
      switch current {
      case .norm: add(&norm, 0, until: now)
      case .update: add(&update, 1, until: now)
      case .gradients, .end: break
      }
    }
    let isTimed = part == .norm || part == .update
    if isTimed { times.update(repeating: 0, count: workers.count) }
    workers.measure(alone: isAlone, times: isTimed ? times : nil)
    current = part
    started = now
  }

  private func add(_ part: inout Part, _ number: Int, until now: UInt64) {
    part.wall += now - started
    part.calls += 1
    for worker in 0..<workers.count {
      part.busy[worker] += times[worker]
      guard times[worker] > 0, spans.count < spans.capacity else { continue }
      spans.append(Span(worker: worker, start: started, end: started + times[worker], part: number))
    }
  }
}
