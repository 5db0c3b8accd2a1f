// Times what follows the gradients of a step: their norm, and the update of all weights. Tensors of one shape are alike;
// one of each is updated, a large one only in part unless its optimiser looks at it as a matrix.

import ApusRuntime
import ApusTensor
import ApusTraining

/// Times an optimiser on tensors that are not there.
struct OptimizerMeter {
  private let kind: OptimizerKind
  private let runtime: Runtime

  init(_ kind: OptimizerKind, _ runtime: Runtime) {
    self.kind = kind
    self.runtime = runtime
  }

  /// Weights of a tensor that are updated at most: with gradients and states more than a cache holds.
  private static let most = 4 << 20

  private struct Shape: Hashable {
    var rows: Int
    var columns: Int
    var kind: TrainableTensor.Kind
  }

  /// Seconds of a step.
  ///
  /// - Throws: `LearningError`, `RuntimeError.outOfMemory`.
  func seconds(_ layout: [TrainableWeights.Tensor], averages: Bool) throws -> Double {
    let nowhere = UnsafeMutablePointer<Float>(bitPattern: 64)!
    let counts = Learner.tensors(layout, masters: nowhere, gradients: nowhere).reduce(into: [Shape: Int]()) {
      $0[Shape(rows: $1.rows, columns: $1.columns, kind: $1.kind), default: 0] += 1
    }
    // Small tensors are timed together: alone each would be measured with the cost of starting.
    let small = counts.filter { $0.key.rows * $0.key.columns < 1 << 16 }
    var total = 0.0
    for (shape, count) in counts where small[shape] == nil {
      let rows = isWhole(shape) ? shape.rows : min(shape.rows, max(16, Self.most / shape.columns / 16 * 16))
      let time = try time([Shape(rows: rows, columns: shape.columns, kind: shape.kind)], averages)
      total += time * Double(count) * Double(shape.rows) / Double(rows)
    }
    if !small.isEmpty {
      total += try time(small.flatMap { Array(repeating: $0.key, count: $0.value) }, averages)
    }
    return total
  }

  /// Muon multiplies matrices with themselves.
  private func isWhole(_ shape: Shape) -> Bool {
    if case .muon = kind { return shape.kind == .matrix }
    return false
  }

  private func time(_ shapes: [Shape], _ averages: Bool) throws -> Double {
    let floats = shapes.reduce(0) { $0 + ($1.rows * $1.columns + 15) & ~15 }
    let memory = try HugeBuffer(byteCount: 8 * max(16, floats), purpose: "weights to measure")
    SyntheticBytes.floats.fill(memory.bytes, runtime.workers)
    var next = memory.base.assumingMemoryBound(to: Float.self)
    let tensors = shapes.enumerated().map { number, shape in
      let count = (shape.rows * shape.columns + 15) & ~15
      defer { next += count }
      return TrainableTensor(
        name: "\(number)", rows: shape.rows, columns: shape.columns, weights: next, gradient: next + floats,
        kind: shape.kind, decays: shape.kind != .vector)
    }
    let engine = try OptimizerEngine(
      kind, tensors: tensors, averageDecay: averages ? 0.999 : nil, workers: runtime.workers,
      cpu: runtime.cpu.table)
    var times: [Double] = []
    for number in 1...4 {
      times.append(
        try MonotonicClock.seconds {
          let norm = engine.gradientNorm()
          try engine.step(number: number, learningRate: 1e-6, gradientScale: norm.scale(clippedTo: 1))
        })
    }
    // The first takes its pages from the system.
    return times.dropFirst().sorted()[1]
  }
}
