// What tests ask of the system: where they run, and a limit that stands for a full disk.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether this is Linux.
#if os(Linux)
  package let isLinux = true
#else
  package let isLinux = false
#endif

/// Limits the size of the files this process writes.
package func setFileSizeLimit(_ limit: inout rlimit) -> Int32 {
  #if canImport(Glibc)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  #else
    setrlimit(RLIMIT_FSIZE, &limit)
  #endif
}

/// The processor time of `body`, by default that of the calling thread alone: whatever else the machine does meanwhile, tests
/// beside this one not least, takes none of it. What `body` has other threads do counts only with `ofAllThreads`.
package func processorTime(ofAllThreads: Bool = false, _ body: () throws -> Void) rethrows -> Duration {
  func now() -> Duration {
    var time = timespec()
    clock_gettime(ofAllThreads ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
  let start = now()
  try body()
  return now() - start
}
