// States of 8 bits: how far off a decoded one is, that it is right in the mean, and that training does not suffer.

import ApusRuntime
import ApusTensor
import CApusKernels
import Testing

@testable import ApusTraining

@Suite struct AdamW8Tests {
  /// One step from zero: m = (1 − β₁) g, v = (1 − β₂) g².
  func encoded(_ g: [Float], seed: UInt64) throws -> (m: [Float], v: [Float]) {
    var w = [Float](repeating: 0, count: g.count)
    var (m, v) = ([UInt8](repeating: 0, count: g.count), [UInt8](repeating: 0, count: g.count))
    var scales = [Float](repeating: 0, count: (g.count + 255) / 256 * 2)
    var first = apus_adamw()
    (first.gradient_scale, first.keep, first.blend1, first.blend2) = (1, 1, 1, 1)
    (first.inverse_root, first.epsilon, first.step) = (1, 1, 0)
    let cpu = try kernels()
    cpu.pointee.adamw8(&first, seed, 0, Int32(g.count), &w, g, &m, &v, &scales)
    return (
      m.indices.map { index in
        let code = UInt32(m[index] & 127)
        let magnitude = code == 0 ? 0 : Float(bitPattern: (code + 0x3f8 - 127) << 20)
        return (m[index] > 127 ? -magnitude : magnitude) * scales[index / 256 * 2]
      },
      v.indices.map { Float(bitPattern: (UInt32(v[$0]) + 0x3f8 - 255) << 20) * scales[$0 / 256 * 2 + 1] }
    )
  }

  @Test func errorOfAState() throws {
    var numbers = SeededNumbers(3)
    // Eight octaves; v has sixteen then. 700: three blocks, the last one ragged.
    let g = (0..<700).map { numbers.signed() * Float(sign: .plus, exponent: -($0 % 8), significand: 1) }
    let rounds = 30
    var (sumM, sumV) = ([Double](repeating: 0, count: g.count), [Double](repeating: 0, count: g.count))
    for round in 0..<rounds {
      let (m, v) = try encoded(g, seed: UInt64(round) &* 0x9E37_79B9_7F4A_7C15)
      for index in g.indices {
        sumM[index] += Double(m[index] - g[index]) / Double(g[index])
        sumV[index] += Double(v[index] / (g[index] * g[index])) - 1
      }
      let worstM = g.indices.map { abs(m[$0] / g[$0] - 1) }.max()!
      let worstV = g.indices.map { abs(v[$0] / (g[$0] * g[$0]) - 1) }.max()!
      #expect(worstM <= 1.0001 / 8 && worstV <= 1.0001 / 8, "round \(round)")
      #expect(worstM > 0.07 && worstV > 0.07, "round \(round)")
    }
    // The error of one has a deviation of at most 1/16; the mean of all has that over √count.
    for sums in [sumM, sumV] {
      let worst = sums.map { abs($0) / Double(rounds) }.max()!
      let mean = sums.reduce(0, +) / Double(rounds * g.count)
      #expect(worst < 5.0 / 16 / Double(rounds).squareRoot())
      #expect(abs(mean) < 4.0 / 16 / Double(rounds * g.count).squareRoot())
    }
  }

