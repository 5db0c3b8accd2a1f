// Every embedding model and reranker against transformers: the same weights, the same tokens, the same vectors.

import ApusFiles
import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTestSupport
import Testing

@Suite struct EmbeddingReferenceTests {
  let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  @Test("vectors and scores are transformers', from GGUF files", arguments: EmbeddingFixture.names)
  func file(_ name: String) throws {
    let fixture = try EmbeddingFixture(name)
    try compare(fixture, EmbeddingFiles(fixture.file()))
  }

  @Test("vectors and scores are transformers', from folders", arguments: EmbeddingFixture.names)
  func folder(_ name: String) throws {
    let fixture = try EmbeddingFixture(name)
    try fixture.withFolder { try compare(fixture, EmbeddingFiles($0)) }
  }

  private func compare(_ fixture: EmbeddingFixture, _ files: EmbeddingFiles) throws {
    #expect(files.pooling?.rawValue == fixture.pooling)
    let found = try rows(fixture, files, pooling: #require(files.pooling))
    for (index, expected) in fixture.vectors.enumerated() {
      let error = zip(found[index], expected).map { abs($0 - $1) }.max()!
      let peak = max(1, expected.map(abs).max()!)
      #expect(found[index].count == expected.count)
      #expect(error <= 1e-4 * peak, "\(fixture.name), text \(index): \(error) of \(peak)")
    }
  }

  @Test("states before pooling are transformers'", arguments: EmbeddingFixture.names)
  func hidden(_ name: String) throws {
    let fixture = try EmbeddingFixture(name)
    let files = try EmbeddingFiles(fixture.file())
    let encoder = try Encoder(
      files.network, weights(files.network, .none), runtime, pooling: .none, capacity: 128)
    encoder.begin()
    let second = fixture.segments?[0].firstIndex(of: 1) ?? .max
    fixture.texts[0].withUnsafeBufferPointer { encoder.add($0, secondSegment: second) }
    try encoder.run()
    let found = (0..<encoder.rows).flatMap { Array(encoder.row($0)) }
    let error = zip(found, fixture.hidden).map { abs($0 - $1) }.max()!
    #expect(found.count == fixture.hidden.count)
    #expect(error <= 1e-4 * fixture.hidden.map(abs).max()!, "\(name): \(error)")
  }

  @Test("every architecture that makes vectors has a fixture")
  func everyArchitecture() throws {
    var seen: Set<String> = []
    for name in EmbeddingFixture.names {
      seen.insert(try EmbeddingFixture(name).file().metadata.string("general.architecture")!)
    }
    let made = allArchitectures.filter { !$0.isGenerative }.flatMap { $0.names }
    #expect(Set(made).subtracting(seen) == [])
  }

  /// The row of each text of the fixture, of length 1 unless it is a score.
  private func rows(
    _ fixture: EmbeddingFixture, _ files: EmbeddingFiles, pooling: Pooling
  ) throws -> [[Float]] {
    let texts = fixture.texts.enumerated().map { index, tokens in
      TokenizedText(tokens, secondSegment: fixture.segments?[index].firstIndex(of: 1) ?? .max)
    }
    if pooling == .rank {
      let model = try RerankModel(files, runtime: runtime)
      return try model.scores(texts, Array(texts.indices), count: texts.count).map { [$0] }
    }
    let model = try EmbeddingModel(files, runtime: runtime)
    return try model.vectors(texts, Array(texts.indices), count: texts.count)
  }

  private func weights(_ network: Network, _ pooling: Pooling) throws -> WeightStore {
    try WeightStore(
      network.graph(contextLength: 128, for: .embedding(pooling)), from: network.source,
      workers: runtime.workers)
  }
}
