// What plans say of memory is what is reserved, to the byte.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import ApusTraining
import Testing

@testable import ApusProfile

@Suite struct PlanMemoryTests {
  private func runtime() throws -> Runtime { try Runtime(options: RuntimeOptions(threads: 2)) }

  private func purpose(_ name: String, _ memory: PlannedMemory) -> MemoryPurpose? {
    memory.purposes.first { $0.purpose == name }
  }

  @Test(
    "an engine reserves what its plan says", arguments: ["llama", "llama-tied", "gemma3", "gpt2", "phi3"])
  func generation(_ name: String) throws {
    let runtime = try runtime()
    let file = try ModelFixture(name).file()
    var question = GenerationQuestion()
    question.contexts = [100]
    question.sequences = 2
    question.batchTokens = 64
    let plan = try #require(
      GenerationPlanner(ModelFiles(file), question) { 12_345 }.plans(runtime, nil).first)
    #expect(plan.fits && plan.prompt == nil && plan.decoding == nil)

    let model = try Model(file, runtime: runtime)
    var options = EngineOptions(contextLength: 100)
    (options.sequences, options.batchTokens) = (2, 64)
    let engine = try Engine(model, options)
    let sequences = (0..<2).map { _ in engine.makeSequence() }
    for sequence in sequences {
      for part in [50, 50] {
        engine.beginStep()
        let ids = [Int32](repeating: 1, count: part)
        #expect(ids.withUnsafeBufferPointer { engine.addToStep(sequence, $0, outputs: 0) })
        try engine.runStep()
      }
    }
    let memory = plan.memory
    withExtendedLifetime(sequences) {
      #expect(purpose("keys and values", memory)?.resident == engine.cacheBytes)
    }
    #expect(purpose("activations", memory)?.reserved == engine.plan.memory.byteCount)
    #expect(purpose("scratch", memory)?.reserved == engine.scratchBytes)
    #expect(purpose("runtime", memory)?.reserved == 12_345)
    let footprint = WeightStore.footprint(
      try model.files.graph(model.network, contextLength: model.configuration.contextLength),
      from: model.network.source)
    #expect(footprint.packed == model.weights.packedBytes)
    #expect(footprint.mapped == model.weights.mappedBytes)
    // A table that is the head, too, has been read from end to end.
    let table = try #require(file.tensor(named: "token_embd.weight"))
    #expect(
      footprint.mappedAndRead == (file.tensor(named: "output.weight") == nil ? table.byteCount : 0))
    #expect(purpose("packed weights", memory)?.reserved == footprint.panels + footprint.vectors)
    // 64 tokens with 64 KiB around each would be more than the whole table.
    #expect(purpose("weights (mapped)", memory)?.resident == footprint.mapped)
  }

  @Test("panels take what the arena is made for")
  func panels() throws {
    let runtime = try runtime()
    let matrix = (rows: 40, columns: 64)
    let layout = try #require(TensorType.f32.layout)
    let bytes = PackedMatrix.byteCount(layout: layout, rows: matrix.rows, columns: matrix.columns)
    let source = [Float](repeating: 1, count: matrix.rows * matrix.columns)
    let arena = try PanelArena(byteCount: PanelArena.bytes(bytes))
    let packed = source.withUnsafeBytes {
      PackedMatrix(
        layout: layout, rows: matrix.rows, columns: matrix.columns, source: $0.baseAddress!,
        rowBytes: 4 * matrix.columns, workers: runtime.workers, arena: arena)
    }
    #expect(packed.panelCount * packed.panelBytes == bytes)
  }

  @Test("a trainer reserves what its plan says", arguments: [1, 2, 4])
  func training(_ micro: Int) throws {
    let runtime = try runtime()
    let (configuration, shape) = TrainingPlanTests.tiny()
    let plan = try TrainingPlanner(configuration, shape).plan(runtime, nil)
    for precision in TrainingPrecision.allCases {
      let choice = try #require(
        plan.choices.first { $0.precision == precision && $0.micro == micro && $0.recomputing == .none })
      let network = try Network(PrecisionSource(base: shape.source, precision: precision))
      let options = TrainingEngineOptions(
        tokens: micro * configuration.batch.length, sequences: micro,
        contextLength: configuration.batch.length)
      let graph = try TrainingEngine.graph(network, options)
      let weights = try TrainableWeights(graph, precision: precision)
      let engine = try TrainingEngine(network, graph, weights, options, runtime)
      #expect(choice.memory.activations == engine.plan.memory.byteCount)
      #expect(pages(choice.memory.cache) == engine.cacheBytes)
      #expect(choice.memory.weights == 4 * weights.floatCount)
      #expect(choice.memory.gradients == 4 * weights.floatCount)
    }
  }

  /// Memory comes in pages.
  private func pages(_ bytes: Int) -> Int { (bytes + 4095) / 4096 * 4096 }
}
