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
    let rounds = 400
    var (sumM, sumV) = ([Double](repeating: 0, count: g.count), [Double](repeating: 0, count: g.count))
    for round in 0..<rounds {
      let (m, v) = try encoded(g, seed: UInt64(round) &* 0x9E37_79B9_7F4A_7C15)
      for index in g.indices {
        #expect(abs(m[index] - g[index]) <= abs(g[index]) / 8 * 1.0001, "m \(index)")
        #expect(abs(v[index] - g[index] * g[index]) <= g[index] * g[index] / 8 * 1.0001, "v \(index)")
        sumM[index] += Double(m[index] - g[index]) / Double(g[index])
        sumV[index] += Double(v[index] / (g[index] * g[index])) - 1
      }
    }
    // The error of one is at most 1/8 with a deviation of at most 1/16; the mean of all has that over √count.
    for sums in [sumM, sumV] {
      let worst = sums.map { abs($0) / Double(rounds) }.max()!
      let mean = sums.reduce(0, +) / Double(rounds * g.count)
      #expect(worst < 5 / 16 / Double(rounds).squareRoot())
      #expect(abs(mean) < 4.0 / 16 / Double(rounds * g.count).squareRoot())
    }
  }

  @Test func smallAndZero() throws {
    var g = [Float](repeating: 0, count: 256)
    (g[0], g[1], g[2], g[3]) = (1, 0x1p-18, -0x1p-18, 0x1p-40)
    var (ups, downs) = (0, 0)
    for seed in 0..<4000 {
      let (m, v) = try encoded(g, seed: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
      #expect(m[0] == 1 && v[0] == 1)
      // Below the last code of m: zero or that code, by chance; v never becomes zero.
      #expect(m[1] == 0 || m[1] == 1.25 * 0x1p-16)
      #expect(m[2] == 0 || m[2] == -1.25 * 0x1p-16)
      if m[1] != 0 { ups += 1 }
      if m[2] != 0 { downs += 1 }
      #expect(m[200] == 0)
      #expect(v[200] == 1.125 * 0x1p-32)
    }
    for count in [ups, downs] { #expect(abs(Double(count) / 4000 - 0.2) < 0.03) }
    let zero = try encoded([Float](repeating: 0, count: 100), seed: 1)
    #expect(zero.m.allSatisfy { $0 == 0 } && zero.v.allSatisfy { $0 == 0 })
  }

  /// Two layers with a ReLU learn a function given by two others: the loss after 200 steps of AdamW.
  func loss(_ kind: OptimizerKind) throws -> Double {
    let (inputs, hidden, samples) = (32, 64, 64)
    let memory = TestTensors([
      TestTensors.Shape(rows: hidden, columns: inputs), TestTensors.Shape(rows: 16, columns: hidden),
    ])
    let (a, b) = (memory.tensors[0], memory.tensors[1])
    let outputs = b.rows
    for i in 0..<a.count { a.weights[i] *= 0.2 }
    for i in 0..<b.count { b.weights[i] *= 0.2 }
    var numbers = SeededNumbers(99)
    let teacher1 = (0..<a.count).map { _ in numbers.signed() * 0.3 }
    let teacher2 = (0..<b.count).map { _ in numbers.signed() * 0.3 }
    func layer(_ w: UnsafePointer<Float>, _ x: [Float], _ rows: Int, relu: Bool) -> [Float] {
      (0..<rows).map { row in
        var sum: Float = 0
        for column in x.indices { sum += w[row * x.count + column] * x[column] }
        return relu ? max(0, sum) : sum
      }
    }
    let pool = try WorkerPool(count: 1, processors: 1)
    let engine = try OptimizerEngine(kind, tensors: memory.tensors, workers: pool, cpu: try kernels())
    var last = 0.0
    for step in 1...200 {
      for tensor in memory.tensors { tensor.gradient.update(repeating: 0, count: tensor.count) }
      var total = 0.0
      for _ in 0..<samples {
        let x = (0..<inputs).map { _ in numbers.signed() }
        let h = layer(a.weights, x, hidden, relu: true)
        let y = layer(b.weights, h, outputs, relu: false)
        let wanted = layer(teacher2, layer(teacher1, x, hidden, relu: true), outputs, relu: false)
        let d = zip(y, wanted).map { ($0 - $1) / Float(samples * outputs) }
        total += zip(y, wanted).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        for (k, value) in h.enumerated() where value > 0 {
          var back: Float = 0
          for row in 0..<outputs {
            b.gradient[row * hidden + k] += d[row] * value
            back += d[row] * b.weights[row * hidden + k]
          }
          for column in 0..<inputs { a.gradient[k * inputs + column] += back * x[column] }
        }
      }
      if step > 180 { last += total / Double(20 * samples * outputs) }
      try engine.step(number: step, learningRate: 3e-3)
    }
    return last
  }

  @Test("the loss after 200 steps is within a hundredth of that with 32-bit states")
  func training() throws {
    var settings = AdamWSettings()
    settings.beta2 = 0.99
    let wide = try loss(.adamW(settings))
    let narrow = try loss(.adamW8(settings))
    #expect(abs(narrow / wide - 1) < 0.01, "\(narrow) beside \(wide)")
  }
}
