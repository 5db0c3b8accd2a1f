// A step after the first one allocates nothing: neither reading its rows, nor learning from them.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct TrainerAllocationTests {
  static let kinds: [[String]] = [
    ["data.mode=stream", "batch.micro=4"],
    ["data.mode=documents", "optimizer.ema=0.9"],
    ["precision=bf16", "optimizer.name=muon"],
    ["precision=bf16", "optimizer.name=adamw8bit", "model.architecture=gpt2"],
    ["optimizer.name=adafactor", "memory.recompute=all"],
  ]

  @Test(
    "a step allocates nothing", .enabled(if: allocationsAreCounted, allocationsSkipReason),
    arguments: kinds, [1, 2])
  func nothing(_ settings: [String], _ threads: Int) throws {
    let runtime = try runtime(threads: threads)
    let run = try TinyRun()
    let configuration = try run.configuration(settings)
    let inputs = try TrainingInputs(configuration, runtime: runtime)
    let assembly = try TrainingAssembly(configuration, inputs, runtime)
    let learner = try assembly.makeLearner(inputs, runtime)
    let lesson = try inputs.training.lesson(
      LessonRun(
        configuration: configuration, assembly: assembly, inputs: inputs, learner: learner, runtime: runtime))
    func step(_ number: Int) throws {
      try lesson.begin(step: number, cursor: 4 * number, rows: 4)
      let outcome = try learner.step(
        number: number, learningRate: 0.01, clip: 1, microBatches: lesson.microBatches
      ) { lesson.add($0, to: $1, total: lesson.weight) }
      #expect(outcome.isApplied)
    }
    try step(1)
    var reading = 0
    var learning = 0
    for number in 2...6 {
      reading += try countAllocations(on: runtime.workers) {
        try lesson.begin(step: number, cursor: 4 * number, rows: 4)
      }
      learning += try countAllocations(on: runtime.workers) {
        _ = try learner.step(
          number: number, learningRate: 0.01, clip: 1, microBatches: lesson.microBatches
        ) { lesson.add($0, to: $1, total: lesson.weight) }
      }
    }
    #expect(reading == 0 && learning == 0, "\(settings): reading \(reading), learning \(learning)")
  }
}
