// A text's vector has the same bits alone and in any batch, with any number of threads, with and without passes, and on
// every kernel table; and making one allocates nothing.

import ApusFiles
import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct EmbeddingInvarianceTests {
  /// A network and how its matrices are stored.
  enum Subject: String, CaseIterable, Sendable {
    case bertF32 = "bert-mean f32"
    case bertQ8 = "bert-cls q8_0"
    case nomicBF16 = "nomic-bert bf16"
    case gemmaQ8 = "gemma-embedding q8_0"
    case qwenQ4 = "qwen3-embedding q4_0"

    var fixture: String { String(rawValue.split(separator: " ")[0]) }
    var type: TensorType { TensorType(named: String(rawValue.split(separator: " ")[1]))! }
  }

  /// Lengths below, at and above a page of 64 keys and a tile of tokens; more than one step of 512 tokens together.
  static let texts: [TokenizedText] = [1, 100, 3, 64, 17, 65, 120, 2, 31, 127, 90, 5].map { length in
    TokenizedText((0..<length).map { Int32(($0 * 7919 + length) % 320) })
  }

  @Test("one hash for threads × batch × order × passes", arguments: Subject.allCases)
  func hash(_ subject: Subject) throws {
    let files = try EmbeddingFiles(subject.file())
    var expected: [[Float]]?
    for threads in [1, 2, 3] {
      var options = RuntimeOptions(threads: threads)
      options.oversubscribes = true
      let model = try EmbeddingModel(files, runtime: Runtime(options: options))
      let alone = try Self.texts.map { try model.vectors([$0], [0], count: 1)[0] }
      expected = expected ?? alone
      #expect(alone == expected, "\(subject.rawValue): \(threads) threads, alone")
      let count = Self.texts.count
      let together = try model.vectors(Self.texts, Array(0..<count), count: count)
      #expect(together == expected, "\(subject.rawValue): \(threads) threads, together")
      let reversed = try model.vectors(Self.texts.reversed(), (0..<count).reversed(), count: count)
      #expect(reversed == expected, "\(subject.rawValue): \(threads) threads, reversed")
    }
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    for optimized in [true, false] {
      let found = try rows(files, runtime, optimized: optimized)
      let other = try rows(files, runtime, optimized: !optimized)
      #expect(found == other, "\(subject.rawValue): passes")
    }
  }

  @Test("one hash for every kernel table", arguments: Subject.allCases)
  func tables(_ subject: Subject) throws {
    let files = try EmbeddingFiles(subject.file())
    let best = try Runtime()
    let expected = try rows(files, best, optimized: true)
    for name in best.cpu.supported {
      let runtime = try Runtime(options: RuntimeOptions(threads: 1, cpu: name))
      #expect(try rows(files, runtime, optimized: true) == expected, "\(subject.rawValue) on \(name)")
    }
  }

  /// Rows of an encoder of its own, before they are brought to length 1.
  private func rows(_ files: EmbeddingFiles, _ runtime: Runtime, optimized: Bool) throws -> [[Float]] {
    let pooling = try #require(files.pooling)
    let weights = try WeightStore(
      files.network.graph(contextLength: 128, for: .embedding(pooling)), from: files.network.source,
      workers: runtime.workers)
    let encoder = try Encoder(
      files.network, weights, runtime, pooling: pooling, capacity: 1024, optimized: optimized)
    encoder.begin()
    for text in Self.texts { text.tokens.withUnsafeBufferPointer { encoder.add($0) } }
    try encoder.run()
    return (0..<encoder.rows).map { Array(encoder.row($0)) }
  }

  @Test(
    "a text's vector is made without an allocation",
    .enabled(if: allocationsAreCounted, allocationsSkipReason), arguments: Subject.allCases)
  func noAllocations(_ subject: Subject) throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    let model = try EmbeddingModel(EmbeddingFiles(subject.file()), runtime: runtime)
    let vector = UnsafeMutableBufferPointer<Float>.allocate(capacity: model.dimension)
    defer { vector.deallocate() }
    let tokens = Self.texts[3].tokens
    try tokens.withUnsafeBufferPointer { tokens in
      try model.embed(tokens: tokens, into: vector)
      let count = try countAllocations(on: runtime.workers) {
        for _ in 0..<20 { try model.embed(tokens: tokens, into: vector) }
      }
      #expect(count == 0)
    }
    #expect(try Array(vector) == model.vectors([TokenizedText(tokens)], [0], count: 1)[0])
  }
}

extension EmbeddingInvarianceTests.Subject {
  /// The network with its matrices in the subject's format.
  func file() throws -> GGUFFile {
    try EmbeddingFixture(fixture).file { _, values, columns in
      guard let format = type.format as? any EncodableFormat.Type, columns % type.blockSize == 0 else {
        return nil
      }
      var bytes = [UInt8](repeating: 0, count: values.count / type.blockSize * type.blockBytes)
      values.withUnsafeBufferPointer { values in
        bytes.withUnsafeMutableBytes { format.encode(values, into: $0) }
      }
      return (type, bytes)
    }
  }
}
