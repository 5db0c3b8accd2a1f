// The time model: a step is its phases one after the other. Each phase has a time, measured on one that is like it, and a
// bound: what it moves over the bandwidth, or what it calculates over the rate, whichever is longer.

import ApusGraph
import ApusTensor

/// What keeps a step from being faster.
package enum StepLimit: String, Sendable, CaseIterable {
  /// Weights and keys cross the memory bus.
  case memory
  /// Sums of bytes.
  case int8
  /// Sums of bfloat16.
  case bf16
  /// Sums of floats.
  case f32
  /// What rows read and write, which stays in the caches.
  case caches
  /// None of these: rows too small to share, barriers, waiting for the slowest worker.
  case smallPhases = "small phases"
}

/// What a step is expected to take.
package struct StepForecast: Sendable, Equatable {
  /// Phases that are alike.
  package struct Part: Sendable, Equatable {
    /// The operations, "matmul | matmul".
    package var name: String
    /// Phases of this kind in a step.
    package var count: Int
    /// Seconds of all of them.
    package var seconds: Double
    /// Their work.
    package var cost: Cost
    /// What most of the work is calculated in.
    package var arithmetic: Arithmetic

    package init(name: String, count: Int, seconds: Double, cost: Cost, arithmetic: Arithmetic) {
      self.name = name
      self.count = count
      self.seconds = seconds
      self.cost = cost
      self.arithmetic = arithmetic
    }
  }

  package var parts: [Part]
  /// Seconds beside the phases: waking the workers, looking at the logits.
  package var overhead: Double

  package init(parts: [Part], overhead: Double) {
    self.parts = parts
    self.overhead = overhead
  }

  /// Seconds of the step.
  package var seconds: Double { parts.reduce(overhead) { $0 + $1.seconds } }

  /// Seconds by what limits them on a machine.
  package func limits(on machine: MachineLimits) -> [StepLimit: Double] {
    var seconds: [StepLimit: Double] = [.smallPhases: overhead]
    for part in parts { seconds[part.limit(on: machine), default: 0] += part.seconds }
    return seconds
  }

  /// What limits most of the step.
  package func limit(on machine: MachineLimits) -> StepLimit {
    let seconds = limits(on: machine)
    return StepLimit.allCases.max { seconds[$0, default: 0] < seconds[$1, default: 0] }!
  }
}

extension StepForecast.Part {
  /// Of its time a phase must spend so much at a bound to be limited by it.
  private static let explained = 0.3
  /// Faster than the memory by more than measurements drift: what it moves has not come from there.
  private static let cached = 1.5

  /// Seconds the part's bytes and its operations take at best.
  package func bounds(on machine: MachineLimits) -> (memory: Double, arithmetic: Double) {
    (cost.bytes / max(1, machine.readBytes), cost.flops / max(1, machine.peak(arithmetic)))
  }

  /// What limits the part: the longer of its bounds, if that explains its time.
  package func limit(on machine: MachineLimits) -> StepLimit {
    let (memory, calculation) = bounds(on: machine)
    let isCached = memory > Self.cached * seconds
    if !isCached, memory >= max(calculation, Self.explained * seconds) { return .memory }
    guard calculation >= Self.explained * seconds else { return isCached ? .caches : .smallPhases }
    switch arithmetic {
    case .int8: return .int8
    case .bf16: return .bf16
    case .f32: return .f32
    }
  }
}
