// What goes wrong while a run begins or learns: F75 to F82 as far as the trainer meets them. Each ends in one line that says
// what to do, and nothing that was saved is lost.

import ApusBasics
import ApusData
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct TrainerFaultTests {
  let run: TinyRun
  let two: Runtime

  init() throws {
    run = try TinyRun()
    two = try runtime(threads: 2)
  }

  /// The error that making a trainer ends with, as text.
  private func refusal(_ settings: [String], sourceLocation: SourceLocation = #_sourceLocation) -> String {
    do {
      _ = try Trainer(try run.configuration(settings), runtime: two)
    } catch let error as any ApusError {
      #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
      return error.description
    } catch {
      Issue.record("\(error) is no ApusError", sourceLocation: sourceLocation)
    }
    Issue.record("\(settings) is not refused", sourceLocation: sourceLocation)
    return ""
  }

  private func expect(_ text: String, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    for part in parts { #expect(text.contains(part), "\(text)", sourceLocation: sourceLocation) }
  }

  // MARK: F75

  @Test("F75: too little data, or too long sequences")
  func data() throws {
    expect(
      refusal(["batch.sequences=1000", "batch.micro=null"]), ["train.jsonl", "less than one batch of 1000"])
    expect(refusal(["batch.length=4000"]), ["train.jsonl", "too few for one sequence of 4000"])
    try run.folder.write("empty.jsonl", [])
    expect(refusal(["data.train=\(run.folder.path)/empty.jsonl"]), ["empty.jsonl"])
    expect(refusal(["data.train=\(run.folder.path)/missing.jsonl"]), ["missing.jsonl"])
    expect(
      refusal(["data.validation=\(run.folder.path)/empty.jsonl", "evaluation.every=1"]), ["empty.jsonl"])
    // The configuration knows the context of a new network; that of a given one stands in its folder.
    expect(refusal(["model.context=8"]), ["batch.length", "8"])
    try ModelFixture("gpt2").writeFolder(at: run.folder.path + "/gpt2")
    let text = """
      {"model": {"from": "\(run.folder.path)/gpt2"}, "data": {"train": ["\(run.folder.path)/train.jsonl"]},
       "batch": {"sequences": 1, "length": 200}, "checkpoint": {"directory": "\(run.directory)"}, "steps": 1}
      """
    #expect {
      _ = try Trainer(TrainingConfiguration(parsing: Array(text.utf8), name: "long"), runtime: two)
    } throws: {
      "\($0)" == "batch.length is 200; the model takes 128 tokens (model.context)"
    }
    #expect(FileKind(run.directory) == .none, "a refused run leaves nothing")
  }

  @Test("F75: documents longer than a row are cut, and counted")
  func longDocuments() throws {
    let trainer = try run.trainer(try run.configuration(["data.mode=documents"]), two)
    #expect(
      trainer.notes.contains { $0.contains("train.jsonl") && $0.contains("longer than batch.length, 16") },
      "\(trainer.notes)")
  }

  @Test("F75: documents of a few tokens fit, however many there are in a row")
  func shortDocuments() throws {
    try run.folder.write("short.jsonl", Array(String(repeating: "{\"text\": \"a\"}\n", count: 500).utf8))
    let configuration = try run.configuration([
      "data.mode=documents", "data.train=\(run.folder.path)/short.jsonl", "batch.length=64",
    ])
    #expect(try run.train(configuration, two).steps == 6)
  }

  @Test("F72: bad lines stop the run, or are counted")
  func badLines() throws {
    try run.folder.write(
      "bad.jsonl", TinyRun.documents(40, seed: 3) + Array("{\"text\": 5}\n{\"text\"\n".utf8))
    let setting = "data.train=\(run.folder.path)/bad.jsonl"
    expect(refusal([setting]), ["bad.jsonl", "41"])
    let trainer = try run.trainer(try run.configuration([setting, "data.skipBad=2"]), two)
    #expect(trainer.notes.contains { $0.contains("2 bad lines were skipped") && $0.contains("41") })
  }

  @Test("F74: a tokenizer that is not the model's or the data's")
  func tokenizer() throws {
    expect(refusal(["model.vocabulary=100"]), ["train.jsonl", "tokens up to 319", "the model has 100"])
    // Shards of a tokenizer that spells one token otherwise.
    let json = try #require(run.folder.read("tokenizer/tokenizer.json"))
    try makeDirectory(run.folder.path + "/other")
    try run.folder.write("other/tokenizer.json", Array(json.replacing("[300]", with: "<300>").utf8))
    let other = try makeTokenizer(inFolder: run.folder.path + "/other")
    _ = try CorpusTokenizer(other, TokenizingOptions(), runtime: two).write(
      [run.folder.path + "/train.jsonl"], to: run.folder.path + "/shards", name: "other")
    expect(
      refusal(["data.train=\(run.folder.path)/shards"]), ["shards", "tokens stand for other text"])
    let own = try run.configuration([
      "data.train=\(run.folder.path)/shards", "data.tokenizer=\(run.folder.path)/other",
    ])
    #expect(try run.train(own, two).isComplete)
  }

  // MARK: F76

  @Test("F76: a weight that is not a number stops the run before it learns from it", arguments: [1, 2])
  func weight(_ threads: Int) throws {
    let configuration = try run.configuration([
      "checkpoint.every=2", "model.architecture=gpt2", "data.mode=documents",
    ])
    // Whoever goes on later must not find the folder taken.
    var trainer: Trainer! = try run.trainer(configuration, try runtime(threads: threads))
    let weights = trainer.learner.engine.weights
    let tensor = try #require(weights.tensor("blk.1.ffn_up.weight"))
    var before: [Float] = []
    var message = ""
    do {
      _ = try trainer.run { event in
        guard case .checkpoint = event.kind, event.step == 4 else { return }
        weights.master(tensor)[7] = .nan
        before = Array(UnsafeBufferPointer(start: weights.masters, count: weights.floatCount))
      }
    } catch let error as TrainingError {
      message = error.description
    }
    // The operation that reads the weight, with its layer; the rows of the data; what is left.
    expect(
      message,
      [
        "step 5: the loss is not a number", "first appeared in", "layer 1", "rows 16 to 19 of the data",
        CheckpointFolder.name(4),
      ])
    let after = UnsafeBufferPointer(start: weights.masters, count: weights.floatCount)
    #expect(zip(before, after).allSatisfy { $0.bitPattern == $1.bitPattern }, "the weights were touched")
    // What is left is whole, and the records say why it ended.
    trainer = nil
    #expect(try #require(run.folder.read("run/log.jsonl")).contains("is not a number"))
    #expect(try run.train(configuration, two).isComplete)
  }

  @Test("F76: a gradient that is not finite while the loss is")
  func gradient() throws {
    let trainer = try run.trainer(try run.configuration(["model.architecture=gpt2", "batch.micro=4"]), two)
    let weights = trainer.learner.engine.weights
    // Nothing gets through the block, but what comes back through it is too large.
    for (name, value) in [
      ("ffn_norm.weight", Float(0)), ("ffn_norm.bias", 0), ("ffn_up.weight", 1e30), ("ffn_up.bias", 0),
      ("ffn_down.weight", 1e30), ("ffn_down.bias", 0),
    ] {
      let tensor = try #require(weights.tensor("blk.0." + name))
      weights.master(tensor).update(repeating: value, count: tensor.count)
      if name == "ffn_down.weight" {
        for index in 0..<tensor.count where index % 2 == 1 { weights.master(tensor)[index] = 0 }
      }
    }
    var message = ""
    do { _ = try trainer.run { _ in } } catch let error as TrainingError { message = error.description }
    expect(
      message,
      [
        "step 1: the gradient of", "is not a number", "first appeared in", "layer 0",
        "there is no checkpoint yet",
      ])
  }

  @Test("F76: steps may be skipped, and are counted, up to a limit")
  func skipping() throws {
    let configuration = try run.configuration([
      "nonFinite=skip", "skipLimit=3", "steps=20", "batch.sequences=2", "log.every=1",
    ])
    let trainer = try run.trainer(configuration, two)
    let weights = trainer.learner.engine.weights
    let tensor = try #require(weights.tensor("output_norm.weight"))
    let value = weights.master(tensor)[0]
    var skipped = 0
    var records: [Int: Double] = [:]
    _ = try trainer.run { event in
      if case .step(let record) = event.kind {
        records[event.step] = record.loss
        if event.step == 3 { weights.master(tensor)[0] = .nan }
        if event.step == 6 { weights.master(tensor)[0] = value }
      }
      if case .note(let text) = event.kind, text.contains("was skipped") {
        skipped += 1
        #expect(text.contains("step \(3 + skipped) was skipped: the loss is not a number"))
      }
    }
    #expect(skipped == 3 && records.count == 20)
    // The means are over the steps that were applied.
    #expect(try #require(records[7]) > 1)

    run.clear()
    let hopeless = try run.trainer(configuration, two)
    let broken = hopeless.learner.engine.weights
    broken.master(try #require(broken.tensor("output_norm.weight")))[0] = .infinity
    #expect { _ = try hopeless.run { _ in } } throws: {
      "\($0)"
        == "step 4: 4 steps one after the other had losses or gradients that are not numbers (skipLimit)"
    }
  }

  // MARK: F77

  @Test("F77: a checkpoint that cannot be saved is told, the run goes on, the next one is saved")
  func fullDisk() throws {
    let configuration = try run.configuration(["checkpoint.every=2"])
    try run.train(configuration, two)
    let whole = try run.result()
    run.clear()
    let obstacle = "run/" + CheckpointFolder.name(4) + CheckpointFolder.partialSuffix
    var told: [String] = []
    try run.train(configuration, two) { event in
      if case .checkpoint = event.kind, event.step == 2 { try run.folder.write(obstacle, [1]) }
      if case .note(let text) = event.kind { told.append(text) }
    }
    #expect(
      told.contains {
        $0.contains("the checkpoint of step 4 was not saved") && $0.contains("training goes on")
      })
    #expect(try CheckpointFolder(run.directory).steps() == [2, 6])
    #expect(try run.result().differences(from: whole) == [])
  }

  @Test("F77: the last checkpoint that cannot be saved is an error")
  func lastCheckpoint() throws {
    let trainer = try run.trainer(try run.configuration(["checkpoint.every=3"]), two)
    try run.folder.write("run/" + CheckpointFolder.name(6) + CheckpointFolder.partialSuffix, [1])
    #expect { _ = try trainer.run { _ in } } throws: {
      "\($0)".contains("the checkpoint of step 6 was not saved, earlier ones are untouched")
    }
    #expect(try CheckpointFolder(run.directory).steps() == [3])
  }

  @Test("F76: weights that are no numbers do not become a checkpoint")
  func faultyWeights() throws {
    let trainer = try run.trainer(try run.configuration(["checkpoint.every=3", "log.every=1"]), two)
    let weights = trainer.learner.engine.weights
    let tensor = try #require(weights.tensor("blk.0.ffn_up.weight"))
    #expect {
      _ = try trainer.run { event in
        // Between the last step and its checkpoint.
        if case .step = event.kind, event.step == 6 { weights.master(tensor)[5] = .nan }
      }
    } throws: {
      "\($0)".contains("the checkpoint of step 6 was not saved") && "\($0)".contains("blk.0.ffn_up.weight")
    }
    #expect(try CheckpointFolder(run.directory).steps() == [3])
  }

  // MARK: F81, F82

  @Test(
    "F81: a damaged checkpoint falls back to the one before, to the same bits",
    arguments: ["model", "optimizer"])
  func damage(_ file: String) throws {
    let configuration = try run.configuration(["checkpoint.every=2"])
    try run.train(configuration, two)
    let whole = try run.result()
    try run.folder.flip("run/\(CheckpointFolder.name(6))/\(file).safetensors", at: -5)
    let trainer = try run.trainer(configuration, two)
    #expect(trainer.step == 4)
    #expect(trainer.notes.contains { $0.contains("checkpoint of step 6 is damaged") && $0.contains(file) })
    #expect(trainer.notes.contains("going on from the checkpoint of step 4"))
    _ = try trainer.run { _ in }
    #expect(try run.result().differences(from: whole) == [])
  }

  @Test("F81: nothing but damaged checkpoints is refused")
  func allDamaged() throws {
    try run.train(try run.configuration(), two)
    try run.folder.flip("run/\(CheckpointFolder.name(6))/model.safetensors", at: -5)
    expect(refusal([]), ["no checkpoint can be used", "model.safetensors"])
  }

  @Test("F81: another run's checkpoint is refused with what differs")
  func otherRun() throws {
    try run.train(try run.configuration(), two, until: 2)
    let text = refusal(["optimizer.beta1=0.8", "batch.length=8", "steps=7"])
    expect(
      text, ["\"optimizer.beta1\": 0.9 then, 0.8 now", "\"batch.length\": 16 then, 8 now", "Set them back"])
    #expect(!text.contains("\"steps\""))
    // What may change is told.
    let trainer = try run.trainer(try run.configuration(["steps=7"]), two)
    #expect(trainer.notes.contains("changed since the checkpoint: \"steps\": 6 then, 7 now"))
    #expect(trainer.notes.contains("going on after step 2 of 7"))
  }

  @Test("F81: other texts under the same names are refused")
  func otherData() throws {
    try run.train(try run.configuration(), two, until: 2)
    try run.folder.write("train.jsonl", TinyRun.documents(60, seed: 9))
    expect(refusal([]), [CheckpointFolder.name(2), "other training data"])
  }

  @Test("F82: a second trainer in the folder is refused")
  func secondTrainer() throws {
    let first = try run.trainer(try run.configuration(), two)
    expect(refusal([]), [run.directory, "trains here", "checkpoint.directory"])
    #expect(try first.run { _ in }.isComplete)
  }

  // MARK: Memory

  @Test("a run that does not fit is refused with its numbers, and leaves nothing")
  func memory() throws {
    expect(
      refusal(["memory.limit=2MB"]),
      ["the run needs", "and may take 2.00 MB", "weights", "activations", "batch.micro", "memory.limit"])
    #expect(FileKind(run.directory) == .none)
  }

  @Test("unknown keys have suggestions")
  func keys() throws {
    #expect { _ = try run.configuration(["optimizer.learningrate=1"]) } throws: {
      "\($0)".contains("did you mean \"optimizer.learningRate\"?")
    }
  }

  // MARK: The end

  @Test("a complete run leaves a folder of the model", arguments: ["f32", "bf16"])
  func export(_ type: String) throws {
    let configuration = try run.configuration(["checkpoint.export=\(type)"])
    try run.train(configuration, two, until: 3)
    #expect(FileKind(run.directory + "/model") == .none, "only the end is exported")
    try run.train(configuration, two)
    let exported = try HuggingFaceWeights(try HuggingFaceFolder(run.directory + "/model"))
    let saved = try HuggingFaceWeights(
      try HuggingFaceFolder("\(run.directory)/\(CheckpointFolder.name(6))"))
    for name in ["token_embd.weight", "output.weight", "blk.1.attn_q.weight", "output_norm.weight"] {
      let (one, other) = (try #require(exported.tensor(name)), try #require(saved.tensor(name)))
      #expect(one.type == (type == "f32" ? .f32 : .bf16) && other.type == .f32)
      let floats = saved.bytes(of: other).assumingMemoryBound(to: Float.self)
      for index in 0..<other.rows * other.columns {
        let bits: UInt32
        if type == "f32" {
          bits = exported.bytes(of: one).assumingMemoryBound(to: UInt32.self)[index]
        } else {
          bits = UInt32(exported.bytes(of: one).assumingMemoryBound(to: UInt16.self)[index]) << 16
        }
        let error = abs(Float(bitPattern: bits) - floats[index])
        #expect(error <= (type == "f32" ? 0 : abs(floats[index]) / 256), "\(name)[\(index)]")
      }
    }
  }
}
