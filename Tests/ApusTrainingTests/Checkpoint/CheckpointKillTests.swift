// SIGKILL at any moment of a save (F78): there is always a whole checkpoint, and the next start clears up. Runs 200 kills,
// or as many as APUS_KILLS says.

import ApusRuntime
import ApusTestSupport
import CApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite(.enabled(if: isLinux, "uses fork"))
struct CheckpointKillTests {
  static let kills = getenv("APUS_KILLS").flatMap { Int(String(cString: $0)) } ?? 200

  /// A process saves checkpoints one after the other; it is killed at a random moment. What it left is looked at, and
  /// another one goes on.
  @Test func killedTrainers() throws {
    // A killed process takes nothing with it that it has written; only the disk's time would be added.
    let run = RunFolder(inMemory: true)
    let seed: UInt64 = 78
    var random = Philox.Sequence(key: seed)
    var (last, fruitless, partials, replaced) = (0, 0, 0, 0)
    var longestLife = Self.firstLife
    // Everything a save needs is in place before the first fork.
    try run.store().saveSample(0)
    for round in 1...Self.kills {
      let child = apus_fork()
      if child == 0 {
        guard let store = try? run.store(keepLast: 2, keepBest: 1) else { _exit(1) }
        for step in (last + 1)... {
          // Now and then a step is saved twice.
          for _ in 0..<(step % 3 == 0 ? 2 : 1) {
            guard (try? store.saveSample(step, loss: Double(step % 5))) != nil else { _exit(1) }
          }
        }
      }
      #expect(child > 0)
      var time = timespec(tv_sec: 0, tv_nsec: random.below(longestLife))
      nanosleep(&time, nil)
      kill(child, SIGKILL)
      var status: Int32 = 0
      #expect(waitpid(child, &status, 0) == child)
      #expect(status & 0x7F == SIGKILL, "kill \(round): the child ended by itself, status \(status)")

      partials += run.names.count { $0.hasSuffix(".partial") }
      replaced += run.names.count { $0.hasSuffix(".replaced") }
      let store = try run.store(keepLast: 2, keepBest: 1)
      let loaded = try #require(try store.load(), "seed \(seed), kill \(round)")
      #expect(
        isWhole(loaded.checkpoint) && loaded.damages == [], "seed \(seed), kill \(round): \(loaded.notes)")
      #expect(loaded.checkpoint.step >= last, "seed \(seed), kill \(round)")
      #expect(!run.names.contains { $0.hasSuffix(".partial") || $0.hasSuffix(".replaced") })
      // Half of the lives should be long enough for a save, and half of them just about.
      if loaded.checkpoint.step == last {
        fruitless += 1
        longestLife = min(longestLife * 5 / 4, Self.lifes.upperBound)
      } else {
        longestLife = max(longestLife * 4 / 5, Self.lifes.lowerBound)
      }
      last = loaded.checkpoint.step
    }
    print(
      "\(Self.kills) kills (seed \(seed)): \(last) checkpoints, \(partials) left unfinished, \(replaced) replaced, "
        + "\(fruitless) kills before the first was saved")
    // Else the kills came before or between the saves and tested nothing.
    #expect(last > Self.kills / 10 && partials > Self.kills / 10)
  }

  /// In nanoseconds: a few saves of the small checkpoints, on a busy machine, too.
  static let firstLife = 8_000_000
  static let lifes = 2_000_000...200_000_000
}
