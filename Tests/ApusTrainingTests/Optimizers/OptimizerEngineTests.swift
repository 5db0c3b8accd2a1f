// What holds for every optimiser: the same bits for any number of workers and every kernel table, exact restoring, no
// allocation, predicted bytes, every row reported once, tensors that do not decay or learn at a rate of their own.

import ApusRuntime
import ApusTensor
import ApusTestSupport
import CApusKernels
import Testing

@testable import ApusTraining

@Suite struct OptimizerEngineTests {
  /// Weights after some steps, then the states.
  func run(
    _ kind: OptimizerKind, workers: Int, cpu: KernelTable, steps: Int = 3, averageDecay: Double? = 0.9
  ) throws -> (weights: [[UInt32]], states: [[UInt8]]) {
    let memory = TestTensors(TestTensors.ragged)
    let pool = try WorkerPool(count: workers, processors: workers)
    let engine = try OptimizerEngine(
      kind, tensors: memory.tensors, averageDecay: averageDecay, workers: pool, cpu: cpu)
    for step in 1...steps {
      memory.setGradients(step: step)
      try engine.step(number: step, learningRate: 0.01, gradientScale: 0.7)
    }
    return (memory.bits, engine.states.map { Array($0.bytes) })
  }

  @Test(arguments: NamedOptimizer.all)
  func anyNumberOfWorkers(_ optimizer: NamedOptimizer) throws {
    let cpu = try kernels()
    let one = try run(optimizer.kind, workers: 1, cpu: cpu)
    for workers in [2, 3] {
      let many = try run(optimizer.kind, workers: workers, cpu: cpu)
      #expect(many.weights == one.weights, "\(optimizer), \(workers) workers")
      #expect(many.states == one.states, "\(optimizer), \(workers) workers")
    }
  }

  @Test(arguments: NamedOptimizer.all)
  func everyTable(_ optimizer: NamedOptimizer) throws {
    let portable = try run(optimizer.kind, workers: 1, cpu: apus_cpu_at(0), steps: 2)
    var index: Int32 = 1
    while let table = apus_cpu_at(index) {
      index += 1
      guard table.pointee.supported() != 0 else { continue }
      let name = String(cString: table.pointee.name)
      let found = try run(optimizer.kind, workers: 2, cpu: table, steps: 2)
      #expect(found.weights == portable.weights, "\(optimizer), \(name)")
      #expect(found.states == portable.states, "\(optimizer), \(name)")
    }
  }

  @Test(
    "a run that is restored ends with the bits of one that was not stopped", arguments: NamedOptimizer.all)
  func restored(_ optimizer: NamedOptimizer) throws {
    let cpu = try kernels()
    let pool = try WorkerPool(count: 2, processors: 2)
    let whole = try run(optimizer.kind, workers: 2, cpu: cpu, steps: 6)
    let first = TestTensors(TestTensors.ragged)
    let stopped = try OptimizerEngine(
      optimizer.kind, tensors: first.tensors, averageDecay: 0.9, workers: pool, cpu: cpu)
    for step in 1...3 {
      first.setGradients(step: step)
      try stopped.step(number: step, learningRate: 0.01, gradientScale: 0.7)
    }
    let second = TestTensors(TestTensors.ragged)
    let resumed = try OptimizerEngine(
      optimizer.kind, tensors: second.tensors, averageDecay: 0.9, workers: pool, cpu: cpu)
    for (from, to) in zip(first.tensors, second.tensors) {
      to.weights.update(from: from.weights, count: to.count)
    }
    for (from, to) in zip(stopped.states, resumed.states) {
      #expect(from.tensor == to.tensor && from.shape == to.shape)
      to.bytes.copyMemory(from: UnsafeRawBufferPointer(from.bytes))
    }
    for step in 4...6 {
      second.setGradients(step: step)
      try resumed.step(number: step, learningRate: 0.01, gradientScale: 0.7)
    }
    #expect(second.bits == whole.weights, "\(optimizer)")
    #expect(resumed.states.map { Array($0.bytes) } == whole.states, "\(optimizer)")
  }

