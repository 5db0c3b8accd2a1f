// Signals, each in a process of its own: what a handler does is the whole process's business.

import Foundation
import Testing

@testable import ApusCommand

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Listens on this thread: those of the concurrency runtime, on which tests run, keep signals out.
private func listen() -> Interrupt {
  var all = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_UNBLOCK, &all, nil)
  return Interrupt.install()
}

@Suite(.timeLimit(.minutes(1))) struct InterruptTests {
  @Test func theFirstSignalIsOnlyNoted() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let interrupt = listen()
      guard !interrupt.isRequested, (try? interrupt.check()) != nil else { exit(1) }
      raise(SIGTERM)
      guard interrupt.signal == SIGTERM else { exit(2) }
      do throws(CommandError) {
        try interrupt.check()
        exit(3)
      } catch {
        guard error == .interrupted(signal: SIGTERM), error.exitCode == 143 else { exit(4) }
      }
      // Forgotten, the next one counts as the first again.
      interrupt.clear()
      raise(SIGINT)
      guard interrupt.signal == SIGINT else { exit(5) }
      exit(7)
    }
  }

  @Test func theSecondSignalLeaves() async {
    await #expect(processExitsWith: .exitCode(130)) {
      _ = listen()
      raise(SIGINT)
      raise(SIGINT)
      exit(1)
    }
  }

  @Test func aSignalEndsTheWaitForALine() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let interrupt = listen()
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { exit(1) }
      // The pipe stays empty; only the signal can end the read.
      let reader = pthread_self()
      Thread.detachNewThread {
        usleep(100_000)
        pthread_kill(reader, SIGINT)
      }
      let line = try InputChannel(descriptor: ends[0]).readLine()
      guard line == .interrupted, interrupt.signal == SIGINT else { exit(3) }
      exit(7)
    }
  }
}
