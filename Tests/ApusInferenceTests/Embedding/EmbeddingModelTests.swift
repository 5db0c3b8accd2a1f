// What a user of the embedding models meets: texts, prompts, lengths, and everything that is refused.

import ApusFiles
import ApusInference
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@Suite struct EmbeddingModelTests {
  let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  private func model(
    _ name: String = "bert-mean", _ edit: (inout EmbeddingOptions) -> Void = { _ in }
  ) throws -> EmbeddingModel {
    var options = EmbeddingOptions()
    edit(&options)
    return try EmbeddingModel(
      EmbeddingFiles(EmbeddingFixture(name).file()), runtime: runtime, options: options)
  }

  private func length(_ vector: [Float]) -> Double {
    vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// The last texts of a fixture are its strings.
  private func tail(_ fixture: EmbeddingFixture) -> ArraySlice<[Float]> {
    fixture.vectors.suffix(fixture.strings.count)
  }

  @Test("strings give transformers' vectors, from files and from folders", arguments: EmbeddingFixture.names)
  func strings(_ name: String) async throws {
    let fixture = try EmbeddingFixture(name)
    try await check(fixture, EmbeddingFiles(fixture.file()))
    try await check(fixture, fixture.withFolder { try EmbeddingFiles($0) })
  }

  private func check(_ fixture: EmbeddingFixture, _ files: EmbeddingFiles) async throws {
    let expected = tail(fixture)
    let found: [[Float]]
    if fixture.pooling == "rank" {
      let model = try RerankModel(files, runtime: runtime)
      var scores: [[Float]] = []
      for pair in fixture.strings {
        let score = try await model.scores(query: pair[0], texts: [pair[1]])
        scores.append(score)
      }
      found = scores
    } else {
      let model = try EmbeddingModel(files, runtime: runtime)
      found = try await model.embed(fixture.strings.map { $0[0] })
      let bytes = fixture.strings.map { Array($0[0].utf8) }
      #expect(try model.embed(bytes) == found)
    }
    for (a, b) in zip(found, expected) {
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, abs($1)) }, "\(fixture.name)")
    }
    #expect(found.count == expected.count)
  }

  @Test("a vector cut to fewer values has length 1 again, and its values' proportions")
  func dimension() throws {
    let whole = try model().embed("hello")
    let part = try model { $0.dimension = 16 }.embed("hello")
    #expect(part.count == 16 && abs(length(part) - 1) < 1e-6)
    let scale = length(Array(whole.prefix(16)))
    #expect(zip(whole, part).allSatisfy { abs(Double($0) / scale - Double($1)) < 1e-6 })
    let raw = try model { $0.normalizes = false }.embed("hello")
    #expect(abs(length(raw) - 1) > 1e-3)
    #expect(throws: EmbeddingError.dimension(65, largest: 64)) { try model { $0.dimension = 65 } }
  }

  @Test("the pooling asked for is used")
  func pooling() throws {
    let mean = try model("bert-cls") { $0.pooling = .mean }.embed("hello there")
    #expect(try model("bert-mean").pooling == .mean)
    #expect(try model("bert-cls").embed("hello there") != mean)
    #expect(throws: EmbeddingError.self) { try model { $0.pooling = .rank } }
  }

  @Test("prompts come before texts and must be known")
  func prompts() throws {
    let gemma = try model("gemma-embedding")
    #expect(
      try gemma.embed("bird", prompt: "query") == gemma.embed("task: search result | query: bird"))
    #expect(throws: EmbeddingError.unknownPrompt("none", known: Array(gemma.prompts.keys))) {
      try gemma.embed("bird", prompt: "none")
    }
    #expect(throws: EmbeddingError.unknownPrompt("query", known: [])) {
      try model().embed("bird", prompt: "query")
    }
  }

  @Test("empty texts are refused by number", arguments: ["", " ", "\n\t \r\n"])
  func empty(_ text: String) throws {
    #expect(throws: EmbeddingError.emptyText(index: 1)) { try model().embed(["hello", text]) }
  }

  @Test("long texts are refused, cut or split, as asked")
  func longTexts() throws {
    let text = String(repeating: "hello there ", count: 200)
    let refusing = try model()
    let tokens = try refusing.tokenizer.encode(text).count
    let limit = refusing.contextLength
    #expect(tokens > limit)
    #expect(throws: EmbeddingError.tooLong(index: 0, tokens: tokens, limit: limit)) {
      try refusing.embed(text)
    }
    #expect(
      EmbeddingError.tooLong(index: 2, tokens: 9, limit: 5).description.hasPrefix("text 3 has 9 tokens"))

    let ids = try refusing.tokenizer.encode(text)
    let cut = TokenizedText(Array(ids[..<(limit - 1)]) + [ids.last!])
    #expect(
      try model { $0.longTexts = .truncate }.embed(text) == refusing.vectors([cut], [0], count: 1)[0])

    let split = try model { $0.longTexts = .split }.embed(text)
    #expect(abs(length(split) - 1) < 1e-6)
    #expect(try split != model { $0.longTexts = .truncate }.embed(text))
    // A text that fits is not changed by the policy.
    #expect(try model { $0.longTexts = .split }.embed("hello") == refusing.embed("hello"))
  }

  @Test("a split text is the mean of its parts, weighted by their tokens")
  func splitParts() throws {
    let text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    let plain = try model { $0.normalizes = false }
    let ids = try plain.tokenizer.encode(text)
    let limit = ids.count - 3
    let parts = [
      TokenizedText(Array(ids[..<(limit - 1)]) + [ids.last!]),
      TokenizedText([ids[0]] + Array(ids[(limit - 1)...])),
    ]
    let vectors = try plain.vectors(parts, [0, 1], count: 2)
    let total = Float(parts[0].tokens.count + parts[1].tokens.count)
    let mean = zip(vectors[0], vectors[1]).map {
      ($0 * Float(parts[0].tokens.count) + $1 * Float(parts[1].tokens.count)) / total
    }
    let found = try model {
      $0.normalizes = false
      $0.longTexts = .split
      $0.contextLength = limit
    }.embed(text)
    #expect(zip(found, mean).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("a reranker cuts or splits the text, never the query")
  func longPairs() throws {
    let files = try EmbeddingFiles(EmbeddingFixture("bert-reranker").file())
    let long = String(repeating: "hello there ", count: 200)
    func scores(_ policy: LongTextPolicy, _ texts: [String], query: String = "bird") throws -> [Float] {
      var options = EmbeddingOptions()
      options.longTexts = policy
      return try RerankModel(files, runtime: runtime, options: options).scores(query: query, texts: texts)
    }
    #expect(throws: EmbeddingError.self) { try scores(.refuse, ["short", long]) }
    #expect(try scores(.truncate, ["short", long])[0] == scores(.refuse, ["short"])[0])
    #expect(try scores(.split, [long])[0] >= scores(.truncate, [long])[0])
    #expect(throws: EmbeddingError.self) { try scores(.truncate, ["short"], query: long) }
    #expect(throws: EmbeddingError.emptyText(index: 1)) { try scores(.refuse, ["short", "  "]) }
  }

  @Test("models of the wrong kind say what they are")
  func wrongKind() throws {
    func embed(_ file: GGUFFile, pooling: Pooling? = nil) throws -> String {
      var options = EmbeddingOptions()
      options.pooling = pooling
      do {
        _ = try EmbeddingModel(EmbeddingFiles(file), runtime: runtime, options: options)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let llama = try ModelFixture("llama").file()
    #expect(
      try embed(llama).contains("llama.gguf is a generative model (llama): it continues texts (apus run)"))
    #expect(try embed(llama, pooling: .mean) == "")
    #expect(try embed(EmbeddingFixture("bert-reranker").file()).contains("is a reranker"))
    #expect(throws: EmbeddingError.self) {
      try RerankModel(EmbeddingFiles(EmbeddingFixture("bert-mean").file()), runtime: runtime)
    }
    let error = #expect(throws: ModelError.self) {
      try Model(EmbeddingFixture("bert-mean").file(), runtime: runtime)
    }
    #expect(error?.description.contains("made for vectors and cannot continue texts") == true)
  }

  @Test("a tokenizer of another model is refused")
  func vocabulary() throws {
    let file = try EmbeddingFixture("bert-mean").file(edit: { header in
      header.set("tokenizer.ggml.tokens", .strings((0..<400).map { "[\($0)]" }))
      header.set("tokenizer.ggml.token_type", .scalars((0..<400).map { _ in Int32(1) }))
    })
    #expect(throws: EmbeddingError.vocabulary(tokens: 400, rows: 320)) { try EmbeddingFiles(file) }
  }

  @Test("weights that are no numbers are found and named")
  func nonFinite() throws {
    let file = try EmbeddingFixture("bert-mean").file { name, values, _ in
      guard name == "blk.1.ffn_up.weight" else { return nil }
      var values = values
      values[70] = .nan
      return (.f32, values.withUnsafeBytes { Array($0) })
    }
    let model = try EmbeddingModel(EmbeddingFiles(file), runtime: runtime)
    let error = #expect(throws: InferenceError.self) { try model.embed("hello") }
    #expect(error?.description.contains("layer 1") == true)
  }
}