  @Test(
    .enabled(if: allocationsAreCounted, allocationsSkipReason), arguments: NamedOptimizer.all)
  func noAllocations(_ optimizer: NamedOptimizer) throws {
    let memory = TestTensors(TestTensors.ragged)
    let pool = try WorkerPool(count: 2, processors: 2)
    let engine = try OptimizerEngine(
      optimizer.kind, tensors: memory.tensors, averageDecay: 0.99, workers: pool, cpu: try kernels())
    engine.rowsWritten = RowsWritten(context: nil) { _, _, _, _, _ in }
    memory.setGradients(step: 1)
    func step(_ number: Int) throws {
      let norm = engine.gradientNorm()
      try engine.step(number: number, learningRate: 0.01, gradientScale: norm.scale(clippedTo: 1))
    }
    try step(1)
    let count = try countAllocations(on: pool) { for number in 2...4 { try step(number) } }
    #expect(count == 0, "\(optimizer)")
  }

  @Test(arguments: NamedOptimizer.all)
  func bytesArePredicted(_ optimizer: NamedOptimizer) throws {
    let memory = TestTensors(TestTensors.ragged)
    let pool = try WorkerPool(count: 1, processors: 1)
    for averageDecay in [nil, 0.5] {
      let engine = try OptimizerEngine(
        optimizer.kind, tensors: memory.tensors, averageDecay: averageDecay, workers: pool,
        cpu: try kernels())
      let predicted = OptimizerEngine.stateBytes(
        optimizer.kind, memory.tensors, averages: averageDecay != nil)
      let placed = engine.states.reduce(0) { $0 + $1.shape.placedBytes }
      #expect(predicted == placed)
      #expect(engine.states.allSatisfy { $0.bytes.count == $0.shape.byteCount })
      // Each has a place of its own.
      let starts = engine.states.map { ($0.bytes.baseAddress!, $0.bytes.count) }.sorted { $0.0 < $1.0 }
      for (a, b) in zip(starts, starts.dropFirst()) { #expect(a.0 + a.1 <= b.0) }
    }
    let values = memory.tensors.reduce(0) { $0 + $1.count }
    let perValue = Double(OptimizerEngine.stateBytes(optimizer.kind, memory.tensors)) / Double(values)
    switch optimizer.kind {
    case .adamW: #expect(perValue >= 8 && perValue < 8.1)
    case .adamW8: #expect(perValue < 2.25)
    case .sgd(let settings): #expect(settings.momentum == 0 ? perValue == 0 : perValue < 4.1)
    case .lion: #expect(perValue < 4.1)
    case .adafactor(let settings): #expect(perValue < (settings.beta1 == nil ? 0.3 : 4.3))
    case .muon: #expect(perValue > 4 && perValue < 8)
    }
  }

  /// What rowsWritten saw, and whether the weights were new already.
  final class Rows {
    var seen: [[Int]]
    let before: [[Float]]
    let memory: TestTensors
    var stale = 0

    init(_ memory: TestTensors) {
      self.memory = memory
      seen = memory.tensors.map { [Int](repeating: 0, count: $0.rows) }
      before = memory.tensors.indices.map { memory.weights($0) }
    }
  }

  @Test(arguments: NamedOptimizer.all)
  func everyRowIsReportedOnce(_ optimizer: NamedOptimizer) throws {
    let memory = TestTensors(TestTensors.ragged)
    memory.setGradients(step: 1)
    let pool = try WorkerPool(count: 1, processors: 1)
    let engine = try OptimizerEngine(
      optimizer.kind, tensors: memory.tensors, workers: pool, cpu: try kernels())
    let rows = Rows(memory)
    engine.rowsWritten = RowsWritten(context: Unmanaged.passUnretained(rows).toOpaque()) {
      context, tensor, firstRow, count, worker in
      let rows = Unmanaged<Rows>.fromOpaque(context!).takeUnretainedValue()
      let description = rows.memory.tensors[tensor]
      if firstRow % 16 != 0 || (count % 16 != 0 && firstRow + count != description.rows) || worker != 0 {
        rows.stale += 1
      }
      for row in firstRow..<firstRow + count {
        rows.seen[tensor][row] += 1
        let at = row * description.columns
        if description.weights[at] == rows.before[tensor][at] { rows.stale += 1 }
      }
    }
    try withExtendedLifetime(rows) { try engine.step(number: 1, learningRate: 0.01) }
    #expect(rows.seen.allSatisfy { $0.allSatisfy { $0 == 1 } })
    #expect(rows.stale == 0)
  }

  @Test func ratesAndDecayOfTensors() throws {
    // Without gradients only decay moves a weight; AdamW's first step moves it by its rate.
    let shapes = [
      TestTensors.Shape(rows: 2, columns: 40), TestTensors.Shape(rows: 2, columns: 40, decays: false),
      TestTensors.Shape(rows: 2, columns: 40, decays: false, rateScale: 0.25),
    ]
    let pool = try WorkerPool(count: 1, processors: 1)
    for gradient in [Float(0), 1] {
      let memory = TestTensors(shapes)
      let before = memory.tensors.indices.map { memory.weights($0) }
      for tensor in memory.tensors { tensor.gradient.update(repeating: gradient, count: tensor.count) }
      var settings = AdamWSettings()
      settings.weightDecay = 0.5
      let engine = try OptimizerEngine(
        .adamW(settings), tensors: memory.tensors, workers: pool, cpu: try kernels())
      try engine.step(number: 1, learningRate: 0.125)
      for (index, shape) in shapes.enumerated() {
        for (old, new) in zip(before[index], memory.weights(index)) {
          let expected = old * (shape.decays ? 1 - 0.0625 : 1) - gradient * 0.125 * shape.rateScale
          #expect(abs(new - expected) < 1e-6, "tensor \(index)")
        }
      }
    }
  }

  @Test func runningMean() throws {
    let memory = TestTensors([TestTensors.Shape(rows: 20, columns: 33)])
    let pool = try WorkerPool(count: 1, processors: 1)
    let engine = try OptimizerEngine(
      .sgd(SGDSettings()), tensors: memory.tensors, averageDecay: 0.75, workers: pool, cpu: try kernels())
    var expected: [Double] = []
    for step in 1...5 {
      memory.setGradients(step: step)
      try engine.step(number: step, learningRate: 0.05)
      let now = memory.weights(0).map(Double.init)
      expected = step == 1 ? now : zip(expected, now).map { 0.75 * $0 + 0.25 * $1 }
    }
    let average = try #require(engine.average(of: 0))
    for (index, value) in expected.enumerated() {
      #expect(abs(Double(average[index]) - value) <= 5 * 3 * 0x1p-24 * 1.5)
    }
  }

  @Test func settingsThatMakeNoSense() {
    func message(_ kind: OptimizerKind) -> String {
      do {
        try kind.validate()
        return "accepted"
      } catch {
        return error.description
      }
    }
    var adam = AdamWSettings()
    adam.beta2 = 1
    #expect(message(.adamW(adam)) == "beta2 is 1.0; expected a number from 0 up to but not 1")
    #expect(message(.adamW8(adam)) == message(.adamW(adam)))
    #expect(message(.muon(MuonSettings(), rest: adam)) == message(.adamW(adam)))
    adam = AdamWSettings()
    adam.weightDecay = .nan
    #expect(message(.adamW(adam)) == "weight decay is nan; expected a number of at least 0")
    adam = AdamWSettings()
    adam.epsilon = 0
    #expect(message(.adamW(adam)) == "epsilon is 0.0; expected a number above 0")
    var sgd = SGDSettings()
    sgd.momentum = 0
    sgd.nesterov = true
    #expect(message(.sgd(sgd)) == "momentum is 0; expected a number above 0, because nesterov is on")
    var lion = LionSettings()
    lion.beta1 = -0.1
    #expect(message(.lion(lion)) == "beta1 is -0.1; expected a number from 0 up to but not 1")
    var factor = AdafactorSettings()
    factor.decay = 2
    #expect(message(.adafactor(factor)) == "decay is 2.0; expected a number above 0 and at most 1")
    #expect(message(.adamW(AdamWSettings())) == "accepted")
  }
}
