// Runs that learn preferences: stopped and gone on with, what they say, what they refuse.

import ApusBasics
import ApusData
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct PreferenceLessonTests {
  private let run: TinyRun

  init() throws {
    run = try TinyRun()
    try run.folder.write("template.jinja", Array(FineTuningTests.template.utf8))
    try run.folder.write(
      "pairs.jsonl", Self.lines(24, seed: 3) { ["chosen": .string($0), "rejected": .string($1)] })
    try run.folder.write(
      "held.jsonl", Self.lines(8, seed: 4) { ["chosen": .string($0), "rejected": .string($1)] })
    try run.folder.write("singles.jsonl", Self.singles(24, seed: 5))
  }

  /// Letters of the first half of six are good, those of the second bad: something that can be learned.
  private static func words(_ count: Int, seed: UInt64) -> [(prompt: String, good: String, bad: String)] {
    let random = Philox(key: seed)
    var place: UInt64 = 0
    func word(_ first: Int, _ letters: Int) -> String {
      place += 1
      let length = 1 + Int(random.uniform(place) * 8)
      return String(
        (0..<length).map { _ in
          place += 1
          return Character(UnicodeScalar(UInt8(97 + first + Int(random.uniform(place) * Float(letters)))))
        })
    }
    return (0..<count).map { _ in (word(0, 6), word(0, 3), word(3, 3)) }
  }

  private static func lines(
    _ count: Int, seed: UInt64, _ answers: (String, String) -> KeyValuePairs<String, JSONValue>
  ) -> [UInt8] {
    let lines = words(count, seed: seed).map { row in
      JSONValue.members(
        [(name: "prompt", value: JSONValue.string(row.prompt))]
          + answers(row.good, row.bad).map { (name: $0.key, value: $0.value) }
      )
      .serialized() + "\n"
    }
    return Array(lines.joined().utf8)
  }

  private static func singles(_ count: Int, seed: UInt64) -> [UInt8] {
    let lines = words(count, seed: seed).enumerated().map { number, row in
      JSONValue.members([
        "prompt": .string(row.prompt), "completion": .string(number % 3 == 0 ? row.bad : row.good),
        "label": .bool(number % 3 != 0),
      ]).serialized() + "\n"
    }
    return Array(lines.joined().utf8)
  }

  private func configuration(
    _ objective: String, _ settings: [String] = []
  ) throws -> TrainingConfiguration {
    let path = run.folder.path
    return try run.configuration(
      ["architecture", "layers", "hidden", "heads", "feedForward"].map { "model.\($0)=null" } + [
        "model.from=\(path)/tokenizer", "data.tokenizer=null", "objective=\(objective)", "data.train=[]",
        "data.preferences=\(path)/\(objective == "kto" ? "singles" : "pairs").jsonl",
        "data.chatTemplate=\(path)/template.jinja", "batch.length=32", "optimizer.learningRate=0.001",
      ] + settings)
  }

  private static let objectives = ["dpo", "ipo", "kto", "simpo"]

  @Test("a stopped run goes on to the same bits", arguments: objectives)
  func stopped(_ objective: String) throws {
    let configuration = try configuration(objective, ["log.every=4"])
    try run.train(configuration, try runtime(threads: 1))
    let whole = try run.result()
    run.clear()
    for step in [1, 3, 6] { try run.train(configuration, try runtime(threads: 2), until: step) }
    #expect(try run.result().differences(from: whole) == [])
  }

  @Test(
    "a run goes on only beside the reference it began with",
    arguments: [("dpo", "tokenizer"), ("kto", nil), ("simpo", nil)] as [(String, String?)])
  func otherReference(_ objective: String, _ reference: String?) throws {
    let settings = reference.map { ["reference.from=\(run.folder.path)/\($0)"] } ?? []
    let configuration = try configuration(objective, settings)
    try run.train(configuration, runtime(threads: 2), until: 2)
    try ModelFixture("llama").writeFolder(at: "\(run.folder.path)/tokenizer", type: .bf16)
    guard objective != "simpo" else {
      // It has none, and its own weights are in the checkpoint.
      #expect(try run.train(configuration, runtime(threads: 2)).isComplete)
      return
    }
    #expect {
      try run.train(configuration, runtime(threads: 2))
    } throws: {
      guard case .otherModel(_, let key, let path) = $0 as? TrainingError else { return false }
      return key == (reference == nil ? "model.from" : "reference.from") && path.hasSuffix("/tokenizer")
    }
    try ModelFixture("llama").writeFolder(at: "\(run.folder.path)/tokenizer")
    #expect(try run.train(configuration, runtime(threads: 2)).isComplete)
  }

  /// What a run says.
  private struct Story {
    var steps: [StepRecord] = []
    var evaluations: [EvaluationRecord] = []
    var start: RunStart?

    func figure(_ name: String, _ step: Int) -> Double {
      steps[step].figures.first { $0.name == name }?.value ?? .nan
    }
  }

  private func story(_ objective: String, _ settings: [String]) throws -> Story {
    run.clear()
    var story = Story()
    try run.train(try configuration(objective, ["log.every=1"] + settings), try runtime(threads: 2)) {
      event in
      switch event.kind {
      case .step(let record): story.steps.append(record)
      case .evaluation(let record): story.evaluations.append(record)
      case .start(let start): story.start = start
      default: break
      }
    }
    return story
  }

  @Test("it learns which answers are better, also those it has not seen", arguments: objectives)
  func learns(_ objective: String) throws {
    let held = run.folder.path + (objective == "kto" ? "/singles.jsonl" : "/held.jsonl")
    let story = try story(
      objective, ["steps=30", "data.validation=\(held)", "evaluation.every=10", "batch.sequences=8"])
    let last = story.steps.count - 1
    #expect(story.steps[last].loss < 0.8 * story.steps[0].loss, "\(objective): \(story.steps.map(\.loss))")
    #expect(story.figure("margin", last) > story.figure("margin", 0) + 0.1)
    #expect(story.figure("accuracy", last) > 0.9)
    let measured = try #require(story.evaluations.last)
    let accuracy = try #require(measured.figures.first { $0.name == "accuracy" }).value
    #expect(story.evaluations.count == 3 && accuracy > 0.85, "\(objective): \(story.evaluations)")
    #expect(measured.bitsPerByte == nil && measured.loss < story.evaluations[0].loss)
  }

  @Test("two processes learn what one does", arguments: ["dpo", "kto"])
  func ranks(_ objective: String) throws {
    let held = run.folder.path + (objective == "kto" ? "/singles.jsonl" : "/held.jsonl")
    let settings = [
      "log.every=1", "batch.sequences=6", "batch.micro=1", "data.validation=\(held)", "evaluation.every=3",
    ]
    func records(_ ranks: Int) throws -> (steps: [StepRecord], evaluations: [EvaluationRecord]) {
      run.clear()
      let configuration = try configuration(objective, settings)
      let results = onRanks(ranks, timeout: 60) { group in
        let trainer = try Trainer(
          configuration, runtime: runtime(threads: 1), group: group, operations: FailingDisk(failingCall: 0))
        var (steps, evaluations) = ([StepRecord](), [EvaluationRecord]())
        _ = try trainer.run { event in
          if case .step(let record) = event.kind { steps.append(record) }
          if case .evaluation(let record) = event.kind { evaluations.append(record) }
        }
        return (steps, evaluations)
      }.results
      return try results.map { try $0.get() }[0]
    }
    let (one, two) = (try records(1), try records(2))
    #expect(one.steps.count == 6 && two.steps.count == 6 && two.evaluations.count == 2)
    // Before the first update all processes add up the same numbers; later sums of gradients have other roundings.
    #expect(two.steps[0].loss == one.steps[0].loss && two.steps[0].figures == one.steps[0].figures)
    for (left, right) in zip(one.steps, two.steps) {
      #expect(abs(left.loss - right.loss) <= 1e-4 * left.loss, "\(left.loss), \(right.loss)")
      #expect(abs(left.gradientNorm - right.gradientNorm) <= 1e-3 * left.gradientNorm)
    }
    for (left, right) in zip(one.evaluations, two.evaluations) {
      #expect(abs(left.loss - right.loss) <= 1e-4 * left.loss)
    }
  }

  @Test("at the beginning the model is its own reference, to the bit; another one is not")
  func reference() throws {
    let own = try story("dpo", ["steps=1", "schedule.warmup=0"])
    #expect(own.figure("margin", 0) == 0 && own.figure("accuracy", 0) == 0.5)
    #expect(own.figure("chosen reward", 0) == 0)
    let facts = try #require(own.start).facts
    #expect(
      facts.first { $0.name == "reference" }?.value.contains("/tokenizer, 48 answers in ") == true, "\(facts)"
    )
    #expect(facts.first { $0.name == "preferences" }?.value.hasPrefix("24 of 24 read, ") == true)
    let same = try story(
      "dpo", ["steps=1", "schedule.warmup=0", "reference.from=\(run.folder.path)/tokenizer"])
    #expect(same.figure("margin", 0) == 0)
    try ModelFixture("llama-tied").writeFolder(at: run.folder.path + "/other")
    let other = try story("dpo", ["steps=1", "schedule.warmup=0", "reference.from=\(run.folder.path)/other"])
    #expect(other.figure("margin", 0) != 0)
    #expect(
      try story("simpo", ["steps=1", "schedule.warmup=0"]).start?.facts.contains { $0.name == "reference" }
        == false)
  }

  /// A rate that changes nothing: all epochs of the same pairs must then say the same.
  @Test("the reference is the same at every epoch")
  func epochs() throws {
    try run.folder.write(
      "few.jsonl", Self.lines(4, seed: 9) { ["chosen": .string($0), "rejected": .string($1)] })
    let story = try story(
      "dpo",
      [
        "steps=3", "data.preferences=\(run.folder.path)/few.jsonl", "optimizer.learningRate=1e-30",
        "data.shuffle=false",
        "reference.from=\(run.folder.path)/tokenizer",
      ])
    #expect(
      Set(story.steps.map(\.loss)).count == 1
        && story.steps.allSatisfy { $0.figures == story.steps[0].figures })
    #expect(story.figure("margin", 2) == 0)
  }

  @Test("an adapter learns, too, and is its base at the beginning")
  func adapter() throws {
    let story = try story(
      "dpo", ["steps=20", "adapter.rank=4", "optimizer.learningRate=0.01", "batch.sequences=8"])
    #expect(story.figure("margin", 0) == 0)
    #expect(story.figure("margin", 19) > 0.1 && story.steps[19].loss < story.steps[0].loss)
  }

  @Test("micro-batches change a loss by rounding only, and memory is counted")
  func microBatches() throws {
    let one = try story("dpo", ["steps=3", "batch.micro=1"])
    let four = try story("dpo", ["steps=3", "batch.micro=4"])
    for (left, right) in zip(one.steps, four.steps) {
      #expect(abs(left.loss - right.loss) <= 1e-5 * left.loss)
      #expect(abs(left.gradientNorm - right.gradientNorm) <= 1e-4 * left.gradientNorm)
    }
    let tuning = try Trainer.plan(configuration("dpo"), runtime: runtime(threads: 1)).forecast
    #expect(tuning.lesson > 0)
    let another = try Trainer.plan(
      configuration("dpo", ["reference.from=\(run.folder.path)/tokenizer"]), runtime: runtime(threads: 1)
    ).forecast
    #expect(another.lesson > tuning.lesson + another.weights / 2)
  }

  @Test(
    "settings that contradict each other",
    arguments: [
      ("dpo", ["data.preferences=[]"], "\"data.preferences\" is missing"),
      ("dpo", ["data.train=a.txt"], "\"data.train\" and \"objective\" contradict each other"),
      ("sft", ["data.conversations=a.jsonl"], "\"data.preferences\" and \"objective\" contradict each other"),
      ("simpo", ["loss.labelSmoothing=0.1"], "\"loss.labelSmoothing\" and \"objective\" contradict"),
      ("dpo", ["loss.zLoss=0.1"], "\"loss.zLoss\" and \"objective\" contradict"),
      ("dpo", ["preference.labelSmoothing=0.5"], "\"preference.labelSmoothing\" is 0.5"),
      ("dpo", ["preference.beta=0"], "\"preference.beta\" is 0"),
      (
        "kto", ["preference.desirableWeight=0", "preference.undesirableWeight=0"],
        "no answer counts; one weight must be above 0"
      ),
      (
        "dpo",
        [
          "model.from=null", "model.architecture=llama", "model.layers=1", "model.hidden=32", "model.heads=2",
          "data.tokenizer=x",
        ], "\"model.from\" is missing"
      ),
    ])
  func contradictions(_ objective: String, _ settings: [String], _ problem: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try configuration(objective, settings) }
    #expect(error?.description.contains(problem) == true, "\(error!)")
  }

  @Test("settings of other objectives are told")
  func idle() throws {
    #expect(try configuration("dpo").notes == [])
    for (objective, setting, key) in [
      ("dpo", "preference.simpoMargin=2", "preference.simpoMargin"),
      ("ipo", "preference.labelSmoothing=0.1", "preference.labelSmoothing"),
      ("dpo", "preference.desirableWeight=2", "preference.desirableWeight"),
      ("simpo", "reference.from=x", "reference.from"),
      ("dpo", "loss.prompt=1", "loss.prompt"), ("kto", "data.mode=documents", "data.mode"),
    ] {
      let notes = try configuration(objective, [setting]).notes
      #expect(notes == ["\"\(key)\" does nothing with objective \(objective)"], "\(setting): \(notes)")
    }
    #expect(
      try run.configuration(["preference.beta=1"]).notes == [
        "\"preference.beta\" does nothing with objective pretrain"
      ])
  }

  @Test("bad lines, a reference that is none, answers longer than a row")
  func bad() throws {
    let path = run.folder.path
    try run.folder.write(
      "bad.jsonl",
      Array("{\"prompt\": \"a\", \"chosen\": \"b\"}\n".utf8)
        + Self.lines(6, seed: 7) { ["chosen": .string($0), "rejected": .string($1)] })
    func trainer(_ settings: [String]) throws -> Trainer {
      try run.trainer(configuration("dpo", settings), runtime(threads: 1))
    }
    let line = #expect(throws: ReadingError.self) { try trainer(["data.preferences=\(path)/bad.jsonl"]) }
    #expect(line?.description.contains("bad.jsonl:1: has no member \"rejected\"") == true)
    let skipping = try trainer(["data.preferences=\(path)/bad.jsonl", "data.skipBad=1"])
    #expect(skipping.notes.contains { $0.contains("1 bad line was skipped: ") })
    let long = #expect(throws: PreferenceError.self) { try trainer(["batch.length=4"]) }
    #expect(long?.description.contains("are longer than 4 tokens") == true)
    #expect(throws: (any Error).self) { try trainer(["reference.from=\(path)/nowhere"]) }
    let template = #expect(throws: TrainingError.self) { try trainer(["data.chatTemplate=null"]) }
    #expect(template?.description.contains("has no chat template") == true)
  }
}
