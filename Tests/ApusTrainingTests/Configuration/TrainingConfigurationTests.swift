// Reading configurations: what is right, what is refused and in which words, and what makes two of them the same run.

import ApusBasics
import Testing

@testable import ApusTraining

private let smallest = """
  {"model": {"architecture": "llama", "layers": 2, "hidden": 64, "heads": 4},
   "data": {"train": ["a.txt"], "tokenizer": "t.json"}, "batch": {"sequences": 8, "length": 32}, "steps": 100}
  """

private func read(_ text: String, _ settings: [String] = []) throws(ConfigurationError)
  -> TrainingConfiguration
{
  try TrainingConfiguration(parsing: Array(text.utf8), name: "run.json", settings: settings)
}

/// The error's words for the smallest configuration with settings.
private func problem(_ settings: [String], in text: String = smallest) -> String {
  do throws(ConfigurationError) {
    _ = try read(text, settings)
    return "none"
  } catch {
    return error.description
  }
}

struct TrainingConfigurationTests {
  @Test func theSmallest() throws {
    let configuration = try read(smallest)
    var expected = TrainingConfiguration()
    expected.model.architecture = .llama
    (expected.model.layers, expected.model.hidden, expected.model.heads) = (2, 64, 4)
    expected.data.train = ["a.txt"]
    expected.data.tokenizer = "t.json"
    (expected.batch.sequences, expected.batch.length) = (8, 32)
    expected.steps = 100
    #expect(configuration == expected)
    #expect(configuration.notes == [])
    let sizes = try #require(configuration.model.sizes)
    #expect(sizes.keyValueHeads == 4 && sizes.headSize == 16 && !sizes.tiedEmbeddings)
    #expect(sizes.feedForward == 192 && sizes.ropeTheta == 1e4 && sizes.normEpsilon == 1e-5)
    #expect(configuration.schedule.phases(steps: 100) == (warmup: 2, decay: 98))
  }

  /// Every key of the table can be set, to its own default where it has one; its text reads back.
  @Test(arguments: TrainingConfiguration.keys.map(\.path))
  func everyKeyIsSettable(_ path: String) throws {
    let key = try TrainingConfiguration.key(path)
    let standard = TrainingConfiguration()
    var configuration = TrainingConfiguration()
    let value = key.write(standard)
    let word = value.string ?? value.serialized()
    if !word.isEmpty {
      try configuration.apply(["\(path)=\(word)"])
      #expect(configuration == standard)
    }
    #expect(key.summary.hasSuffix("."))
    #expect(TrainingConfiguration.sections.contains { $0.name == key.section })
  }

  @Test func pathsOfKeysAreUnique() {
    let paths = TrainingConfiguration.keys.map(\.path)
    #expect(Set(paths).count == paths.count)
  }

  @Test func settings() throws {
    let configuration = try read(
      smallest,
      [
        "optimizer.learningRate=3e-4", "optimizer.name=muon", "data.train=b.txt,c.txt", "data.shuffle=false",
        "evaluation.prompt=a = \"b\"", "memory.limit=1.5GB", "threads=2", "threads=null", "tokens=1e9",
        "data.field=\"te\\u0078t\"", "batch.ramp.from=2", "batch.ramp.steps=10", "model.from=null",
      ])
    #expect(configuration.optimizer.learningRate == 3e-4)
    #expect(configuration.optimizer.name == .muon)
    #expect(configuration.data.train == ["b.txt", "c.txt"])
    #expect(!configuration.data.shuffle)
    #expect(configuration.evaluation.prompt == "a = \"b\"")
    #expect(configuration.memory.limit == .bytes(1_500_000_000))
    #expect(configuration.threads == nil)
    #expect(configuration.data.field == "text")
    #expect(configuration.batch.ramp == .init(from: 2, steps: 10))
    // The length of the command line has replaced the file's.
    #expect(configuration.steps == nil && configuration.tokens == 1_000_000_000)
    #expect(configuration.totalSteps(tokensPerStep: 256, dataTokens: 0) == 3_906_250)
  }

