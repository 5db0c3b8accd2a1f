// The norm of all gradients: right, the same bits for any number of workers, and a finder of what is not a number.

import ApusRuntime
import Testing

@testable import ApusTraining

@Suite struct GradientNormTests {
  func norm(workers: Int, _ change: (TestTensors) -> Void = { _ in }) throws -> (
    GradientNorm, OptimizerEngine
  ) {
    let memory = TestTensors(TestTensors.ragged)
    memory.setGradients(step: 7)
    change(memory)
    let pool = try WorkerPool(count: workers, processors: workers)
    // Two rules, so that tensors are not in the order of units.
    let engine = try OptimizerEngine(
      .muon(MuonSettings(), rest: AdamWSettings()), tensors: memory.tensors, workers: pool,
      cpu: try kernels())
    return withExtendedLifetime(memory) { (engine.gradientNorm(), engine) }
  }

  @Test func againstDouble() throws {
    let memory = TestTensors(TestTensors.ragged)
    memory.setGradients(step: 7)
    let squares = memory.tensors.map { tensor in
      (0..<tensor.count).reduce(0.0) { $0 + Double(tensor.gradient[$1]) * Double(tensor.gradient[$1]) }
    }
    let (norm, engine) = try norm(workers: 1)
    let expected = squares.reduce(0, +).squareRoot()
    #expect(abs(norm.value - expected) <= 1e-13 * expected)
    #expect(norm.firstNonFinite == nil)
    for (tensor, sum) in squares.enumerated() {
      #expect(abs(engine.gradientNorm(of: tensor) - sum.squareRoot()) <= 1e-13 * sum.squareRoot())
    }
    for workers in [2, 3] { #expect(try self.norm(workers: workers).0 == norm) }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(_ value: Float) throws {
    for tensor in TestTensors.ragged.indices {
      let norm = try norm(workers: 2) { memory in
        memory.tensors[tensor].gradient[memory.tensors[tensor].count - 1] = value
        memory.tensors.last!.gradient[0] = value
      }.0
      #expect(norm.firstNonFinite == tensor)
      #expect(!norm.value.isFinite)
    }
  }

  @Test("the largest floats have a norm")
  func large() throws {
    let norm = try norm(workers: 1) { $0.tensors[0].gradient[5] = .greatestFiniteMagnitude }.0
    #expect(norm.firstNonFinite == nil)
    #expect(abs(norm.value / Double(Float.greatestFiniteMagnitude) - 1) < 1e-12)
  }

  @Test func clipping() {
    let norm = GradientNorm(value: 4, firstNonFinite: nil)
    #expect(norm.scale(clippedTo: 1) == Float(1 / (4 + 1e-6)))
    #expect(norm.scale(clippedTo: 5) == 1)
    #expect(norm.scale(clippedTo: 1, scale: 0.125) == 0.125)
    #expect(norm.scale(clippedTo: 1, scale: 0.5) == Float(0.5 / (2 + 1e-6)))
  }
}
