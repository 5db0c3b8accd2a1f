// A run with objective sft: from a model's folder, on conversations, stopped and killed and gone on with, measured.

import ApusBasics
import ApusData
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct FineTuningTests {
  private let run: TinyRun

  static let template =
    "{% for m in messages %}{{ m.role[0] + m.content + '</s>' }}{% endfor %}"
    + "{% if add_generation_prompt %}a{% endif %}"

  init() throws {
    run = try TinyRun()
    try run.folder.write("template.jinja", Array(Self.template.utf8))
    try run.folder.write("chat.jsonl", Self.conversations(40, seed: 3))
    try run.folder.write("held.jsonl", Self.conversations(6, seed: 4))
  }

  /// Conversations of one or two turns with some reasoning; every tenth is longer than a row.
  private static func conversations(_ count: Int, seed: UInt64) -> [UInt8] {
    let random = Philox(key: seed)
    var place: UInt64 = 0
    func word(_ longest: Int) -> String {
      place += 1
      let length = 1 + Int(random.uniform(place) * Float(longest))
      return String(
        (0..<length).map { _ in
          place += 1
          return Character(UnicodeScalar(UInt8(97 + Int(random.uniform(place) * 6))))
        })
    }
    func message(_ role: String, _ content: String) -> JSONValue {
      .members(["role": .string(role), "content": .string(content)])
    }
    let lines = (0..<count).map { number in
      var messages: [JSONValue] = []
      for _ in 0...number % 2 {
        let thought = number % 3 == 0 ? "[\(word(8))]" : ""
        messages.append(message("user", number % 10 == 9 ? String(repeating: "a", count: 200) : word(12)))
        messages.append(message("assistant", thought + word(12)))
      }
      return JSONValue.members(["messages": .array(messages)]).serialized() + "\n"
    }
    return Array(lines.joined().utf8)
  }

  private func configuration(_ settings: [String] = []) throws -> TrainingConfiguration {
    let path = run.folder.path
    return try run.configuration(
      ["architecture", "layers", "hidden", "heads", "feedForward"].map { "model.\($0)=null" } + [
        "model.from=\(path)/tokenizer", "data.tokenizer=null", "objective=sft", "data.train=[]",
        "data.conversations=\(path)/chat.jsonl", "data.chatTemplate=\(path)/template.jinja",
        "data.reasoningBegin=[", "data.reasoningEnd=]", "loss.reasoning=0.5", "batch.length=96",
      ] + settings)
  }

  @Test(
    "a stopped run goes on to the same bits", arguments: [[], ["data.tooLong=truncate", "loss.prompt=0.1"]])
  func stopped(_ settings: [String]) throws {
    let configuration = try configuration(settings)
    try run.train(configuration, try runtime(threads: 1))
    let whole = try run.result()
    run.clear()
    for step in 1...6 { try run.train(configuration, try runtime(threads: 2), until: step) }
    #expect(try run.result().differences(from: whole) == [])
  }

  @Test("a killed run goes on from its last checkpoint to the same bits")
  func killed() throws {
    struct Killed: Error {}
    let configuration = try configuration(["checkpoint.every=2", "log.every=1"])
    let two = try runtime(threads: 2)
    try run.train(configuration, two)
    let whole = try run.result()
    run.clear()
    #expect(throws: Killed.self) {
      try run.train(configuration, two) { event in
        if case .step = event.kind, event.step == 5 { throw Killed() }
      }
    }
    let trainer = try run.trainer(configuration, two)
    #expect(trainer.step == 4)
    _ = try trainer.run { _ in }
    #expect(try run.result().differences(from: whole) == [])
  }

  /// What a run says.
  private struct Story {
    var losses: [Double] = []
    var evaluations: [Double] = []
    var samples = 0
    var start: RunStart?
  }

  private func story(_ settings: [String]) throws -> Story {
    run.clear()
    var story = Story()
    try run.train(try configuration(settings), try runtime(threads: 2)) { event in
      switch event.kind {
      case .step(let record): story.losses.append(record.loss)
      case .evaluation(let record): story.evaluations.append(record.loss)
      case .sample: story.samples += 1
      case .start(let start): story.start = start
      default: break
      }
    }
    return story
  }

  @Test("it learns, says what there was to learn from, and leaves a model to talk to")
  func learns() throws {
    let story = try story([
      "steps=40", "data.validation=\(run.folder.path)/held.jsonl", "evaluation.every=20", "log.every=1",
      "optimizer.learningRate=0.003", "evaluation.samples=1", "evaluation.prompt=abc",
      "evaluation.sampleTokens=4",
    ])
    #expect(story.losses.last! < 0.8 * story.losses[0], "\(story.losses[0]) to \(story.losses.last!)")
    #expect(story.evaluations.count == 2 && story.samples == 2)
    let facts = try #require(story.start).facts
    let conversations = try #require(facts.first { $0.name == "conversations" }?.value)
    #expect(
      conversations.hasPrefix("40 read, ") && conversations.hasSuffix(", 4 too long and skipped"),
      "\(conversations)")
    #expect(facts.contains { $0.name == "validation" && $0.value.hasPrefix("6 read, ") })
    #expect(readFile(run.directory + "/model/chat_template.jinja") == Array(Self.template.utf8))
  }

  @Test("measured are the assistant's tokens, whatever counts in learning")
  func measures() throws {
    // The same few conversations to learn and to measure, all of them in one row, and a rate that changes nothing to speak
    // of.
    try run.folder.write("few.jsonl", Self.conversations(3, seed: 6))
    let path = run.folder.path + "/few.jsonl"
    func story(_ settings: [String]) throws -> Story {
      try self.story(
        [
          "data.conversations=\(path)", "data.validation=\(path)", "batch.sequences=1", "batch.micro=1",
          "batch.length=128", "steps=1", "schedule.warmup=0", "evaluation.every=1", "log.every=1",
          "optimizer.learningRate=1e-12",
        ] + settings)
    }
    let assistant = try story(["loss.reasoning=1"])
    #expect(abs(assistant.losses[0] - assistant.evaluations[0]) <= 1e-5 * assistant.losses[0], "\(assistant)")
    let others = [
      try story(["loss.reasoning=0"]), try story(["loss.prompt=1"]), try story(["loss.answer=0"]),
    ]
    for other in others {
      #expect(abs(other.evaluations[0] - assistant.evaluations[0]) <= 1e-5 * assistant.losses[0])
      #expect(abs(other.losses[0] - assistant.losses[0]) > 1e-3 * assistant.losses[0], "\(other)")
    }
  }

  @Test("what was left out is told before the start")
  func told() throws {
    try run.folder.write(
      "bad.jsonl", Array("{\"messages\":[]}\n".utf8) + Self.conversations(20, seed: 5))
    let path = run.folder.path
    let trainer = try run.trainer(
      configuration(["data.conversations=\(path)/bad.jsonl", "data.skipBad=1"]), runtime(threads: 1))
    #expect(
      trainer.notes.contains {
        $0.contains("1 bad line was skipped: \(path)/bad.jsonl:1: the conversation is empty")
      })
    #expect(trainer.notes.contains { $0.contains("2 examples were skipped because they are too long") })
    let error = #expect(throws: ReadingError.self) {
      try run.trainer(configuration(["data.conversations=\(path)/bad.jsonl"]), runtime(threads: 1))
    }
    #expect(error?.description.contains("bad.jsonl:1") == true)
  }

  @Test(
    "settings that contradict each other",
    arguments: [
      (["objective=pretrain"], "\"data.conversations\" and \"objective\" contradict each other"),
      (["data.train=a.txt"], "\"data.train\" and \"objective\" contradict each other"),
      (["data.conversations=[]"], "\"data.conversations\" is missing"),
      (["loss.answer=0", "loss.reasoning=0"], "no token counts"),
      (["loss.answer=-1"], "\"loss.answer\" is -1"), (["data.tooLong=drop"], "skip, truncate"),
    ])
  func contradictions(_ settings: [String], _ problem: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try configuration(settings) }
    #expect(error?.description.contains(problem) == true, "\(error!)")
  }

  @Test("a model without a template is refused; settings of the other objective are told")
  func missing() throws {
    let error = #expect(throws: TrainingError.self) {
      try run.trainer(configuration(["data.chatTemplate=null"]), runtime(threads: 1))
    }
    #expect(error?.description.contains("/tokenizer has no chat template") == true, "\(error!)")
    #expect(
      try configuration(["data.mode=documents"]).notes.contains(
        "\"data.mode\" does nothing with objective sft"))
    #expect(
      try run.configuration(["loss.prompt=1"]).notes.contains(
        "\"loss.prompt\" does nothing with objective pretrain"))
  }
}