  @Test(arguments: [
    ("80%", MemoryLimit.share(0.8)), ("12.5 %", .share(0.125)), ("2 GiB", .bytes(2 << 30)),
    ("512MB", .bytes(512_000_000)), ("3000000", .bytes(3_000_000)),
  ])
  func memoryLimits(_ text: String, _ limit: MemoryLimit) throws {
    let configuration = try read(smallest, ["memory.limit=\(text)"])
    #expect(configuration.memory.limit == limit)
    // What is written reads back to the same.
    var other = TrainingConfiguration()
    try other.read(configuration.canonical)
    #expect(other == configuration)
  }

  @Test func scheduleAndLength() throws {
    let wsd = try read(smallest, ["schedule.name=wsd", "schedule.warmup=10"])
    #expect(wsd.schedule.phases(steps: 100) == (warmup: 10, decay: 20))
    let short = try read(smallest, ["schedule.name=wsd", "schedule.warmup=90", "schedule.decay=10"])
    #expect(short.schedule.phases(steps: 95) == (warmup: 90, decay: 5))
    #expect(short.notes == [])
    let epochs = try read(smallest, ["epochs=1.5"])
    #expect(epochs.totalSteps(tokensPerStep: 256, dataTokens: 1000) == 6)
    #expect(MemoryLimit.share(0.5).bytes(available: 1000) == 500)
  }
}

struct ConfigurationErrorTests {
  /// A setting, and what is said about it.
  @Test(arguments: [
    ("optimiser.beta1=1", "unknown key \"optimiser.beta1\"; did you mean \"optimizer.beta1\"?"),
    (
      "optimizer.learningrate=1",
      "unknown key \"optimizer.learningrate\"; did you mean \"optimizer.learningRate\"?"
    ),
    ("learningRate=1", "unknown key \"learningRate\"; did you mean \"optimizer.learningRate\"?"),
    ("model.from.x=1", "unknown key \"model.from.x\"; did you mean \"model.from\"?"),
    (
      "loss.qqqq=1",
      "unknown key \"loss.qqqq\"; \"loss\" has labelSmoothing, zLoss, reasoning, answer, prompt"
    ),
    ("threads", "the setting \"threads\" should be key=value"),
    ("=3", "the setting \"=3\" should be key=value"),
    ("threads=two", "\"threads\" should be a whole number, not 'two'"),
    ("threads=1.5", "\"threads\" should be a whole number, not 1.5"),
    ("threads=0", "\"threads\" is 0; allowed is 1 to 4096"),
    ("steps=1e300", "\"steps\" is 1e+300; allowed is 1 or more"),
    ("data.shuffle=1", "\"data.shuffle\" should be true or false, not 1"),
    ("data.train=[1]", "\"data.train\" should be a list of paths, not a list"),
    ("seed=null", "\"seed\" should be a whole number, not null"),
    (
      "optimizer.name=adam",
      "\"optimizer.name\" is \"adam\"; allowed is adamw, adamw8bit, muon, sgd, adafactor, lion"
    ),
    ("optimizer.beta1=1", "\"optimizer.beta1\" is 1; allowed is at least 0 and below 1"),
    ("epochs=0", "\"epochs\" is 0; allowed is above 0"),
    ("memory.limit=120%", "\"memory.limit\" is \"120%\"; allowed is 1% to 100%, or 1 MB or more"),
    (
      "memory.limit=much",
      "\"memory.limit\" should be a number of bytes or a text such as \"80%\" or \"1.5GB\", not the text \"much\""
    ),
    ("model.heads=6", "\"model.hidden\" (64) should be a multiple of \"model.heads\" (6)"),
    ("model.keyValueHeads=3", "\"model.heads\" (4) should be a multiple of \"model.keyValueHeads\" (3)"),
    ("batch.micro=3", "\"batch.sequences\" (8) should be a multiple of \"batch.micro\" (3)"),
    ("model.headSize=7", "\"model.headSize\" is 7; allowed is an even number from 2 to 512"),
    ("model.context=16", "\"batch.length\" is 32; allowed is at most model.context, 16"),
    ("batch.ramp.from=4", "\"batch.ramp.steps\" is missing: a ramp takes a number of steps"),
    ("batch.ramp.steps=4", "\"batch.ramp.from\" is missing: a ramp begins with fewer sequences"),
    (
      "model.layers=null",
      "\"model.layers\" is missing: a new network needs it; or name a model with \"model.from\""
    ),
    (
      "model.from=gpt2",
      "\"model.from\" and \"model.architecture\" contradict each other: what the weights were made for is not chosen again"
    ),
    ("model.initialization=mup", "\"model.mupBaseWidth\" is missing: initialization mup needs it"),
    (
      "model.mupBaseWidth=64",
      "\"model.mupBaseWidth\" and \"model.initialization\" contradict each other: the width is for initialization mup only"
    ),
    (
      "data.tokenizer=null",
      "\"data.tokenizer\" is missing: a new network has none of its own; `apus data` trains one"
    ),
    ("data.train=", "\"data.train\" is missing: there is nothing to learn from"),
    (
      "steps=null", "\"steps\" is missing: the run has no length; give \"steps\", \"tokens\" or \"epochs\""
    ),
    ("schedule.warmup=101", "\"schedule.warmup\" is 101; allowed is at most steps, 100"),
  ])
  func setting(_ setting: String, _ message: String) {
    #expect(problem([setting]) == message)
  }

