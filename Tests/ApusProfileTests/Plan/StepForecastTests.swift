// The arithmetic of the time model, on a machine that is made up.

import ApusGraph
import Testing

@testable import ApusProfile

@Suite struct StepForecastTests {
  /// 10 bytes, 100 float operations, 1000 in bytes a second.
  private let machine = MachineLimits(f32: 100, bf16: nil, int8: 1000, readBytes: 10)

  private func part(
    _ seconds: Double, flops: Double = 0, bytes: Double = 0, _ arithmetic: Arithmetic = .f32
  ) -> StepForecast.Part {
    StepForecast.Part(
      name: "matmul", count: 1, seconds: seconds, cost: Cost(flops: flops, bytes: bytes),
      arithmetic: arithmetic)
  }

  @Test("a step is its phases and what is beside them")
  func sum() {
    let step = StepForecast(parts: [part(2), part(0.5)], overhead: 0.25)
    #expect(step.seconds == 2.75)
  }

  @Test("bounds are bytes over bandwidth and operations over the rate of their arithmetic")
  func bounds() {
    let bounds = part(1, flops: 500, bytes: 20, .int8).bounds(on: machine)
    #expect(bounds.memory == 2 && bounds.arithmetic == 0.5)
    // Without an instruction for bfloat16 its sums are those of floats.
    #expect(part(1, flops: 500, .bf16).bounds(on: machine).arithmetic == 5)
  }

  @Test(
    "the longer bound limits, if it explains the time",
    arguments: [
      (part: (seconds: 2.5, flops: 100.0, bytes: 20.0, Arithmetic.f32), StepLimit.memory),
      ((1.5, 100, 5, .f32), .f32),
      ((1.5, 1000, 5, .int8), .int8),
      ((1.5, 100, 5, .bf16), .bf16),
      ((10, 100, 20, .f32), .smallPhases),
      // Faster than the memory by far: it came from a cache, and little is calculated.
      ((1, 10, 20, .f32), .caches),
      // The same with much to calculate.
      ((1, 90, 20, .f32), .f32),
      ((1, 0, 0, .f32), .smallPhases),
    ] as [((seconds: Double, flops: Double, bytes: Double, Arithmetic), StepLimit)])
  func limit(
    _ given: (seconds: Double, flops: Double, bytes: Double, Arithmetic), _ expected: StepLimit
  ) {
    let part = part(given.seconds, flops: given.flops, bytes: given.bytes, given.3)
    #expect(part.limit(on: machine) == expected)
  }

  @Test("a step is limited by what limits most of its time")
  func limits() {
    let step = StepForecast(
      parts: [part(2, bytes: 20), part(1.5, bytes: 15), part(3, flops: 300)], overhead: 0.5)
    #expect(step.limits(on: machine) == [.memory: 3.5, .f32: 3, .smallPhases: 0.5])
    #expect(step.limit(on: machine) == .memory)
  }
}
