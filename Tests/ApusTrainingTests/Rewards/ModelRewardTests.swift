// A reward model as the judge of a run, from its own training to the records of the policy: scores, bits, memory, what is
// too long, what is no judge.

import ApusBasics
import ApusData
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import ApusText
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ModelRewardTests {
  private let tiny: TinyPolicyRun
  private let path: String

  init() throws {
    tiny = try TinyPolicyRun()
    path = tiny.run.folder.path
  }

  /// Trains a reward model for four steps, from a folder or a new one, and returns the folder that is exported.
  private func judge(_ name: String = "judge", from base: String? = nil, template: String? = nil) throws
    -> String
  {
    try tiny.run.folder.write("pairs.jsonl", RewardLessonTests.pairs(16, seed: 3))
    if let template { try tiny.run.folder.write("\(name).jinja", Array(template.utf8)) }
    let configuration = try tiny.run.configuration(
      ["architecture", "layers", "hidden", "heads", "feedForward"].map { "model.\($0)=null" } + [
        "model.from=\(base ?? "\(path)/tokenizer")", "data.tokenizer=null", "objective=reward",
        "data.train=[]",
        "data.preferences=\(path)/pairs.jsonl",
        "data.chatTemplate=\(path)/\(template == nil ? "template" : name).jinja", "batch.length=16",
        "steps=4",
        "checkpoint.directory=\(path)/\(name)",
      ])
    try tiny.run.train(configuration, runtime(threads: 2))
    return "\(path)/\(name)/model"
  }

  /// Figures of each step, and notes.
  private func records(
    _ settings: [String], _ reward: (any Reward)? = nil, objective: String = "ppo"
  ) throws -> (figures: [[String: Double]], notes: [String]) {
    tiny.run.clear()
    var (figures, notes) = ([[String: Double]](), [String]())
    let trainer = try Trainer(
      tiny.configuration(settings, objective: objective), runtime: runtime(threads: 2),
      operations: FailingDisk(failingCall: 0), reward: reward)
    notes = trainer.notes
    _ = try trainer.run { event in
      switch event.kind {
      case .step(let record):
        figures.append(Dictionary(uniqueKeysWithValues: record.figures.map { ($0.name, $0.value) }))
      case .note(let note): if !note.hasPrefix("exported") { notes.append(note) }
      default: break
      }
    }
    return (figures, notes)
  }

  @Test("rewards in the records are the judge's scores of the same answers", arguments: ["ppo", "grpo"])
  func scores(_ objective: String) throws {
    let judge = try judge()
    let settings = ["reward.kind=model", "reward.model=\(judge)", "steps=3"]
    let records = try records(settings, objective: objective)
    #expect(records.notes.isEmpty, "\(records.notes)")
    let files = try RewardModelFiles(ModelFiles(judge))
    let witness = Witness(try ModelReward(files, runtime: runtime(threads: 1)))
    // A reward that a program gives takes the place of the one that is named.
    let witnessed = try self.records(settings, witness, objective: objective)
    #expect(witnessed.figures == records.figures && witness.seen.count == 3)
    let model = try RewardModel(judge, runtime: runtime(threads: 2))
    for (step, answers) in zip(records.figures, witness.seen) {
      #expect(answers.count == 16)
      let scores = try model.scores(
        answers.map { $0.messages + [ChatMessage(role: "assistant", content: $0.text)] })
      #expect(Set(scores).count > 1)
      let mean = scores.reduce(0, +) / Double(scores.count)
      #expect(step["reward"] == mean && step["not judged"] == 0)
      // Alone and together a score has the same bits.
      #expect(
        try answers.map { try model.scores([$0.messages + [.init(role: "assistant", content: $0.text)]])[0] }
          == scores)
    }
  }

  @Test("a run with a judge goes on to the same bits", arguments: ["ppo", "grpo"])
  func stopped(_ objective: String) throws {
    let configuration = try tiny.configuration(
      [
        "reward.kind=model", "reward.model=\(judge())", "policy.epochs=2", "policy.minibatches=2",
        "data.validation=\(path)/prompts.jsonl", "evaluation.every=2", "evaluation.samples=0",
      ], objective: objective)
    try tiny.run.train(configuration, runtime(threads: 1))
    let whole = (try tiny.run.files(after: 6), try tiny.run.result())
    tiny.run.clear()
    for step in 1...6 { try tiny.run.train(configuration, runtime(threads: 2), until: step) }
    #expect(try tiny.run.files(after: 6) == whole.0)
    #expect(try tiny.run.result().differences(from: whole.1) == [])
  }

  @Test("a run goes on only with the judge it began with")
  func otherJudge() throws {
    let configuration = try tiny.configuration(
      ["reward.kind=model", "reward.model=\(judge())"], objective: "grpo")
    try tiny.run.train(configuration, runtime(threads: 2), until: 2)
    try tiny.run.folder.flip("judge/model/model.safetensors", at: -5)
    let error = #expect(throws: TrainingError.self) { try tiny.run.train(configuration, runtime(threads: 2)) }
    #expect("\(String(describing: error))".contains("(reward.model); put the old file back"))
  }

  @Test("a judge reads with its own template and its own tokenizer")
  func otherTokenizer() throws {
    // The same pieces under other ids: with the policy's ids the judge would read other words.
    let base = "\(path)/other"
    try ModelFixture("llama").writeFolder(at: base)
    let document = try JSONValue(parsing: #require(readFile(base + "/tokenizer.json")))
    var (object, model) = (try #require(document.object), try #require(document["model"]?.object))
    var vocabulary = try #require(model["vocab"]?.object)
    let letters = try (97..<123).map {
      try #require(vocabulary["<0x\(String($0, radix: 16, uppercase: true))>"])
    }
    for (index, byte) in (97..<123).enumerated() {
      vocabulary["<0x\(String(byte, radix: 16, uppercase: true))>"] = letters[25 - index]
    }
    model["vocab"] = .object(vocabulary)
    object["model"] = .object(model)
    try writeFile(base + "/tokenizer.json", Array(JSONValue.object(object).serialized().utf8))
    let template = "{% for m in messages %}{{ m.role[0] }}z{{ m.content }}{% endfor %}"
    let judge = try judge("foreign", from: base, template: template)
    let files = try RewardModelFiles(ModelFiles(judge))
    let answer = RolloutAnswer(
      prompt: JSONObject(), messages: [ChatMessage(role: "user", content: "ab")], text: "cab", tokenCount: 3,
      isEnded: true)
    func ids(_ text: String) throws -> [Int32] {
      try text.utf8.map { Int32(try #require(letters[25 - (Int($0) - 97)].int)) }
    }
    let tokens = try files.tokens(
      answer.messages + [ChatMessage(role: "assistant", content: answer.text)])
    #expect(try tokens == ids("uzabazcab"))
    let reward = try ModelReward(files, runtime: runtime(threads: 1))
    let alone = try RewardModel(judge, runtime: runtime(threads: 1))
    #expect(try reward.scores([answer]) == alone.scores(ofTokens: [tokens]).map { Optional($0) })
    let records = try records(["reward.kind=model", "reward.model=\(judge)", "steps=2"])
    #expect(records.figures.count == 2 && records.figures.allSatisfy { $0["not judged"] == 0 })
  }

  @Test("answers longer than the judge takes are an error, or are counted and not judged")
  func tooLong() throws {
    let base = "\(path)/short"
    try ModelFixture("llama").writeFolder(at: base) { $0["max_position_embeddings"] = .int(24) }
    let judge = try judge("brief", from: base)
    let settings = ["reward.kind=model", "reward.model=\(judge)", "steps=2"]
    let error = #expect(throws: RewardError.self) { try records(settings) }
    let text = "\(String(describing: error))"
    #expect(text.contains(judge) && text.contains("more than the 24 the reward model takes"), "\(text)")
    #expect(text.contains("reward.onFailure") && !text.contains("\n"))
    let (figures, notes) = try records(settings + ["reward.onFailure=skip"])
    let shares = figures.compactMap { $0["not judged"] }
    #expect(shares.count == 2 && shares.allSatisfy { $0 > 0 && $0 < 1 }, "\(shares)")
    #expect(notes[0].contains("takes 24 tokens") && notes[0].contains("may have 48"), "\(notes)")
    let counts = notes.dropFirst().map { String($0.prefix { $0 != " " }) }
    #expect(counts == shares.map { "\(Int($0 * 16))" }, "\(notes)")
    #expect(notes[1].contains("of 16 answers are longer than the 24 tokens"))
    // A prompt that leaves no room is found before anything is learned.
    try tiny.run.folder.write("prompts.jsonl", Array("{\"prompt\": \"abababababababababab\"}\n".utf8))
    let early = #expect(throws: ReadingError.self) {
      try Trainer(tiny.configuration(settings, objective: "ppo"), runtime: runtime(threads: 1))
    }
    #expect("\(String(describing: early))".contains("prompts.jsonl:1"), "\(String(describing: early))")
    #expect("\(String(describing: early))".contains(judge))
  }

  @Test("what the judge's template refuses is found with the prompt's place")
  func template() throws {
    let template =
      "{% for m in messages %}{% if m.content == 'ab' %}{{ raise_exception('no ab') }}{% endif %}{{ m.content }}"
      + "{% endfor %}"
    let judge = try judge("strict", template: template)
    let error = #expect(throws: ReadingError.self) {
      try Trainer(
        tiny.configuration(["reward.kind=model", "reward.model=\(judge)"]), runtime: runtime(threads: 1))
    }
    let text = "\(String(describing: error))"
    #expect(text.contains("prompts.jsonl:1") && text.contains("no ab") && text.contains(judge), "\(text)")
  }

  @Test("the tools of a prompt are the judge's to read")
  func tools() throws {
    let template = "{% if tools %}{{ tools[0] }}{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}"
    let judge = try judge("tools", template: template)
    let reward = try ModelReward(RewardModelFiles(ModelFiles(judge)), runtime: runtime(threads: 1))
    func score(_ tool: String?) throws -> [Double?] {
      var prompt = JSONObject()
      prompt["tools"] = tool.map { .array([.string($0)]) }
      return try reward.scores([
        RolloutAnswer(
          prompt: prompt, messages: [ChatMessage(role: "user", content: "a")], text: "b", tokenCount: 1,
          isEnded: true)
      ])
    }
    #expect(try score("c") != score("d") && score(nil) != score("c"))
  }

  @Test("scores that are no numbers end the run, or are told")
  func notFinite() throws {
    let judge = try judge()
    let files = try ModelFiles(judge)
    let (description, _) = try ModelDescription.of(files)
    let tokenizer = try #require(readFile(judge + "/tokenizer.json"))
    try HuggingFaceExport(
      description, weights: TensorReader(BrokenNorm(files.source)), type: .f32,
      tokenizer: TokenizerFiles(files: [(name: "tokenizer.json", bytes: tokenizer)])
    ).write(to: "\(path)/broken", replacing: true)
    let broken = try RewardModelFiles(
      ModelFiles("\(path)/broken"), chatTemplate: FineTuningTests.template)
    let answers = ["b", "c"].map {
      RolloutAnswer(
        prompt: JSONObject(), messages: [ChatMessage(role: "user", content: "a")], text: $0, tokenCount: 1,
        isEnded: true)
    }
    let error = #expect(throws: RewardError.self) {
      try ModelReward(broken, runtime: runtime(threads: 1)).scores(answers)
    }
    #expect("\(String(describing: error))".contains("\(path)/broken"))
    let skipping = try ModelReward(broken, runtime: runtime(threads: 1), onFailure: .skip)
    #expect(try skipping.scores(answers) == [nil, nil])
    #expect(skipping.takeNotes().count == 1 && skipping.takeNotes().isEmpty)
  }

  @Test("what is no judge is refused by name, before weights are loaded")
  func refused() throws {
    func problem(_ model: String, _ settings: [String] = []) -> String {
      do {
        _ = try Trainer(
          tiny.configuration(["reward.kind=model", "reward.model=\(model)"] + settings),
          runtime: runtime(threads: 1))
        return "none"
      } catch {
        return "\(error)"
      }
    }
    let plain = problem("\(path)/tokenizer")
    #expect(plain.contains("\(path)/tokenizer (llama) has no head that scores conversations"), "\(plain)")
    #expect(problem("\(path)/nothing").contains("\(path)/nothing"))
    let judge = try judge()
    #expect(unlink("\(judge)/chat_template.jinja") == 0)
    let bare = problem(judge)
    #expect(bare.contains("\(judge) has no chat template"), "\(bare)")
    let retried = problem(judge, ["reward.onFailure=retry"])
    #expect(retried.contains("\"reward.onFailure\" and \"reward.kind\" contradict each other"), "\(retried)")
  }

  @Test("the forecast has the judge, and so has the limit")
  func forecast() throws {
    let judge = try judge()
    let command = ["reward.kind=command", "reward.command=cat"]
    let named = ["reward.kind=model", "reward.model=\(judge)"]
    let threads = try runtime(threads: 1)
    let without = try Trainer.plan(tiny.configuration(command), runtime: threads).forecast
    let with = try Trainer.plan(tiny.configuration(named), runtime: threads).forecast
    #expect(without.judge == 0 && with.judge > 0 && with.total == without.total + with.judge)
    // The judge makes as many tokens of a text as the policy, but for what its template writes.
    let work = try TrainingInputs(tiny.configuration(named), runtime: threads).work(tiny.configuration(named))
    let answers = try #require(work.answers)
    #expect(
      answers.judge != nil && abs(answers.judgedTokens - answers.promptTokens - answers.answerTokens) < 3,
      "\(answers.judgedTokens)")
    #expect(with.rows.contains { $0.name == "reward model" && $0.bytes == with.judge })
    // What it has in memory once it has scored as many answers as it can at once.
    let files = try RewardModelFiles(ModelFiles(judge))
    let model = try RewardModel(files, runtime: threads)
    let capacity = EncoderPool.capacity(for: 64, contextLength: model.contextLength)
    let regions = try model.encoder.withEncoder(for: capacity) { $0.regions }
    let cache = try #require(regions.first(where: { $0.purpose == "keys and values" }))
    var measured = regions.reduce(0) { $0 + $1.byteCount } - cache.byteCount
    let network = model.encoder.network
    let page = (Encoder.cacheLayout(network).pageBytes + 63) & ~63
    // A step of the shortest texts there are: a prompt of five tokens, an answer of one.
    measured += capacity / 6 * page
    #expect(abs(Double(with.judge) / Double(measured) - 1) < 0.05, "\(with.judge), \(measured)")
    let limited = try Trainer.plan(
      tiny.configuration(named + ["batch.micro=1", "memory.recompute=all"]), runtime: threads
    ).forecast
    let error = #expect(throws: TrainingError.self) {
      try Trainer.plan(
        tiny.configuration(
          named + ["batch.micro=1", "memory.recompute=all", "memory.limit=\(limited.total - 1)"]),
        runtime: threads)
    }
    #expect("\(String(describing: error))".contains("reward model"), "\(String(describing: error))")
  }
}

/// Remembers what a judge is asked.
private final class Witness: Reward {
  private let judge: ModelReward
  private(set) var seen: [[RolloutAnswer]] = []

  init(_ judge: ModelReward) { self.judge = judge }

  func scores(_ answers: [RolloutAnswer]) throws -> [Double?] {
    seen.append(answers)
    return try judge.scores(answers)
  }
}

/// Weights whose last norm is so large that scores are not finite.
private struct BrokenNorm: WeightSource {
  private let base: any WeightSource
  private let values: FloatVector

  init(_ base: any WeightSource) {
    self.base = base
    let count = base.tensor("output_norm.weight")?.columns ?? 0
    values = FloatVector(count: count) { for index in $0.indices { $0[index] = 3e38 } }
  }

  var name: String { base.name }
  var architecture: String? { base.architecture }
  func hyperparameter(_ key: String) -> HyperparameterValue? { base.hyperparameter(key) }
  func tensor(_ name: String) -> TensorDescription? { base.tensor(name) }
  func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    tensor.name == "output_norm.weight" ? UnsafeRawPointer(values.base) : base.bytes(of: tensor)
  }
  func release(_ tensor: TensorDescription) {}
}
