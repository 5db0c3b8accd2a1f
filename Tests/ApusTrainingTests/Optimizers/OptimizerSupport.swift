// What the tests of the optimisers share: tensors with seeded weights and gradients, and the optimisers to try. No test
// lives here.

import ApusRuntime
import ApusTensor
import CApusKernels

@testable import ApusTraining

/// SplitMix64, as in optimizers.py.
struct SeededNumbers {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [-1, 1).
  mutating func signed() -> Float {
    Float(Int32(truncatingIfNeeded: next() >> 40) - (1 << 23)) / Float(1 << 23)
  }
}

/// Tensors in memory of their own.
final class TestTensors {
  struct Shape {
    var rows: Int
    var columns: Int
    var kind = TrainableTensor.Kind.matrix
    var decays = true
    var rateScale: Float = 1
  }

  let tensors: [TrainableTensor]

  /// Weights are those of optimizers.py.
  init(_ shapes: [Shape]) {
    tensors = shapes.enumerated().map { index, shape in
      let count = shape.rows * shape.columns
      let weights = UnsafeMutablePointer<Float>.allocate(capacity: count)
      let gradient = UnsafeMutablePointer<Float>.allocate(capacity: count)
      var numbers = SeededNumbers(UInt64(index))
      for i in 0..<count { weights[i] = numbers.signed() }
      gradient.initialize(repeating: 0, count: count)
      return TrainableTensor(
        name: "blk.\(index).ffn_up.weight", rows: shape.rows, columns: shape.columns, weights: weights,
        gradient: gradient, kind: shape.kind, decays: shape.decays, learningRateScale: shape.rateScale)
    }
  }

  deinit {
    for tensor in tensors {
      tensor.weights.deallocate()
      tensor.gradient.deallocate()
    }
  }

  /// The gradients of optimizers.py: columns of four magnitudes.
  func setGradients(step: Int) {
    for (index, tensor) in tensors.enumerated() {
      var numbers = SeededNumbers(UInt64(1000 * step + index))
      for i in 0..<tensor.count {
        tensor.gradient[i] =
          numbers.signed() * Float(sign: .plus, exponent: -3 * (i % tensor.columns % 4), significand: 1)
      }
    }
  }

  func weights(_ tensor: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: tensors[tensor].weights, count: tensors[tensor].count))
  }

  var bits: [[UInt32]] { tensors.indices.map { weights($0).map(\.bitPattern) } }

  /// Matrices with more units than workers, ends that fill no vector and no panel, one row, one column.
  static let ragged: [Shape] = [
    Shape(rows: 35, columns: 300), Shape(rows: 260, columns: 37, kind: .embedding, rateScale: 0.5),
    Shape(rows: 1, columns: 513, kind: .vector, decays: false), Shape(rows: 33, columns: 1),
    Shape(rows: 1, columns: 1, kind: .vector),
  ]
}

/// An optimiser that can be named in a test's arguments.
struct NamedOptimizer: CustomStringConvertible, Sendable {
  let description: String
  let kind: OptimizerKind

  static let all: [NamedOptimizer] = {
    var momentum = SGDSettings()
    momentum.nesterov = true
    var plain = SGDSettings()
    plain.momentum = 0
    var factored = AdafactorSettings()
    factored.beta1 = 0.9
    var f32 = MuonSettings()
    f32.precision = .f32
    return [
      NamedOptimizer(description: "adamw", kind: .adamW(AdamWSettings())),
      NamedOptimizer(description: "adamw8", kind: .adamW8(AdamWSettings())),
      NamedOptimizer(description: "sgd", kind: .sgd(plain)),
      NamedOptimizer(description: "nesterov", kind: .sgd(momentum)),
      NamedOptimizer(description: "lion", kind: .lion(LionSettings())),
      NamedOptimizer(description: "adafactor", kind: .adafactor(AdafactorSettings())),
      NamedOptimizer(description: "adafactor with momentum", kind: .adafactor(factored)),
      NamedOptimizer(description: "muon", kind: .muon(MuonSettings(), rest: AdamWSettings())),
      NamedOptimizer(description: "muon f32", kind: .muon(f32, rest: AdamWSettings())),
    ]
  }()
}

/// The best kernels of this machine, and portable ones.
func kernels() throws -> KernelTable { try CPU().table }
