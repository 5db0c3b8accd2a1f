// Contract 2: the logits of a token do not depend on threads, batch neighbours, chunking, cache or passes;
// and contract 1: nor on the instruction set. Equality is of bits.

import ApusFiles
import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct InvarianceTests {
  /// A network and how its matrices are stored.
  enum Subject: String, CaseIterable, Sendable {
    case llamaQ8 = "llama q8_0"
    case gemmaF32 = "gemma3 f32"
    case qwenQ4 = "qwen3 q4_0"
    case gpt2BF16 = "gpt2 bf16"
    case phiQ5 = "phi3-long q5_1"

    var fixture: String { String(rawValue.split(separator: " ")[0]) }
    var type: TensorType { TensorType(named: String(rawValue.split(separator: " ")[1]))! }
  }

  /// 120 tokens: more than one page of 64 keys and more than one chunk of 64.
  static let prompt: [Int32] = (0..<120).map { Int32(($0 * 7919 + 13) % 320) }

  @Test("one hash for threads × chunk × batch × cache × passes", arguments: Subject.allCases)
  func hash(_ subject: Subject) throws {
    let file = try encoded(subject)
    var expected: UInt64?
    for threads in [1, 2, 3] {
      var options = RuntimeOptions(threads: threads)
      options.oversubscribes = true
      let model = try Model(file, runtime: Runtime(options: options))
      for chunk in [1, 64, 512] {
        for batch in [1, 2, 7] {
          for warm in [false, true] {
            let found = try lastLogits(model, chunk: chunk, batch: batch, warm: warm, optimized: true)
            expected = expected ?? found
            #expect(
              found == expected,
              "\(subject.rawValue): \(threads) threads, chunk \(chunk), batch \(batch), warm \(warm)")
          }
        }
      }
      #expect(
        try lastLogits(model, chunk: 64, batch: 2, warm: true, optimized: false) == expected,
        "\(subject.rawValue): without passes")
    }
  }

  @Test("one hash for every kernel table", arguments: Subject.allCases)
  func tables(_ subject: Subject) throws {
    let file = try encoded(subject)
    let best = try Runtime()
    let expected = try lastLogits(
      Model(file, runtime: best), chunk: 64, batch: 1, warm: false, optimized: true)
    for name in best.cpu.supported {
      let runtime = try Runtime(options: RuntimeOptions(threads: 1, cpu: name))
      let found = try lastLogits(
        Model(file, runtime: runtime), chunk: 64, batch: 1, warm: false, optimized: true)
      #expect(found == expected, "\(subject.rawValue) on \(name)")
    }
  }

  /// A token decoded after 1,300 others, whose spans workers share, has the bits it has in a prompt.
  @Test("one hash for threads × steps at depth", arguments: KVFormat.allCases)
  func depth(_ format: KVFormat) throws {
    for fixture in ["llama", "gemma3"] {
      let file = try ModelFixture(fixture).file()
      let prompt = (0..<1301).map { Int32(($0 * 7919 + 13) % 320) }
      var expected: UInt64?
      for threads in [1, 2, 5] {
        var runtimeOptions = RuntimeOptions(threads: threads)
        runtimeOptions.oversubscribes = true
        let model = try Model(file, runtime: Runtime(options: runtimeOptions))
        guard model.cacheLayout(format).headSize % format.headSizeMultiple == 0 else {
          #expect(throws: InferenceError.self) {
            var options = EngineOptions(contextLength: 64)
            options.keyValueFormat = format
            _ = try Engine(model, options)
          }
          continue
        }
        for last in [1, 301] {
          var options = EngineOptions(contextLength: 1400)
          options.batchTokens = 512
          options.keyValueFormat = format
          let engine = try Engine(model, options)
          let sequence = engine.makeSequence()
          try feed(engine, [sequence], from: Array(prompt.dropLast(last)), chunk: 500)
          let found = try feed(
            engine, [sequence], from: Array(prompt.suffix(last)), chunk: last, continuing: true)
          expected = expected ?? found
          #expect(found == expected, "\(fixture), \(format), \(threads) threads, last step \(last) tokens")
        }
      }
    }
  }

  @Test(
    "a step allocates nothing after the first", .enabled(if: allocationsAreCounted, allocationsSkipReason))
  func noAllocations() throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 2))
    let model = try Model(encoded(.llamaQ8), runtime: runtime)
    let engine = try Engine(model, EngineOptions(contextLength: 128))
    var options = GenerationOptions()
    options.maxTokens = 100
    options.ignoresEndOfText = true
    options.sampling.seed = 1
    let sink = Sink()
    let generation = try Generation(
      model, engine.makeSequence(), prompt: [1, 2, 3], options: options, onText: sink.receive)
    let batch = Batch(engine)
    batch.join(generation)
    for _ in 0..<10 { try batch.advance() }
    let count = try countAllocations(on: runtime.workers) {
      for _ in 0..<80 { try batch.advance() }
    }
    #expect(generation.finish == nil && sink.bytes > 0)
    #expect(count == 0)
  }

  private final class Sink {
    var bytes = 0
    func receive(_ text: UnsafeRawBufferPointer) { bytes += text.count }
  }

  private func encoded(_ subject: Subject) throws -> GGUFFile {
    try ModelFixture(subject.fixture).file { _, values, columns in
      guard let format = subject.type.format as? any EncodableFormat.Type else { return nil }
      guard columns % subject.type.blockSize == 0 else { return nil }
      var bytes = [UInt8](
        repeating: 0, count: values.count / subject.type.blockSize * subject.type.blockBytes)
      values.withUnsafeBufferPointer { values in
        bytes.withUnsafeMutableBytes { format.encode(values, into: $0) }
      }
      return (subject.type, bytes)
    }
  }

  /// A hash of the logits after the prompt.
  private func lastLogits(
    _ model: Model, chunk: Int, batch: Int, warm: Bool, optimized: Bool
  ) throws -> UInt64 {
    var options = EngineOptions(contextLength: 128)
    options.batchTokens = chunk * batch
    options.sequences = batch + (warm ? 1 : 0)
    options.outputs = options.sequences
    options.optimized = optimized
    let engine = try Engine(model, options)
    let prompt = Self.prompt
    var sequences = (0..<batch).map { _ in engine.makeSequence() }
    if warm {
      // Another conversation shares the first 70 tokens, then goes its own way.
      let other = engine.makeSequence()
      try feed(engine, [other], from: Array(prompt[..<90]), chunk: chunk)
      sequences[0] = other.fork(at: 70)
      try feed(engine, [other], from: [5, 6, 7], chunk: chunk, continuing: true)
    }
    // The neighbours are of other lengths and stay behind or run ahead.
    let neighbours = sequences.dropFirst().enumerated().map { index, _ in
      Array(prompt.dropFirst(3 * index + 1).reversed())
    }
    var positions = [sequences[0].length] + neighbours.map { _ in 0 }
    let texts = [prompt] + neighbours
    var hash: UInt64 = 0
    while positions[0] < prompt.count {
      engine.beginStep()
      for (index, sequence) in sequences.enumerated() where positions[index] < texts[index].count {
        let end = min(positions[index] + chunk, texts[index].count)
        let part = Array(texts[index][positions[index]..<end])
        #expect(part.withUnsafeBufferPointer { engine.addToStep(sequence, $0, outputs: 1) })
        positions[index] = end
      }
      try engine.runStep()
      if positions[0] == prompt.count { hash = hashed(engine.logits(0)) }
    }
    return hash
  }

  private func hashed(_ logits: UnsafeMutableBufferPointer<Float>) -> UInt64 {
    logits.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01B3 }
  }

  /// Runs the tokens; the hash of the first sequence's last logits.
  @discardableResult
  private func feed(
    _ engine: Engine, _ sequences: [TokenSequence], from tokens: [Int32], chunk: Int, continuing: Bool = false
  ) throws -> UInt64 {
    for start in stride(from: 0, to: tokens.count, by: chunk) {
      engine.beginStep()
      let part = Array(tokens[start..<min(start + chunk, tokens.count)])
      for sequence in sequences {
        #expect(part.withUnsafeBufferPointer { engine.addToStep(sequence, $0, outputs: 1) })
      }
      try engine.runStep()
    }
    return hashed(engine.logits(0))
  }
}
