// Runs that make reward models: what they learn, what they leave behind, stopped and gone on with.

import ApusBasics
import ApusInference
import ApusModels
import ApusRuntime
import ApusTestSupport
import ApusText
import Testing

@testable import ApusTraining

@Suite struct RewardLessonTests {
  private let run: TinyRun

  init() throws {
    run = try TinyRun()
    try run.folder.write("template.jinja", Array(FineTuningTests.template.utf8))
    try run.folder.write("pairs.jsonl", Self.pairs(24, seed: 3))
    try run.folder.write("held.jsonl", Self.pairs(8, seed: 4))
  }

  /// Good answers end with the letters a to c, bad ones with d to f.
  private static func words(_ count: Int, seed: UInt64) -> [(prompt: String, good: String, bad: String)] {
    let random = Philox(key: seed)
    var place: UInt64 = 0
    func letters(_ first: Int) -> String {
      place += 4
      return String(
        (0..<1 + place % 3).map { index in
          Character(UnicodeScalar(UInt8(97 + first + Int(random.uniform(place + UInt64(index)) * 3))))
        })
    }
    return (0..<count).map { _ in (letters(1), letters(0), letters(3)) }
  }

  static func pairs(_ count: Int, seed: UInt64) -> [UInt8] {
    Array(
      words(count, seed: seed).map { row in
        JSONValue.members([
          "prompt": .string(row.prompt), "chosen": .string(row.good), "rejected": .string(row.bad),
        ]).serialized() + "\n"
      }.joined().utf8)
  }

  private func configuration(_ settings: [String] = []) throws -> TrainingConfiguration {
    let path = run.folder.path
    return try run.configuration(
      ["architecture", "layers", "hidden", "heads", "feedForward"].map { "model.\($0)=null" } + [
        "model.from=\(path)/tokenizer", "data.tokenizer=null", "objective=reward", "data.train=[]",
        "data.preferences=\(path)/pairs.jsonl", "data.chatTemplate=\(path)/template.jinja", "batch.length=32",
        "optimizer.learningRate=0.001",
      ] + settings)
  }

  @Test("a stopped run goes on to the same bits")
  func stopped() throws {
    let configuration = try configuration(["log.every=4"])
    try run.train(configuration, try runtime(threads: 1))
    let whole = try run.result()
    run.clear()
    for step in [1, 3, 6] { try run.train(configuration, try runtime(threads: 2), until: step) }
    #expect(try run.result().differences(from: whole) == [])
  }

  @Test("it learns which answers are better, and leaves a reward model that says so")
  func learns() throws {
    var (steps, evaluations) = ([StepRecord](), [EvaluationRecord]())
    let path = run.folder.path
    let settings = [
      "steps=30", "log.every=1", "data.validation=\(path)/held.jsonl", "evaluation.every=10",
      "batch.sequences=8",
      "preference.rewardMargin=0.5",
    ]
    try run.train(try configuration(settings), try runtime(threads: 2)) { event in
      switch event.kind {
      case .step(let record): steps.append(record)
      case .evaluation(let record): evaluations.append(record)
      default: break
      }
    }
    func figure(_ figures: [Figure], _ name: String) -> Double {
      figures.first { $0.name == name }?.value ?? .nan
    }
    #expect(steps[29].loss < 0.5 * steps[0].loss, "\(steps.map(\.loss))")
    #expect(figure(steps[29].figures, "accuracy") > 0.95 && figure(steps[29].figures, "margin") > 0.5)
    let measured = try #require(evaluations.last)
    #expect(figure(measured.figures, "accuracy") > 0.9 && measured.loss < evaluations[0].loss)
    // The folder at the end is the model that was measured.
    let model = try RewardModel(
      "\(run.directory)/model", runtime: runtime(threads: 2), chatTemplate: FineTuningTests.template)
    let held = Self.words(8, seed: 4)
    func scores(_ answer: KeyPath<(prompt: String, good: String, bad: String), String>) throws -> [Double] {
      try model.scores(
        held.map {
          [
            ChatMessage(role: "user", content: $0.prompt),
            ChatMessage(role: "assistant", content: $0[keyPath: answer]),
          ]
        })
    }
    let (good, bad) = (try scores(\.good), try scores(\.bad))
    let margin = zip(good, bad).map { $0 - $1 }.reduce(0, +) / 8
    #expect(abs(margin - figure(measured.figures, "margin")) < 1e-4)
    #expect(abs(good.reduce(0, +) / 8 - figure(measured.figures, "chosen reward")) < 1e-4)
  }

  @Test("the loss at the beginning is that of the scores")
  func beginning() throws {
    var first: StepRecord?
    try run.train(
      try configuration([
        "steps=1", "schedule.warmup=0", "log.every=1", "batch.sequences=24", "batch.micro=8",
        "preference.rewardMargin=0",
      ]),
      try runtime(threads: 1)
    ) { event in
      if case .step(let record) = event.kind { first = record }
    }
    let record = try #require(first)
    // Scores of a new head are about 1, so the loss is near log 2 and not at it.
    #expect(record.loss != 0.6931471805599453 && abs(record.loss - 0.69) < 0.6, "\(record.loss)")
    #expect(record.gradientNorm > 0)
  }

  @Test("learning from scores allocates nothing", .enabled(if: allocationsAreCounted, allocationsSkipReason))
  func allocations() throws {
    // In the order of the file: in an unoptimised build drawing a row allocates.
    let (runtime, configuration) = (try runtime(threads: 2), try configuration(["data.shuffle=false"]))
    let inputs = try TrainingInputs(configuration, runtime: runtime)
    let assembly = try TrainingAssembly(configuration, inputs, runtime)
    let learner = try assembly.makeLearner(inputs, runtime)
    let lesson = try inputs.training.lesson(
      LessonRun(
        configuration: configuration, assembly: assembly, inputs: inputs, learner: learner, runtime: runtime))
    var count = 0
    for number in 1...4 {
      try lesson.begin(step: number, cursor: 4 * number, rows: 4)
      try lesson.prepare(update: 0)
      let made = try countAllocations(on: runtime.workers) {
        _ = try learner.step(
          number: number, learningRate: 0.001, clip: 1, microBatches: lesson.microBatches
        ) { lesson.add($0, to: $1, total: lesson.weight) }
      }
      if number > 1 { count += made }
    }
    #expect(count == 0)
  }

  @Test(
    "settings that contradict each other",
    arguments: [
      (["adapter.rank=4"], "\"adapter.rank\" and \"objective\" contradict each other"),
      (["loss.zLoss=0.1"], "\"loss.zLoss\" and \"objective\" contradict"),
      (["preference.rewardMargin=-1"], "\"preference.rewardMargin\" is -1"),
    ])
  func contradictions(_ settings: [String], _ problem: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try configuration(settings) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    let noted = try configuration(["preference.beta=1", "reference.from=x"]).notes
    #expect(noted.contains { $0.contains("\"preference.beta\" does nothing with objective reward") })
  }
}
