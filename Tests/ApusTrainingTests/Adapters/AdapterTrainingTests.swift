// Runs that train an adapter: on floats and on quantised weights, stopped and gone on, and what they leave behind.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct AdapterTrainingTests {
  private let run: TinyRun
  private let runtime: Runtime

  init() throws {
    run = try TinyRun()
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  /// The tiny run with an adapter on a model of `type`; f32 is the folder with the tokenizer.
  private func configuration(
    _ type: TensorType, _ adapter: String = #"{"rank": 4, "alpha": 8}"#, _ settings: [String] = []
  ) throws -> TrainingConfiguration {
    var model = "\(run.folder.path)/tokenizer"
    if type != .f32 {
      model = "\(run.folder.path)/model.gguf"
      try writeFile(model, ModelFixture("llama").fileBytes(ModelFixture.storing(type)))
    }
    let text = """
      {
        "model": {"from": "\(model)"}, "adapter": \(adapter),
        "data": {"train": ["\(run.folder.path)/train.jsonl"]},
        "batch": {"sequences": 4, "length": 16, "micro": 2},
        "optimizer": {"learningRate": 0.02, "weightDecay": 0}, "schedule": {"name": "constant", "warmup": 2},
        "evaluation": {"every": 0},
        "checkpoint": {"directory": "\(run.directory)", "every": 0, "keepLast": 100},
        "log": {"every": 2, "tensorboard": false, "html": false}, "steps": 6
      }
      """
    return try TrainingConfiguration(parsing: Array(text.utf8), name: "tiny.json", settings: settings)
  }

  private func file(_ path: String) throws -> [UInt8] {
    try #require(readFile("\(run.directory)/\(path)"), "no \(path)")
  }

  @Test(
    "a short run lowers the loss, on floats and on weights in blocks",
    arguments: [TensorType.f32, .q8_0, .q4_0])
  func learns(_ type: TensorType) throws {
    let configuration = try configuration(type, ["steps=40"])
    var losses: [Double] = []
    try run.train(configuration, runtime) { event in
      if case .step(let record) = event.kind { losses.append(record.loss) }
    }
    let (first, last) = (try #require(losses.first), try #require(losses.last))
    #expect(losses.count == 20 && last < 0.7 * first, "\(losses)")
    // What it leaves is an adapter for that model, in both layouts.
    let network = try ModelFiles(#require(configuration.model.from)).network()
    let folder = try LowRankAdapter("\(run.directory)/adapter", for: network)
    let single = try LowRankAdapter("\(run.directory)/adapter.gguf", for: network)
    #expect(folder.changes.count == 21 && single.changes.count == 21)
    for (a, b) in zip(folder.changes, single.changes) {
      #expect(a.target == b.target && a.factor == b.factor && a.factor == 2)
      #expect((0..<a.b.count).allSatisfy { a.b.base[$0] == b.b.base[$0] } && a.b.base[0] != 0)
    }
  }

  private func configuration(_ type: TensorType, _ settings: [String]) throws -> TrainingConfiguration {
    try configuration(type, #"{"rank": 4, "alpha": 8}"#, settings)
  }

  @Test(
    "stopped after every step, and not at all: the same bits",
    arguments: [
      (TensorType.q8_0, #"{"rank": 2, "targets": ["q", "v", "down"]}"#, "optimizer.name=adamw"),
      (.f32, #"{"rank": 1, "rslora": true}"#, "optimizer.name=adamw8bit"),
    ])
  func resume(_ type: TensorType, _ adapter: String, _ setting: String) throws {
    let configuration = try configuration(type, adapter, [setting])
    try run.train(configuration, runtime)
    let names = ["adapter_model.safetensors", "adapter_config.json", "optimizer.safetensors"]
    let whole = try names.map { try file("\(CheckpointFolder.name(6))/\($0)") }
    // The adapter and its states, and nothing of the model.
    #expect(readFile("\(run.directory)/\(CheckpointFolder.name(6))/model.safetensors") == nil)
    #expect(whole.reduce(0) { $0 + $1.count } < 200_000)
    run.clear()
    for step in 1...6 { try run.train(configuration, runtime, until: step) }
    #expect(try names.map { try file("\(CheckpointFolder.name(6))/\($0)") } == whole)
  }

  @Test("an adapter goes on only beside the model it began with")
  func otherModel() throws {
    let configuration = try configuration(.f32, [])
    try run.train(configuration, runtime, until: 2)
    try ModelFixture("llama").writeFolder(at: "\(run.folder.path)/tokenizer", type: .bf16)
    let error = #expect(throws: TrainingError.self) { try run.train(configuration, runtime) }
    #expect("\(String(describing: error))".contains("/tokenizer has now (model.from)"))
  }

  @Test("samples and measurements use the adapter and do not disturb it")
  func watching() throws {
    let plain = try configuration(.q8_0, [])
    try run.train(plain, runtime)
    let expected = try file("adapter.gguf")
    run.clear()
    var samples = 0
    var watched = try configuration(
      .q8_0,
      ["evaluation.every=3", "evaluation.samples=1", "evaluation.sampleTokens=4", "evaluation.prompt=ab"])
    watched.data.validation = ["\(run.folder.path)/validation.jsonl"]
    try run.train(watched, runtime) { event in if case .sample = event.kind { samples += 1 } }
    #expect(samples == 2)
    #expect(try file("adapter.gguf") == expected)
  }

  @Test("the forecast counts masters of the adapter and the blocks of the rest")
  func forecast() throws {
    let (adapted, plan) = (
      try configuration(.q8_0, []), try Trainer.plan(configuration(.q8_0, []), runtime: runtime)
    )
    var full = adapted
    full.adapter = TrainingConfiguration.Adapter()
    let whole = try Trainer.plan(full, runtime: runtime)
    #expect(plan.forecast.weights < whole.forecast.weights / 2)
    #expect(plan.forecast.gradients < whole.forecast.gradients / 5)
    #expect(plan.forecast.optimizer < whole.forecast.optimizer / 5)
  }

  @Test(
    "what a configuration may not say",
    arguments: [
      (#"{"rank": 0}"#, "adapter.rank"), (#"{"rank": 65}"#, "the rank is 65; expected 1 to 64"),
      (#"{"alpha": 8}"#, "adapter.rank"), (#"{"rank": 4, "alpha": 0}"#, "adapter.alpha"),
      (#"{"rank": 4, "targets": []}"#, "adapter.targets"),
      (#"{"rank": 4, "targets": ["q", "x"]}"#, "\"x\" names no product"),
      (#"{"rank": 4, "targets": ["q", "attn_q"]}"#, "\"q\" and \"attn_q\" name the same product"),
      (#"{"rank": 4, "dropout": 0.1}"#, "adapter.dropout"),
    ])
  func refused(_ adapter: String, _ message: String) throws {
    do {
      let configuration = try configuration(.f32, adapter)
      try configuration.validate()
      _ = try run.trainer(configuration, runtime)
      Issue.record("\(adapter) is accepted")
    } catch {
      #expect("\(error)".contains(message), "\(error)")
    }
  }

  @Test("the configuration that is shipped")
  func shipped() throws {
    let path = ShippedConfigurationTests.folder + "qlora.json"
    let configuration = try TrainingConfiguration(path: path)
    #expect(configuration.adapter.settings == AdapterSettings(rank: 8, alpha: 16))
    #expect(configuration.adapter.targets == ["all-linear"] && configuration.notes == [])
  }

  @Test("an adapter needs a model that is there")
  func newModel() throws {
    var configuration = try run.configuration()
    configuration.adapter.rank = 4
    #expect(throws: ConfigurationError.self) { try configuration.validate() }
  }

  @Test("a run does not go on with another adapter, nor a full run with an adapter's checkpoint")
  func otherAdapter() throws {
    try run.train(configuration(.f32, []), runtime, until: 2)
    for adapter in [#"{"rank": 2, "alpha": 8}"#, #"{"rank": 4, "alpha": 8, "targets": "q"}"#] {
      let other = try configuration(.f32, adapter)
      #expect(throws: TrainingError.self) { try run.trainer(other, runtime) }
    }
  }
}