  @Test func pairs() {
    #expect(
      problem(["steps=5", "tokens=7"])
        == "\"steps\" and \"tokens\" contradict each other: the length of the run is given twice")
    #expect(
      problem([], in: smallest.replacing("\"steps\": 100", with: "\"steps\": 100, \"epochs\": 2"))
        == "\"steps\" and \"epochs\" contradict each other: the length of the run is given twice")
    #expect(
      problem(["schedule.warmup=60", "schedule.decay=41"])
        == "\"schedule.decay\" is 41; allowed is at most steps less schedule.warmup, 40")
    #expect(
      problem(["batch.ramp.from=9", "batch.ramp.steps=4"])
        == "\"batch.ramp.from\" is 9; allowed is at most batch.sequences, 8")
    #expect(
      problem(["batch.micro=4", "batch.ramp.from=2", "batch.ramp.steps=4"])
        == "\"batch.ramp.from\" (2) should be a multiple of \"batch.micro\" (4)")
    #expect(
      problem(["model.architecture=gpt2", "model.headSize=32"])
        == "\"model.headSize\" and \"model.hidden\" contradict each other: in gpt2 all heads together are as wide as the stream"
    )
    #expect(
      problem(["model.architecture=gpt2", "model.keyValueHeads=2"])
        == "\"model.keyValueHeads\" and \"model.architecture\" contradict each other: in gpt2 every query head has its own keys"
    )
  }

  /// Texts that are no JSON, with the place.
  @Test(arguments: [
    ("{\n  // a remark\n}", "run.json: line 2, column 3: a comment, which JSON does not have; take it out"),
    ("{\"steps\": # 1\n1}", "run.json: line 1, column 11: a comment, which JSON does not have; take it out"),
    ("\u{FEFF}{}", "run.json: line 1, column 1: the text begins with a byte-order mark"),
    ("{\"steps\": 1,}", "run.json: line 1, column 13: a comma with nothing behind it"),
    ("{\"steps\": 1, \"steps\": 2}", "run.json: line 1, column 22: the key \"steps\" occurs twice"),
    ("", "run.json: line 1, column 1: the text ends where a value should be"),
    ("[]", "\"configuration\" should be an object, not a list"),
    ("{\"model\": 3}", "\"model\" should be an object, not 3"),
    ("{\"batch\": {\"ramp\": \"fast\"}}", "\"batch.ramp\" should be an object, not the text \"fast\""),
  ])
  func text(_ text: String, _ message: String) {
    #expect(problem([], in: text) == message)
  }

  @Test func aMissingFile() {
    #expect(
      throws: ConfigurationError.file(
        .system(path: "/none", operation: "open", reason: "No such file or directory"))
    ) {
      try TrainingConfiguration(path: "/none")
    }
  }

  /// Values a program has set go through the same ranges.
  @Test func validationOfValues() throws {
    var configuration = try read(smallest)
    configuration.optimizer.learningRate = .nan
    #expect(
      throws: ConfigurationError.outOfRange(
        "optimizer.learningRate", value: "null", allowed: "at least 0 and at most 100")
    ) { try configuration.validate() }
  }

  @Test func notes() throws {
    let configuration = try read(
      smallest,
      [
        "optimizer.name=sgd", "optimizer.beta1=0.8", "optimizer.momentum=0.8", "schedule.name=constant",
        "schedule.minimum=0", "schedule.decay=3", "skipLimit=3", "checkpoint.keepBest=2",
      ])
    #expect(
      configuration.notes == [
        "\"optimizer.beta1\" does nothing with optimizer sgd",
        "\"schedule.decay\" does nothing with schedule constant",
        "\"schedule.minimum\" does nothing with schedule constant",
        "\"skipLimit\" does nothing while nonFinite is stop",
        "\"checkpoint.keepBest\" does nothing without data.validation",
      ])
  }
}

