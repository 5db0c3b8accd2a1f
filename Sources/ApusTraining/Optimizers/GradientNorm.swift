// The size of all gradients together: for clipping, and to find a gradient that is not a number before it reaches
// the weights. Sums of squares are exact in double but for one rounding a value, over a fixed tree: lanes, units, tensors.

import ApusRuntime
import CApusKernels

/// The global L2 norm of the gradients.
package struct GradientNorm: Equatable, Sendable {
  /// Before any scale; not finite when a gradient is not.
  package let value: Double
  /// The first tensor with a gradient that is not finite.
  package let firstNonFinite: Int?

  /// What gradients are multiplied with so that their norm is at most `limit`; `scale` is what they are to be multiplied
  /// with anyway, such as 1 / accumulated batches. PyTorch's `clip_grad_norm_`: limit / (norm + 10⁻⁶), at most 1.
  package func scale(clippedTo limit: Double, scale: Double = 1) -> Float {
    Float(scale * min(1, limit / (value * scale + 1e-6)))
  }
}

extension OptimizerEngine {
  /// Measures all gradients. The same bits for any number of workers; allocates nothing.
  package func gradientNorm() -> GradientNorm {
    var first = 0
    for index in rules.indices {
      let group = rules[index].group
      let count = group.units.count
      var job = NormJob(group: .passUnretained(group), squares: unitSquares + first)
      withUnsafeMutablePointer(to: &job) { job in
        workers.parallel(count, UnsafeMutableRawPointer(job)) { job, unit, _ in
          job.assumingMemoryBound(to: NormJob.self).pointee.measure(unit)
        }
      }
      for slot in group.slots {
        var sum = 0.0
        for unit in slot.firstUnit..<slot.firstUnit + slot.unitCount { sum += unitSquares[first + unit] }
        tensorSquares[slot.tensor] = sum
      }
      first += count
    }
    var (total, nonFinite) = (0.0, Int?.none)
    for tensor in tensors.indices {
      total += tensorSquares[tensor]
      if nonFinite == nil, !tensorSquares[tensor].isFinite { nonFinite = tensor }
    }
    return GradientNorm(value: total.squareRoot(), firstNonFinite: nonFinite)
  }

  /// Σg² of each unit of a tensor when `gradientNorm()` was last called.
  func unitSquares(of tensor: Int) -> UnsafeBufferPointer<Double> {
    let units = unitRanges[tensor]
    return UnsafeBufferPointer(start: unitSquares + units.lowerBound, count: units.count)
  }

  /// The norm of one tensor's gradient when `gradientNorm()` was last called.
  package func gradientNorm(of tensor: Int) -> Double { tensorSquares[tensor].squareRoot() }
}

private struct NormJob {
  let group: Unmanaged<TensorGroup>
  let squares: UnsafeMutablePointer<Double>

  func measure(_ number: Int) {
    group._withUnsafeGuaranteedRef { group in
      let unit = group.units[number]
      let slot = group.slots[unit.slot]
      squares[number] = group.cpu.pointee.sum_squares(
        slot.gradient + unit.firstRow * slot.columns, nil, 1, Int64(unit.rowCount * slot.columns))
    }
  }
}