  @Test func smallAndZero() throws {
    var g = [Float](repeating: 0, count: 256)
    (g[0], g[1], g[2], g[3]) = (1, 0x1p-18, -0x1p-18, 0x1p-40)
    var (ups, downs) = (0, 0)
    let rounds = 150
    for seed in 0..<rounds {
      let (m, v) = try encoded(g, seed: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
      // Below the last code of m: zero or that code, by chance; v never becomes zero.
      let least: Float = 1.25 * 0x1p-16
      guard m[0] == 1, v[0] == 1, [0, least].contains(m[1]), [0, -least].contains(m[2]), m[200] == 0,
        v[200] == 1.125 * 0x1p-32
      else {
        Issue.record("seed \(seed): \(m[0...2]), \(v[0]), \(m[200]), \(v[200])")
        return
      }
      if m[1] != 0 { ups += 1 }
      if m[2] != 0 { downs += 1 }
    }
    for count in [ups, downs] { #expect(abs(Double(count) / Double(rounds) - 0.2) < 0.13) }
    let zero = try encoded([Float](repeating: 0, count: 100), seed: 1)
    #expect(zero.m.allSatisfy { $0 == 0 } && zero.v.allSatisfy { $0 == 0 })
  }

  /// Two layers with a ReLU learn a function given by two others: the mean loss of the last 20 of 200 steps.
  func loss(_ kind: OptimizerKind, seed: UInt64) throws -> Double {
    let (inputs, hidden, outputs, samples) = (16, 32, 16, 32)
    let memory = TestTensors([
      TestTensors.Shape(rows: hidden, columns: inputs), TestTensors.Shape(rows: outputs, columns: hidden),
    ])
    let (first, second) = (memory.tensors[0], memory.tensors[1])
    var numbers = SeededNumbers(seed)
    let teacher = TestTensors([
      TestTensors.Shape(rows: hidden, columns: inputs), TestTensors.Shape(rows: outputs, columns: hidden),
    ])
    for tensor in teacher.tensors { for i in 0..<tensor.count { tensor.weights[i] = numbers.signed() * 0.3 } }
    for tensor in memory.tensors { for i in 0..<tensor.count { tensor.weights[i] *= 0.2 } }
    let (pool, cpu) = (try WorkerPool(count: 1, processors: 1), try kernels())
    let products = FloatProduct(cpu: cpu, workers: pool)
    let engine = try OptimizerEngine(kind, tensors: memory.tensors, workers: pool, cpu: cpu)
    let counts = [samples * inputs, samples * hidden, samples * hidden, samples * outputs, samples * outputs]
    let memories = counts.map { UnsafeMutablePointer<Float>.allocate(capacity: $0) }
    defer { for memory in memories { memory.deallocate() } }
    let (x, h, back, y, wanted) = (memories[0], memories[1], memories[2], memories[3], memories[4])
    let input = FloatMatrix(x, rows: samples, columns: inputs)
    let inner = FloatMatrix(h, rows: samples, columns: hidden)
    let passed = FloatMatrix(back, rows: samples, columns: hidden)
    let error = FloatMatrix(y, rows: samples, columns: outputs)
    let matrices = memory.tensors.map { FloatMatrix($0.weights, rows: $0.rows, columns: $0.columns) }
    let taught = teacher.tensors.map { FloatMatrix($0.weights, rows: $0.rows, columns: $0.columns) }
    var relu = FloatProduct.Epilogue()
    relu.activation = APUS_RELU
    var last = 0.0
    for step in 1...200 {
      for i in 0..<samples * inputs { x[i] = numbers.signed() }
      for (weights, result) in [(taught, wanted), (matrices, y)] {
        try products.multiply(input, weights[0], into: h, epilogue: relu)
        try products.multiply(inner, weights[1], into: result)
      }
      var total = 0.0
      for i in 0..<samples * outputs {
        y[i] -= wanted[i]
        total += Double(y[i] * y[i])
      }
      if step > 180 { last += total / Double(20 * samples * outputs) }
      try products.multiply(error.transposed, inner.transposed, into: second.gradient)
      try products.multiply(error, matrices[1].transposed, into: back)
      for i in 0..<samples * hidden where h[i] == 0 { back[i] = 0 }
      try products.multiply(passed.transposed, input.transposed, into: first.gradient)
      try engine.step(number: step, learningRate: 3e-3, gradientScale: 1 / Float(samples * outputs))
    }
    return last
  }

  @Test("the loss after 200 steps is within a hundredth of that with 32-bit states", arguments: [1, 2, 6])
  func training(_ seed: UInt64) throws {
    var settings = AdamWSettings()
    settings.beta2 = 0.99
    let wide = try loss(.adamW(settings), seed: seed)
    let narrow = try loss(.adamW8(settings), seed: seed)
    #expect(abs(narrow / wide - 1) < 0.01, "seed \(seed): \(narrow) beside \(wide)")
    #expect(narrow != wide)
  }
}
