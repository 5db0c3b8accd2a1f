// Saving on disks that go wrong (F77, F80): nothing that was saved before is ever lost.

import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct CheckpointFaultTests {
  /// The n-th call fails, for n from 1 until nothing does: once, or from there on for good. `replaces`: the step saved
  /// is there already.
  @Test(arguments: [false, true], [false, true])
  func everyCallMayFail(_ staysBroken: Bool, _ replaces: Bool) throws {
    var (failures, notesOnly) = (0, 0)
    for call in 1... {
      let run = RunFolder()
      var store: CheckpointStore? = try run.store(keepLast: 1, FailingDisk(failingCall: .max))
      try store?.saveSample(1)
      if replaces { try store?.saveSample(2) }
      store = nil
      let disk = FailingDisk(failingCall: call, staysBroken: staysBroken)
      let failing = try run.store(keepLast: 1, disk)
      var isSaved = true
      var notes: [String] = []
      do throws(CheckpointError) {
        notes = try failing.saveSample(2)
      } catch {
        isSaved = false
        #expect(error.description.contains("the checkpoint of step 2 was not saved"))
        #expect(error.description.hasSuffix("No space left on device"))
      }
      // Whatever happened: a whole checkpoint is there, the new one if it was said to be saved.
      let loaded = try #require(try failing.folder.load(), "call \(call)")
      #expect(isWhole(loaded.checkpoint), "call \(call)")
      #expect(loaded.checkpoint.step == (isSaved || replaces ? 2 : 1), "call \(call)")
      if !isSaved && !staysBroken {
        #expect(!run.names.contains { $0.hasSuffix(".partial") }, "call \(call)")
      }
      guard disk.callCount >= call else {
        #expect(notes == [] && isSaved)
        break
      }
      if isSaved { notesOnly += 1 } else { failures += 1 }
      #expect(isSaved == !notes.isEmpty, "call \(call): what failed is told")
      // Training goes on: the next attempt on the same store works, after a start of a new one, too.
      if !staysBroken {
        #expect(try failing.saveSample(3) == [])
        #expect(try failing.folder.load()?.checkpoint.step == 3)
        #expect(
          run.names.filter { $0 != "lock" && $0 != "latest.partial" } == ["latest", "step-000003"],
          "call \(call)")
      }
    }
    // Folder, and create, reserve, write (three pieces less the empty one), synchronise for each of three files …
    #expect(failures >= 16 && notesOnly >= 5)
  }

  /// F80: the power goes after any call of three saves; what has reached the disk is enough to go on, and a checkpoint
  /// that was said to be saved is there or a later one.
  @Test(arguments: 0..<6 as Range<UInt64>)
  func powerCuts(_ seed: UInt64) throws {
    for call in 0... {
      let (run, survivors) = (RunFolder(), RunFolder())
      let disk = PowerCutDisk(root: run.path, lastCall: call)
      let store = try run.store(keepLast: 1, disk)
      var saved = 0
      var isCut = false
      for step in [1, 2, 2, 3] {
        do throws(CheckpointError) {
          let notes = try store.saveSample(step)
          // With notes it may not be durable.
          if notes.isEmpty { saved = step } else { isCut = true }
        } catch {
          isCut = true
        }
        if isCut { break }
      }
      try disk.survivors(into: survivors.path, seed: seed &* 1000 &+ UInt64(call))
      let next = try survivors.store(FailingDisk(failingCall: .max))
      let loaded = try next.load()
      #expect((loaded?.checkpoint.step ?? 0) >= saved, "seed \(seed), call \(call)")
      if let loaded { #expect(isWhole(loaded.checkpoint), "seed \(seed), call \(call)") }
      try next.saveSample(9)
      #expect(try next.load()?.checkpoint.step == 9)
      if !isCut { break }
    }
  }

  /// A real disk's error: a limit on the size of files stands for a full one.
  @Test func aFullDisk() async {
    await #expect(processExitsWith: .success) {
      ProcessFaults.install()
      let run = RunFolder()
      let store = try run.store()
      try store.saveSample(1)
      var limit = rlimit(rlim_cur: 4096, rlim_max: 8192)
      precondition(setFileSizeLimit(&limit) == 0)
      do throws(CheckpointError) {
        try store.saveSample(2)
        preconditionFailure("saved beyond the limit")
      } catch {
        precondition(error.description.contains("File too large"), error.description)
      }
      precondition(run.names == ["latest", "lock", "step-000001"], "\(run.names)")
      limit.rlim_cur = 8192
      precondition(setFileSizeLimit(&limit) == 0)
      let notes = try store.saveSample(2)
      let loaded = try store.load()
      precondition(notes == [] && loaded?.checkpoint.step == 2)
    }
  }

  /// What gives the bytes may fail as well.
  @Test func aFailingSource() throws {
    let run = RunFolder()
    let store = try run.store()
    let reason = FileError.system(path: "weights", operation: "read", reason: "no reason")
    #expect(throws: CheckpointError.notSaved(step: 1, reason)) {
      try store.save(
        step: 1, configuration: .null,
        files: [CheckpointFile("a", byteCount: 3) { _ throws(FileError) in throw reason }])
    }
    #expect(run.names == ["lock"])
  }
}
