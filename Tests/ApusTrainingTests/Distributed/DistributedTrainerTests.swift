// Whole runs of several ranks, as threads: the same losses and weights as one process, checkpoints that any number of ranks
// goes on from, one wish to stop that all follow. dev/test-mpi.sh does the same with processes.

import ApusBasics
import ApusData
import ApusFiles
import ApusRuntime
import ApusTestSupport
import Synchronization
import Testing

@testable import ApusTraining

/// A text, a tokenizer for it, and a folder for runs.
private final class Corpus: @unchecked Sendable {
  private let run = RunFolder()
  var folder: String { run.path }

  init() throws {
    var (text, numbers) = ("", SeededNumbers(3))
    let words = ["the", "swift", "sleeps", "on", "its", "wing", "and", "rain", "falls", "over", "old", "roofs"]
    for index in 0..<6000 {
      text += words[Int(numbers.next() % 12)] + (index % 11 == 10 ? ".\n" : " ")
    }
    try writeFile(folder + "/text.txt", Array(text.utf8))
    var trainer = try BPETrainer(BPETrainingOptions(vocabularySize: 290), pool: WorkerPool(count: 1))
    try trainer.add(file: folder + "/text.txt")
    try trainer.train().write(to: folder + "/tokenizer", replacing: false)
  }

  func configuration(_ run: String, _ settings: [String]) throws -> TrainingConfiguration {
    let text = """
      {"model": {"architecture": "llama", "layers": 1, "hidden": 32, "heads": 2, "feedForward": 64},
       "data": {"train": ["\(folder)/text.txt"], "validation": ["\(folder)/text.txt"],
                "tokenizer": "\(folder)/tokenizer/tokenizer.json"},
       "batch": {"sequences": 8, "length": 16, "micro": 2}, "steps": 6,
       "optimizer": {"learningRate": 0.01}, "schedule": {"warmup": 2},
       "evaluation": {"every": 3, "batches": 3, "samples": 1, "sampleTokens": 4},
       "checkpoint": {"directory": "\(folder)/\(run)", "every": 2}, "log": {"every": 1, "html": false}}
      """
    return try TrainingConfiguration(parsing: Array(text.utf8), name: "run.json", settings: settings)
  }

  /// The weights of a checkpoint by name.
  func weights(_ run: String, step: Int) throws -> [String: [Float]] {
    let file = try SafetensorsFile.open("\(folder)/\(run)/step-00000\(step)/model.safetensors")
    return Dictionary(
      uniqueKeysWithValues: file.tensors.map { tensor in
        (tensor.name, Array(file.bytes(of: tensor).bindMemory(to: Float.self)))
      })
  }

  func names(_ run: String, step: Int) throws -> [String] {
    try CheckpointFolder("\(folder)/\(run)").load(step: step)!.checkpoint.files
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
  private let corpus: Corpus

  init() throws {
    corpus = try Corpus()
  }

  /// A run on so many ranks; what each was told.
  ///
  /// - Parameter stop: the rank that wants to stop, and after how many of its questions.
  private func train(
    _ name: String, ranks: Int, _ settings: [String] = [], stop: (rank: Int, after: Int)? = nil
  ) -> [Result<Run, any Error>] {
    let corpus = corpus
    return onRanks(ranks, timeout: 60) { group in
      let configuration = try corpus.configuration(name, settings)
      let runtime = try Runtime(options: RuntimeOptions(threads: 1))
      let trainer = try Trainer(configuration, runtime: runtime, group: group)
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
      (run.validation, run.isComplete, run.steps) = (summary.validationLoss, summary.isComplete, summary.steps)
      return run
    }.results
  }

  /// Whether two numbers are equal but for f32 rounding in another order.
  private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * abs(b) }

  @Test("any number of ranks learns the same", arguments: ["adamw", "adamw8bit", "adafactor", "muon"])
  func sameAsOne(_ optimizer: String) throws {
    let settings = ["optimizer.name=\(optimizer)", "optimizer.ema=0.9"]
    let one = try train("one", ranks: 1, settings)[0].get()
    #expect(one.losses.count == 6 && one.losses.last! < one.losses[0])
    let weights = try corpus.weights("one", step: 6)
    for ranks in [2, 3] {
      let results = try train("of\(ranks)", ranks: ranks, settings).map { try $0.get() }
      let first = results[0]
      #expect(first.losses.count == 6)
      for (loss, expected) in zip(first.losses, one.losses) {
        #expect(isClose(loss, expected), "\(ranks) ranks: \(first.losses), one: \(one.losses)")
      }
      #expect(isClose(first.validation!, one.validation!))
      // All have evaluated, and all know.
      #expect(Set(results.map(\.validation)).count == 1)
      #expect(try corpus.names("of\(ranks)", step: 6) == corpus.names("one", step: 6))
      let found = try corpus.weights("of\(ranks)", step: 6)
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
    #expect(try corpus.weights("resumed", step: 6) == corpus.weights("whole", step: 6))
  }

  @Test("one rank's wish stops all at the same step", arguments: [0, 1, 2])
  func stopsTogether(_ rank: Int) throws {
    let results = try train("stopped", ranks: 3, stop: (rank, 2)).map { try $0.get() }
    #expect(results.map(\.steps) == [2, 2, 2])
    #expect(results[0].reason == (rank == 0 ? "told to" : "another process was told to stop; the run can go on"))
    #expect(try CheckpointFolder(corpus.folder + "/stopped").steps() == [2])
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
    let corpus = corpus
    let (results, store) = onRanks(3) { group in
      let configuration = try corpus.configuration("other", group.rank == 2 ? ["optimizer.beta1=0.8"] : [])
      _ = try Trainer(configuration, runtime: try Runtime(options: RuntimeOptions(threads: 1)), group: group)
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
    #expect(FileKind(corpus.folder + "/other") == .none)
  }

  @Test("a full disk on rank 0 is told, and the run goes on")
  func savingFails() throws {
    // A file where the checkpoint's folder should be made.
    let corpus = corpus
    let (results, _) = onRanks(2, timeout: 60) { group in
      let configuration = try corpus.configuration("full", [])
      let runtime = try Runtime(options: RuntimeOptions(threads: 1))
      let trainer = try Trainer(configuration, runtime: runtime, group: group)
      if group.isFirst { try writeFile(corpus.folder + "/full/step-000002.partial", [1]) }
      var notes: [String] = []
      _ = try trainer.run { event in
        if case .note(let text) = event.kind { notes.append(text) }
      }
      return notes
    }
    let notes = try results[0].get()
    _ = try results[1].get()
    #expect(notes.contains { $0.contains("training goes on") }, "\(notes)")
    #expect(try CheckpointFolder(corpus.folder + "/full").steps() == [4, 6])
  }
}
