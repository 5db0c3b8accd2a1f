// A run that was stopped after any step and went on ends with the same bits as one that was not, whatever it is made of
// and however many threads there are (F81).

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct TrainerResumeTests {
  /// Settings, each a kind of run.
  static let kinds: [[String]] = [
    ["data.mode=stream"],
    ["data.mode=documents", "optimizer.ema=0.9"],
    ["precision=bf16", "data.mode=documents", "optimizer.name=adamw8bit", "model.architecture=gpt2"],
    ["optimizer.name=muon", "precision=bf16"],
    ["optimizer.name=adafactor"],
    ["optimizer.name=lion", "optimizer.learningRate=0.001", "schedule.name=wsd"],
    ["optimizer.name=sgd", "batch.micro=1", "optimizer.clip=0"],
    ["batch.ramp.from=1", "batch.ramp.steps=5", "batch.micro=1", "data.mode=documents"],
    ["model.initialization=mup", "model.mupBaseWidth=16", "loss.zLoss=0.001", "memory.recompute=all"],
    // Two epochs and a half, in another order each.
    ["batch.sequences=30", "batch.micro=15", "data.skipBad=1"],
  ]

  @Test("stopped after every step, and not at all: the same bits", arguments: kinds)
  func everyStep(_ settings: [String]) throws {
    let run = try TinyRun()
    let configuration = try run.configuration(settings)
    let alone = try runtime(threads: 1)
    try run.train(configuration, alone)
    let whole = try run.result()
    #expect(whole.records.keys.sorted() == [2, 4, 6])
    for threads in [2, 3] {
      let several = try runtime(threads: threads)
      run.clear()
      for step in 1...6 { try run.train(configuration, several, until: step) }
      let pieces = try run.result()
      #expect(pieces.differences(from: whole) == [], "\(settings), \(threads) threads")
    }
  }

  @Test("stopped once, after step", arguments: 0...5)
  func once(_ step: Int) throws {
    let run = try TinyRun()
    let configuration = try run.configuration()
    let two = try runtime(threads: 2)
    try run.train(configuration, two)
    let whole = try run.result()
    run.clear()
    let first = try run.train(configuration, two, until: step)
    #expect(first.steps == step && !first.isComplete)
    let second = try run.train(configuration, try runtime(threads: 1))
    #expect(second.steps == 6 && second.isComplete)
    #expect(try run.result().differences(from: whole) == [])
  }

  @Test("what is measured, sampled and saved on the way changes nothing")
  func watching() throws {
    let run = try TinyRun()
    let two = try runtime(threads: 2)
    try run.train(try run.configuration(), two)
    let whole = try run.result()
    run.clear()
    let watched = try run.configuration([
      "data.validation=\(run.folder.path)/validation.jsonl", "evaluation.every=1", "evaluation.samples=1",
      "evaluation.sampleTokens=4", "evaluation.prompt=abc", "checkpoint.every=1", "log.html=true",
      "log.tensorboard=true",
    ])
    var (losses, samples) = (0, 0)
    try run.train(watched, two) { event in
      if case .evaluation(let record) = event.kind {
        losses += 1
        #expect(record.loss.isFinite && record.bitsPerByte != nil)
      }
      if case .sample(let prompt, let text) = event.kind {
        samples += 1
        #expect(prompt == "abc" && !text.isEmpty)
      }
    }
    #expect(losses == 6 && samples == 6)
    #expect(try run.result().differences(from: whole) == [])
  }

  @Test("a finished run that is started again does nothing")
  func finished() throws {
    let run = try TinyRun()
    let two = try runtime(threads: 2)
    let first = try run.train(try run.configuration(), two)
    let whole = try run.result()
    #expect(try run.train(try run.configuration(), two) == first)
    #expect(try run.result() == whole)
    // And a longer one goes on from it.
    #expect(try run.train(try run.configuration(["steps=8"]), two).steps == 8)
  }

  @Test("the micro-batches of a step change the rounding only")
  func microBatches() throws {
    let two = try runtime(threads: 2)
    var losses: [Double] = []
    for micro in [4, 2, 1] {
      let run = try TinyRun()
      losses.append(
        try run.train(try run.configuration(["batch.micro=\(micro)", "data.mode=documents"]), two).loss)
    }
    for loss in losses { #expect(abs(loss - losses[0]) <= 1e-5 * losses[0], "\(losses)") }
  }

  @Test("a run keeps its micro-batches when the memory that it may take changes")
  func memoryChanges() throws {
    let run = try TinyRun()
    let two = try runtime(threads: 2)
    let free = ["batch.micro=null", "batch.sequences=16", "memory.recompute=none"]
    let large = try run.configuration(free)
    let most = try Trainer.plan(large, runtime: two)
    let least = try Trainer.plan(try run.configuration(free + ["batch.micro=1"]), runtime: two)
    #expect(most.microBatch > 1 && least.forecast.total < most.forecast.total)
    let small = try run.configuration(free + ["memory.limit=\(least.forecast.total)"])
    #expect(try Trainer.plan(small, runtime: two).microBatch == 1)

    try run.train(small, two)
    let whole = try run.result()
    run.clear()
    try run.train(small, two, until: 3)
    // There is room for more now, but the sums would be others.
    #expect(try Trainer.plan(large, runtime: two).microBatch == 1)
    try run.train(large, two)
    #expect(try run.result().differences(from: whole) == [])

    run.clear()
    try run.train(large, two, until: 3)
    let tight = try run.trainer(small, two)
    #expect(
      tight.notes.contains {
        $0.contains("micro-batches of 1 sequences") && $0.contains("not to the same bits")
      })
  }
}
