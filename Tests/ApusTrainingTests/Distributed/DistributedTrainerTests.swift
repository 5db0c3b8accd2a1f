// Whole runs of several ranks, as threads: the same losses and weights as one process, checkpoints that any number of ranks
// goes on from, one wish to stop that all follow. dev/test-mpi.sh does the same with processes.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTestSupport
import Synchronization
import Testing

@testable import ApusTraining

/// The tiny run with more rows, and folders for several runs of it.
private final class Runs: @unchecked Sendable {
  private let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
  }

  func directory(_ run: String) -> String { tiny.folder.path + "/" + run }

  func configuration(_ run: String, _ settings: [String]) throws -> TrainingConfiguration {
    try tiny.configuration(
      [
        "checkpoint.directory=\"\(directory(run))\"", "checkpoint.every=2", "batch.sequences=8",
        "log.every=1",
        "data.validation=[\"\(tiny.folder.path)/validation.jsonl\"]", "evaluation.every=3",
        "evaluation.sampleTokens=4",
      ] + settings)
  }

  func trainer(_ run: String, _ settings: [String], _ group: RankGroup) throws -> Trainer {
    try Trainer(
      configuration(run, settings), runtime: runtime(threads: 1), group: group,
      operations: FailingDisk(failingCall: 0))
  }

  /// The weights of a checkpoint by name.
  func weights(_ run: String, step: Int = 6) throws -> [String: [Float]] {
    let path = "\(directory(run))/\(CheckpointFolder.name(step))/model.safetensors"
    let file = try SafetensorsFile.open(path)
    return Dictionary(
      uniqueKeysWithValues: file.tensors.map { tensor in
        (tensor.name, Array(file.bytes(of: tensor).bindMemory(to: Float.self)))
      })
  }

  func files(_ run: String, step: Int = 6) throws -> [String] {
    try CheckpointFolder(directory(run)).load(step: step)!.checkpoint.files
  }
}

private struct Run: Sendable {
  var losses: [Double] = []
  var validation: Double?
  var reason = ""
  var isComplete = false
  var steps = 0
}

@Suite struct DistributedTrainerTests {
  private let runs: Runs

  init() throws {
    runs = try Runs()
  }

  /// A run on so many ranks; what each was told.
  ///
  /// - Parameter stop: the rank that wants to stop, and after how many of its questions.
  private func train(
    _ name: String, ranks: Int, _ settings: [String] = [], stop: (rank: Int, after: Int)? = nil
  ) -> [Result<Run, any Error>] {
    let runs = runs
    return onRanks(ranks, timeout: 60) { group in
      let trainer = try runs.trainer(name, settings, group)
      var (run, questions) = (Run(), 0)
      let summary = try trainer.run {
        questions += 1
        return stop.map { $0.rank == group.rank && questions > $0.after } == true ? "told to" : nil
      } observe: { event in
        #expect(group.isFirst, "rank \(group.rank) is told \(event)")
        switch event.kind {
        case .step(let record): run.losses.append(record.loss)
        case .end(let reason): run.reason = reason
        default: break
        }
      }
      (run.validation, run.isComplete, run.steps) = (
        summary.validationLoss, summary.isComplete, summary.steps
      )
      return run
    }.results
  }

  /// Whether two losses are equal but for rounding in another order: of f32, or of Muon's iteration, whose products are
  /// in bf16 (half a unit is 2⁻⁹) and which makes singular values of very different size equal.
  private func isClose(_ a: Double, _ b: Double, _ optimizer: String = "adamw") -> Bool {
    abs(a - b) <= (optimizer == "muon" ? 0x1p-9 : 1e-5) * abs(b)
  }

