// A thread of one's own and the mailbox through which others send it work, so that nothing blocks the threads that all
// tasks share.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a thread does until it ends.
protocol ThreadBody: AnyObject {
  func run()
}

/// A running thread. Its owner ends the body's work and then calls `leave`.
struct OwnThread: @unchecked Sendable {
  private let thread: pthread_t

  /// Starts a thread that runs `body`, which it owns from here on.
  init(_ body: sending some ThreadBody) throws(InferenceError) {
    guard let thread = startThread(Unmanaged.passRetained(ThreadStart(body))) else { throw .closed }
    self.thread = thread
  }

  /// Waits for the body to end. The last owner may be a job on the thread itself, which then only has to leave.
  func leave() {
    if pthread_equal(pthread_self(), thread) == 0 {
      pthread_join(thread, nil)
    } else {
      pthread_detach(thread)
    }
  }
}

/// A thread that does one job after the other.
final class JobThread: Sendable {
  private let mailbox = Mailbox<JobLoop>()
  private let thread: OwnThread

  /// Starts the thread.
  init() throws(InferenceError) {
    thread = try OwnThread(JobLoop(mailbox))
  }

  deinit {
    mailbox.close()
    thread.leave()
  }

  /// Runs `job` on the thread when those before it are done.
  func perform(_ job: @escaping @Sendable (JobLoop) -> Void) {
    mailbox.post(job)
  }
}

/// What a thread of jobs does: one after the other.
final class JobLoop: ThreadBody {
  private let mailbox: Mailbox<JobLoop>

  init(_ mailbox: Mailbox<JobLoop>) {
    self.mailbox = mailbox
  }

  func run() {
    while let jobs = mailbox.take(wait: true) {
      for job in jobs { job(self) }
    }
  }
}

/// Jobs on their way to a thread; each is called with what the thread works on.
final class Mailbox<Context>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var jobs: [@Sendable (Context) -> Void] = []
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

  func post(_ job: @escaping @Sendable (Context) -> Void) {
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
  func take(wait: Bool) -> [@Sendable (Context) -> Void]? {
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

/// Carries a body to its thread.
private final class ThreadStart {
  let body: any ThreadBody

  init(_ body: any ThreadBody) {
    self.body = body
  }
}

private func startThread(_ start: Unmanaged<ThreadStart>) -> pthread_t? {
  #if canImport(Darwin)
    var thread: pthread_t?
    let status = pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<ThreadStart>.fromOpaque(pointer).takeRetainedValue().body.run()
        return nil
      }, start.toOpaque())
    guard status == 0, let thread else {
      start.release()
      return nil
    }
    return thread
  #else
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<ThreadStart>.fromOpaque(pointer!).takeRetainedValue().body.run()
        return nil
      }, start.toOpaque())
    guard status == 0 else {
      start.release()
      return nil
    }
    return thread
  #endif
}
