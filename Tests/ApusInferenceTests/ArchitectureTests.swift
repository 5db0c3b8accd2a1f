// Every architecture against transformers: the same weights, the same prompt, the same logits.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct ArchitectureTests {
  let runtime: Runtime

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  @Test("logits are transformers'", arguments: ModelFixture.names, [48, 7, 1])
  func logits(_ name: String, chunk: Int) throws {
    let fixture = try ModelFixture(name)
    let model = try Model(fixture.file(), runtime: runtime)
    check(try allLogits(model, fixture.tokens, chunk: chunk, .f32), fixture)
  }

  @Test("a folder's logits are transformers', and the bits of the GGUF file's", arguments: ModelFixture.names)
  func folder(_ name: String) throws {
    let fixture = try ModelFixture(name)
    let file = try allLogits(Model(fixture.file(), runtime: runtime), fixture.tokens, chunk: 48, .f32)
    try fixture.withFolder { path in
      let model = try Model(path, runtime: runtime)
      let logits = try allLogits(model, fixture.tokens, chunk: 48, .f32)
      check(logits, fixture)
      // Norms stored less one and factors computed here round once more than the file's.
      if ["gemma", "llama3", "phi3-long", "phi3-short"].allSatisfy({ !name.hasPrefix($0) }) {
        #expect(logits.map(\.bitPattern) == file.map(\.bitPattern), "\(name)")
      }
    }
  }

  private func check(_ logits: [Float], _ fixture: ModelFixture) {
    let name = fixture.name
    let peak = fixture.logits.map(abs).max()!
    for position in fixture.tokens.indices {
      let row = position * fixture.vocabularySize..<(position + 1) * fixture.vocabularySize
      let error = zip(logits[row], fixture.logits[row]).map { abs($0 - $1) }.max()!
      #expect(error <= 1e-4 * peak, "\(name), position \(position): \(error) of \(peak)")
      if error > 1e-4 * peak { return }
    }
  }

  @Test("every architecture has a fixture")
  func everyArchitecture() throws {
    var seen: Set<String> = []
    for name in ModelFixture.names {
      seen.insert(try ModelFixture(name).file().metadata.string("general.architecture")!)
    }
    #expect(Set(allArchitectures.filter { $0.isGenerative }.flatMap { $0.names }).subtracting(seen) == [])
  }
}

/// Logits of every position, `chunk` tokens at a time.
func allLogits(
  _ model: Model, _ tokens: [Int32], chunk: Int, _ format: KVFormat, optimized: Bool = true
) throws -> [Float] {
  var options = EngineOptions(contextLength: model.configuration.contextLength)
  options.batchTokens = chunk
  options.outputs = chunk
  options.keyValueFormat = format
  options.optimized = optimized
  let engine = try Engine(model, options)
  let sequence = engine.makeSequence()
  var logits: [Float] = []
  for start in stride(from: 0, to: tokens.count, by: chunk) {
    let part = Array(tokens[start..<min(start + chunk, tokens.count)])
    engine.beginStep()
    #expect(part.withUnsafeBufferPointer { engine.addToStep(sequence, $0, outputs: part.count) })
    try engine.runStep()
    for row in part.indices { logits += engine.logits(row) }
  }
  return logits
}