  @Test(
    "any number of ranks learns the same", arguments: ["adamw", "adamw8bit", "adafactor", "muon"],
    ["stream", "documents"])
  func sameAsOne(_ optimizer: String, _ mode: String) throws {
    let settings = ["optimizer.name=\(optimizer)", "optimizer.ema=0.9", "data.mode=\(mode)"]
    let one = try train("one", ranks: 1, settings)[0].get()
    #expect(one.losses.count == 6 && one.losses.last! < one.losses[0])
    let weights = try runs.weights("one")
    for ranks in [2, 3] {
      let results = try train("of\(ranks)", ranks: ranks, settings).map { try $0.get() }
      let first = results[0]
      #expect(first.losses.count == 6)
      for (loss, expected) in zip(first.losses, one.losses) {
        #expect(isClose(loss, expected, optimizer), "\(ranks) ranks: \(first.losses), one: \(one.losses)")
      }
      #expect(isClose(first.validation!, one.validation!, optimizer))
      // All have evaluated, and all know.
      #expect(Set(results.map(\.validation)).count == 1)
      #expect(try runs.files("of\(ranks)") == runs.files("one"))
      let found = try runs.weights("of\(ranks)")
      for (name, expected) in weights {
        let error = zip(found[name]!, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
        // 8-bit states are rounded by chance at a threshold, which rounding moves.
        let bound: Float = optimizer == "adamw8bit" ? 2e-3 : optimizer == "muon" ? 5e-4 : 2e-5
        #expect(error <= bound, "\(name), \(ranks) ranks: off by \(error)")
      }
    }
  }

  @Test("a run goes on with another number of ranks", arguments: [(1, 3), (2, 4), (3, 1)])
  func resumes(_ before: Int, _ after: Int) throws {
    let whole = try train("whole", ranks: before)[0].get()
    let stopped = try train("resumed", ranks: before, stop: (before - 1, 3)).map { try $0.get() }
    #expect(stopped.map(\.steps) == Array(repeating: 3, count: before))
    #expect(!stopped[0].isComplete)
    let rest = try train("resumed", ranks: after).map { try $0.get() }
    #expect(rest.allSatisfy { $0.isComplete && $0.steps == 6 })
    #expect(rest[0].losses.count == 3)
    for (loss, expected) in zip(rest[0].losses, whole.losses.suffix(3)) {
      #expect(isClose(loss, expected), "\(rest[0].losses), not stopped: \(whole.losses)")
    }
  }

  @Test("stopped and gone on with, several ranks come to the same bits")
  func resumesExactly() throws {
    _ = try train("whole", ranks: 2)[0].get()
    _ = try train("resumed", ranks: 2, stop: (0, 3))[0].get()
    _ = try train("resumed", ranks: 2)[0].get()
    #expect(try runs.weights("resumed") == runs.weights("whole"))
  }

  @Test("one rank's wish stops all at the same step", arguments: [0, 1, 2])
  func stopsTogether(_ rank: Int) throws {
    let results = try train("stopped", ranks: 3, stop: (rank, 2)).map { try $0.get() }
    #expect(results.map(\.steps) == [2, 2, 2])
    #expect(
      results[0].reason == (rank == 0 ? "told to" : "another process was told to stop; the run can go on"))
    #expect(try CheckpointFolder(runs.directory("stopped")).steps() == [2])
  }

  @Test("more ranks than rows: some have nothing to read")
  func moreRanksThanRows() throws {
    let settings = ["batch.sequences=2", "batch.micro=1", "steps=3"]
    let one = try train("one", ranks: 1, settings)[0].get()
    let many = try train("many", ranks: 3, settings)[0].get()
    for (loss, expected) in zip(many.losses, one.losses) { #expect(isClose(loss, expected)) }
  }

  @Test("a configuration that differs is named by all")
  func otherConfiguration() throws {
    let runs = runs
    let (results, store) = onRanks(3) { group in
      _ = try runs.trainer("other", group.rank == 2 ? ["optimizer.beta1=0.8"] : [], group)
    }
    for result in results {
      guard case .failure(let error as CommunicationError) = result else {
        Issue.record("\(result)")
        continue
      }
      #expect(
        error.description
          == "rank 2: its configuration says \"optimizer.beta1\": 0.8, and rank 0's 0.9", "\(error)")
    }
    #expect(store.aborts.isEmpty)
    #expect(FileKind(runs.directory("other")) == .none)
  }

  @Test("a full disk on rank 0 is told, and the run goes on")
  func savingFails() throws {
    let runs = runs
    let (results, _) = onRanks(2, timeout: 60) { group in
      let trainer = try runs.trainer("full", [], group)
      // A file where the checkpoint's folder should be made.
      if group.isFirst { try writeFile(runs.directory("full") + "/step-000002.partial", [1]) }
      var notes: [String] = []
      _ = try trainer.run { event in
        if case .note(let text) = event.kind { notes.append(text) }
      }
      return notes
    }
    let notes = try results[0].get()
    _ = try results[1].get()
    #expect(notes.contains { $0.contains("training goes on") }, "\(notes)")
    #expect(try CheckpointFolder(runs.directory("full")).steps() == [4, 6])
  }
}
