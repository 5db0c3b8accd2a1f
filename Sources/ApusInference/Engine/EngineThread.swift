// The thread that an engine belongs to. Sessions send it work and get text back through streams, so nothing
// ever blocks the cooperative thread pool.

import ApusModels

/// Runs a batch on a thread of its own, for as long as somebody holds it.
///
/// A step that fails ends the generations in it with its error; the thread lives on.
final class EngineThread: Sendable {
  private let mailbox = Mailbox<EngineLoop>()
  private let thread: OwnThread

  /// Starts the thread. The engine is handed over: nobody else may touch it from here on.
  init(_ engine: sending Engine) throws(InferenceError) {
    thread = try OwnThread(EngineLoop(mailbox: mailbox, batch: Batch(engine)))
  }

  deinit {
    mailbox.close()
    thread.leave()
  }

  /// Runs `job` on the thread, between two steps.
  func perform(_ job: @escaping @Sendable (EngineLoop) -> Void) {
    mailbox.post(job)
  }
}

/// What the engine's thread does: jobs first, then a step, then again; it sleeps when there is neither.
final class EngineLoop: ThreadBody {
  private let mailbox: Mailbox<EngineLoop>
  let batch: Batch
  private var waiting: [(generation: Generation, finished: (Result<Generation, any Error>) -> Void)] = []
  private var running: [(generation: Generation, finished: (Result<Generation, any Error>) -> Void)] = []

  init(mailbox: Mailbox<EngineLoop>, batch: Batch) {
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
