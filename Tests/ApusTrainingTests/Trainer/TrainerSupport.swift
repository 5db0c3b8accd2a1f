// What the tests of the trainer share: a folder with a tokenizer, texts and a run in it, and what a run leaves behind.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

/// A folder for a tiny run.
final class TinyRun {
  let folder = RunFolder(inMemory: true)

  /// The run's own folder.
  var directory: String { folder.path + "/run" }

  /// Writes a tokenizer of bytes, texts to learn from, and others to measure.
  init() throws {
    try ModelFixture("llama").writeFolder(at: folder.path + "/tokenizer")
    try folder.write("train.jsonl", Self.documents(60, seed: 1))
    try folder.write("validation.jsonl", Self.documents(8, seed: 2))
  }

  /// Lines of JSON with texts of 1 to 60 letters: many fit in a row, some are longer than one.
  static func documents(_ count: Int, seed: UInt64) -> [UInt8] {
    let random = Philox(key: seed)
    var place: UInt64 = 0
    func next(_ bound: Int) -> Int {
      defer { place += 1 }
      return Int(random.uniform(place) * Float(bound))
    }
    let lines = (0..<count).map { _ in
      let letters = (0..<1 + next(60)).map { _ in Character(UnicodeScalar(UInt8(97 + next(6)))) }
      return "{\"text\": \"\(String(letters))\"}\n"
    }
    return Array(lines.joined().utf8)
  }

  /// Six steps of 4 × 16 tokens on a network of two layers; `settings` take precedence.
  func configuration(_ settings: [String] = []) throws -> TrainingConfiguration {
    let text = """
      {
        "model": {"architecture": "llama", "layers": 2, "hidden": 32, "heads": 2, "feedForward": 48},
        "data": {"train": ["\(folder.path)/train.jsonl"], "tokenizer": "\(folder.path)/tokenizer"},
        "batch": {"sequences": 4, "length": 16, "micro": 2},
        "optimizer": {"learningRate": 0.01}, "schedule": {"warmup": 2},
        "evaluation": {"every": 0},
        "checkpoint": {"directory": "\(directory)", "every": 0, "keepLast": 100},
        "log": {"every": 2, "tensorboard": false, "html": false}, "steps": 6
      }
      """
    return try TrainingConfiguration(parsing: Array(text.utf8), name: "tiny.json", settings: settings)
  }

  /// A trainer whose checkpoints do not wait for the disk.
  func trainer(_ configuration: TrainingConfiguration, _ runtime: Runtime) throws -> Trainer {
    try Trainer(configuration, runtime: runtime, operations: FailingDisk(failingCall: 0))
  }

  /// Runs, or goes on, until so many steps are done.
  @discardableResult
  func train(
    _ configuration: TrainingConfiguration, _ runtime: Runtime, until last: Int = .max,
    observe: (RunEvent) throws -> Void = { _ in }
  ) throws -> TrainerSummary {
    let trainer = try trainer(configuration, runtime)
    return try trainer.run(shouldStop: { trainer.step >= last ? "enough" : nil }, observe: observe)
  }

  /// Forgets all runs.
  func clear() { removeFolder(directory) }

  /// The bits that a run of `step` steps has left: its checkpoint, and the losses it has written down.
  func result(_ step: Int = 6) throws -> RunResult {
    func file(_ name: String) throws -> [UInt8] {
      try #require(readFile("\(directory)/\(CheckpointFolder.name(step))/\(name)"), "no \(name)")
    }
    let log = try #require(readFile(directory + "/log.jsonl"))
    var records: [Int: [UInt64]] = [:]
    for line in log.split(separator: UInt8(ascii: "\n")) {
      guard let event = RunEvent(json: try JSONValue(parsing: Array(line))),
        case .step(let record) = event.kind
      else { continue }
      #expect(records[event.step] == nil, "step \(event.step) is written down twice")
      records[event.step] = [record.loss.bitPattern, record.gradientNorm.bitPattern, UInt64(record.tokens)]
    }
    return RunResult(
      model: try file("model.safetensors"), states: try file("optimizer.safetensors"), records: records)
  }
}

/// What two equal runs have in common to the bit.
struct RunResult: Equatable {
  var model: [UInt8]
  var states: [UInt8]
  /// Loss, norm and tokens by step.
  var records: [Int: [UInt64]]

  /// Which parts differ.
  func differences(from other: RunResult) -> [String] {
    [
      ("weights", model == other.model), ("states", states == other.states),
      ("records", records == other.records),
    ].filter { !$0.1 }.map(\.0)
  }
}

/// A runtime with so many threads, however many processors there are.
func runtime(threads: Int) throws -> Runtime {
  var options = RuntimeOptions(threads: threads)
  options.oversubscribes = true
  return try Runtime(options: options)
}
