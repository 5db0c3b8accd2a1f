// Reward models as folders and as GGUF files: scores against transformers' own classes, and what is refused.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import ApusText
import Testing

@testable import ApusInference

@Suite struct RewardModelTests {
  private let scratch = ScratchDirectory()
  private let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  private static let template = "{% for m in messages %}{{ m.role[0] + m.content + '</s>' }}{% endfor %}"

  /// A fixture's network as a reward model: a description, and where its weights come from.
  private func described(_ name: String) throws -> (ModelDescription, any WeightSource) {
    let files = try ModelFiles(ModelFixture(name).file())
    var description = try ModelDescription.of(files).description
    let hidden = try files.network().configuration.hiddenSize
    let source = ScoredWeights.of(files.source, hidden: hidden, .normals(seed: 0))
    description.tensors.removeAll { $0.name == "output.weight" }
    description.tensors.append(try #require(source.tensor(ScoreHead.weight)))
    description.heads = .scores
    return (description, source)
  }

  /// Writes a folder that transformers would read; its tokenizer is the fixture's.
  private func folder(_ name: String, type: TensorType = .f32) throws -> String {
    let (description, source) = try described(name)
    try ModelFixture(name).writeFolder(at: scratch.file("plain"))
    let tokenizer = try #require(readFile(scratch.file("plain") + "/tokenizer.json"))
    let export = try HuggingFaceExport(
      description, weights: TensorReader(source), type: type,
      tokenizer: TokenizerFiles(files: [(name: "tokenizer.json", bytes: tokenizer)]))
    let path = scratch.file("folder \(name) \(type)")
    try export.write(to: path, replacing: true)
    return path
  }

  private func model(_ path: String, context: Int? = nil) throws -> RewardModel {
    try RewardModel(path, runtime: runtime, contextLength: context, chatTemplate: Self.template)
  }

  /// The documents of the batch.
  private func documents() throws -> [[Int32]] {
    let batch = try GradientBatch()
    var first = 0
    return batch.segments.joined().map { length in
      defer { first += length }
      return Array(batch.tokens[first..<first + length])
    }
  }

  @Test("a folder has transformers' names, and gives transformers' scores", arguments: ScoreFixture.names)
  func transformers(_ name: String) throws {
    let fixture = try ScoreFixture(name)
    let path = try folder(name)
    let written = try HuggingFaceFolder(path)
    #expect(Set(written.weights.tensors.map(\.name)) == fixture.stateNames)
    #expect(written.config["architectures"]?.array?.map(\.string) == [fixture.className])
    #expect(written.config["id2label"]?.object?.count == 1)
    let scores = try model(path).scores(ofTokens: documents())
    #expect(scores.count == fixture.sequenceScores.count)
    for (score, expected) in zip(scores, fixture.sequenceScores) {
      #expect(abs(score - expected) <= 1e-4, "\(score), not \(expected)")
    }
    // Alone, each has the same bits.
    for (document, score) in zip(try documents(), scores) {
      #expect(try model(path).scores(ofTokens: [document]) == [score])
    }
  }

  @Test("a GGUF file gives the folder's scores, and back", arguments: ["llama", "gpt2", "qwen2"])
  func gguf(_ name: String) throws {
    let path = try folder(name)
    let files = try ModelFiles(path)
    let (description, unused) = try ModelDescription.of(files)
    #expect(description.heads == .scores && unused.isEmpty)
    // A folder's tokenizer is converted elsewhere; the fixture's file has the same one.
    let bytes = try scoredGGUF(name, description, TensorReader(files.source))
    let file = try GGUFFile(bytes: bytes, name: "reward.gguf")
    #expect(file.metadata["\(description.architecture).pooling_type"]?.int == 4)
    #expect(file.tensor(named: ScoreHead.weight)?.type == .f32)
    let scored = try RewardModel(ModelFiles(file), runtime: runtime, chatTemplate: Self.template)
    #expect(try scored.scores(ofTokens: documents()) == model(path).scores(ofTokens: documents()))
    #expect(throws: ModelError.self) { try Model(ModelFiles(file), runtime: runtime) }
  }

  private func scoredGGUF(
    _ name: String, _ description: ModelDescription, _ reader: TensorReader
  ) throws -> [UInt8] {
    let tokenizer = TokenizerKeys(copying: try ModelFixture(name).file())
    let path = scratch.file("\(name).gguf")
    try GGUFExport(description, type: nil, tokenizer: tokenizer).write(
      to: path, weights: reader, replacing: true)
    return try #require(readFile(path))
  }

  @Test("conversations are written down by the template")
  func conversations() throws {
    let path = try folder("llama")
    let model = try model(path)
    let messages = [ChatMessage(role: "user", content: "a b"), ChatMessage(role: "assistant", content: "c")]
    let files = try ModelFiles(path)
    let tokens = try ChatFormatter(Self.template, files.tokenizer()).tokens(
      messages, addGenerationPrompt: false)
    let scores = try model.scores([messages, Array(messages.reversed())])
    #expect(try scores[0] == model.scores(ofTokens: [tokens])[0] && scores[0] != scores[1])
    #expect(try model.scores([[ChatMessage]]()).isEmpty)
    let bare = try RewardModel(path, runtime: runtime)
    #expect(throws: RewardModelError.noChatTemplate(name: bare.name)) { try bare.scores([messages]) }
  }

  @Test("a template that asks for the date is told the same one on any day, as in training")
  func date() throws {
    let template = "{{ strftime_now('%d %b %Y') }}"
    let path = try folder("llama")
    let files = try RewardModelFiles(ModelFiles(path), chatTemplate: template)
    let tokens = try files.tokens([ChatMessage(role: "user", content: "a")])
    #expect(files.embedding.tokenizer.text(tokens) == "01\u{2581}Jan\u{2581}2025")
  }

  @Test("what is no reward model, and what is none to score")
  func refused() throws {
    let (path, tokens) = (try folder("llama"), [Int32](repeating: 5, count: 9))
    let model = try model(path, context: 8)
    #expect(throws: RewardModelError.tooLong(index: 1, tokens: 9, limit: 8)) {
      try model.scores(ofTokens: [[1], tokens])
    }
    #expect(throws: RewardModelError.empty(index: 0)) { try model.scores(ofTokens: [[]]) }
    #expect(throws: InferenceError.tokenOutOfRange(id: 999, vocabulary: 320)) {
      try model.scores(ofTokens: [[999]])
    }
    let plain = scratch.file("no head")
    try ModelFixture("llama").writeFolder(at: plain)
    let error = #expect(throws: RewardModelError.self) { try RewardModel(plain, runtime: runtime) }
    #expect(error?.description.contains("has no head that scores conversations") == true)
    #expect(throws: EmbeddingError.self) { try RerankModel(path, runtime: runtime) }
    let generating = #expect(throws: ModelError.self) { try Model(path, runtime: runtime) }
    #expect(generating?.description.contains("gives scores and cannot continue texts") == true)
  }

  @Test("a head of another shape, and numbers that are none")
  func damaged() throws {
    let (description, source) = try described("llama")
    func export(_ head: [Float], rows: Int, _ name: String) throws -> String {
      var description = description
      let tensor = TensorDescription(
        name: ScoreHead.weight, type: .f32, rows: rows, columns: head.count / rows)
      description.tensors[description.tensors.count - 1] = tensor
      let bytes = try scoredGGUF("llama", description, TensorReader(HeadSource(source, tensor, head)))
      let path = scratch.file(name)
      try writeFile(path, bytes)
      return path
    }
    let hidden = try #require(source.tensor(ScoreHead.weight)).columns
    var head = [Float](repeating: 0.1, count: hidden)
    #expect(try model(export(head, rows: 1, "fine.gguf")).scores(ofTokens: [[1, 2]])[0].isFinite)
    #expect(throws: ModelError.self) {
      try export([Float](repeating: 0, count: 2 * hidden), rows: 2, "two.gguf")
    }
    #expect(throws: ModelError.self) {
      try export([Float](repeating: 0, count: hidden - 1), rows: 1, "short.gguf")
    }
    head[3] = .infinity
    let infinite = try? export(head, rows: 1, "infinite.gguf")
    if let infinite {
      #expect(throws: InferenceError.self) { try model(infinite).scores(ofTokens: [[1, 2]]) }
    }
  }
}

/// Weights with another head of scores.
private struct HeadSource: WeightSource {
  private let base: any WeightSource
  private let head: TensorDescription
  private let values: FloatVector

  init(_ base: any WeightSource, _ head: TensorDescription, _ values: [Float]) {
    (self.base, self.head) = (base, head)
    self.values = FloatVector(count: values.count) { floats in
      for index in floats.indices { floats[index] = values[index] }
    }
  }

  var name: String { base.name }
  var architecture: String? { base.architecture }
  func hyperparameter(_ key: String) -> HyperparameterValue? { base.hyperparameter(key) }
  func tensor(_ name: String) -> TensorDescription? { name == head.name ? head : base.tensor(name) }
  func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    tensor.name == head.name ? UnsafeRawPointer(values.base) : base.bytes(of: tensor)
  }
  func release(_ tensor: TensorDescription) {}
}
