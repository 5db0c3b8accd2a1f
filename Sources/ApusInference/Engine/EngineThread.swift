// The thread that an engine belongs to. Sessions send it work and get text back through streams, so nothing
// ever blocks the cooperative thread pool.

import ApusModels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs a batch on a thread of its own, for as long as somebody holds it.
///
/// A step that fails ends the generations in it with its error; the thread lives on.
final class EngineThread: Sendable {
  private let mailbox = Mailbox()
  private let thread: pthread_t

  /// Starts the thread. The engine is handed over: nobody else may touch it from here on.
  init(_ engine: sending Engine) throws(InferenceError) {
    let loop = EngineLoop(mailbox: mailbox, batch: Batch(engine))
    guard let started = startThread(Unmanaged.passRetained(loop)) else { throw .closed }
    thread = started
  }

  deinit {
    mailbox.close()
    // The last owner may be a job on the thread itself, which then only has to leave.
    if pthread_equal(pthread_self(), thread) == 0 {
      pthread_join(thread, nil)
    } else {
      pthread_detach(thread)
    }
  }

  /// Runs `job` on the thread, between two steps.
  func perform(_ job: @escaping @Sendable (EngineLoop) -> Void) {
    mailbox.post(job)
  }
}

/// What the engine's thread does: jobs first, then a step, then again; it sleeps when there is neither.
final class EngineLoop {
  private let mailbox: Mailbox
  let batch: Batch
  private var waiting: [(generation: Generation, finished: (Result<Generation, any Error>) -> Void)] = []
  private var running: [(generation: Generation, finished: (Result<Generation, any Error>) -> Void)] = []

  init(mailbox: Mailbox, batch: Batch) {
    self.mailbox = mailbox
    self.batch = batch
  }

  /// Queues a generation; `finished` is called on this thread when it has ended.
  func start(
    _ generation: Generation, finished: @escaping (Result<Generation, any Error>) -> Void
  ) {
    waiting.append((generation, finished))
  }

  func run() {
    while let jobs = mailbox.take(wait: waiting.isEmpty && running.isEmpty) {
      for job in jobs { job(self) }
      admit()
      advance()
    }
    for entry in waiting + running { entry.finished(.failure(InferenceError.closed)) }
  }

  private func admit() {
    while batch.hasRoom, !waiting.isEmpty {
      let entry = waiting.removeFirst()
      running.append(entry)
      if entry.generation.finish == nil { batch.join(entry.generation) }
    }
  }

  private func advance() {
    do {
      if !batch.isIdle { try batch.advance() }
    } catch {
      batch.abandon()
      for entry in running { entry.finished(.failure(error)) }
      running.removeAll()
    }
    for entry in running where entry.generation.finish != nil { entry.finished(.success(entry.generation)) }
    running.removeAll { $0.generation.finish != nil }
  }
}

/// Jobs on their way to the engine's thread.
final class Mailbox: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var jobs: [@Sendable (EngineLoop) -> Void] = []
  private var isClosed = false

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func post(_ job: @escaping @Sendable (EngineLoop) -> Void) {
    pthread_mutex_lock(mutex)
    jobs.append(job)
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// The jobs posted so far, after sleeping for the first if `wait`; nil when the mailbox is closed.
  func take(wait: Bool) -> [@Sendable (EngineLoop) -> Void]? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while wait, jobs.isEmpty, !isClosed {
      pthread_cond_wait(condition, mutex)
    }
    if isClosed { return nil }
    defer { jobs.removeAll(keepingCapacity: true) }
    return jobs
  }
}

private func startThread(_ loop: Unmanaged<EngineLoop>) -> pthread_t? {
  #if canImport(Darwin)
    var thread: pthread_t?
    let status = pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<EngineLoop>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
      }, loop.toOpaque())
    guard status == 0, let thread else {
      loop.release()
      return nil
    }
    return thread
  #else
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<EngineLoop>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, loop.toOpaque())
    guard status == 0 else {
      loop.release()
      return nil
    }
    return thread
  #endif
}