struct ConfigurationIdentityTests {
  /// The canonical text reads back to the same configuration and does not depend on the order or on defaults written out.
  @Test func canonical() throws {
    let configuration = try read(smallest, ["optimizer.clip=0.5"])
    let text = configuration.canonical.serialized()
    #expect(try read(text) == configuration)
    #expect(try read(text).canonical.serialized() == text)
    #expect(try read(text).fingerprint == configuration.fingerprint)
  }

  /// The fingerprint follows the keys that must not change, and no other.
  @Test func fingerprint() throws {
    let configuration = try read(smallest)
    #expect(configuration.fingerprint.count == 16)
    for setting in ["steps=200", "threads=2", "log.every=1", "evaluation.every=7", "checkpoint.directory=x"] {
      #expect(try read(smallest, [setting]).fingerprint == configuration.fingerprint, "\(setting)")
    }
    for setting in ["seed=2", "optimizer.beta1=0.8", "batch.length=16", "data.seed=1", "precision=bf16"] {
      #expect(try read(smallest, [setting]).fingerprint != configuration.fingerprint, "\(setting)")
    }
  }

  @Test func differences() throws {
    let kept = try read(smallest).canonical
    #expect(try read(smallest).differences(from: kept) == [])
    let now = try read(smallest, ["steps=200", "optimizer.beta1=0.8", "data.train=b.txt"])
    let differences = now.differences(from: kept)
    #expect(
      differences.map(\.description) == [
        "\"data.train\": [\"a.txt\"] then, [\"b.txt\"] now", "\"optimizer.beta1\": 0.9 then, 0.8 now",
        "\"steps\": 100 then, 200 now",
      ])
    #expect(differences.map(\.isAllowed) == [false, false, true])
    // A key that an older or newer version knew.
    var other = try #require(kept.object)
    other["future"] = .int(3)
    other["loss"] = nil
    #expect(
      try read(smallest).differences(from: .object(other)).map(\.description) == [
        "\"loss.labelSmoothing\": null then, 0.0 now", "\"loss.zLoss\": null then, 0.0 now",
        "\"loss.reasoning\": null then, 1.0 now", "\"loss.answer\": null then, 1.0 now",
        "\"loss.prompt\": null then, 0.0 now",
        "\"future\": 3 then, null now",
      ])
  }

  @Test func help() {
    let help = TrainingConfiguration.help(width: 80)
    for key in TrainingConfiguration.keys { #expect(help.contains("\n  \(key.path) = ")) }
    #expect(help.split(separator: "\n").filter { $0.hasPrefix("      ") }.allSatisfy { $0.count <= 80 })
  }
}
