// How fast a micro-batch goes forward and backward, or forward only, timed on stand-ins of the weights as generation is.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTraining

/// Times micro-batches of one precision: two sizes are measured, what lies between is between.
struct TrainingSpeed {
  /// Micro-batches of so many tokens are timed; longer ones take longer in proportion.
  private static let timedTokens = 1024

  /// Sequences of the largest micro-batch that is timed.
  static func timedSequences(_ length: Int) -> Int { max(1, timedTokens / length) }

  private let network: Network
  private let precision: TrainingPrecision
  private let length: Int
  private let runtime: Runtime
  private let machine: MachineLimits
  private let effort: Double
  /// Times by sequences of a micro-batch.
  private var known: [Int: PhaseTimes] = [:]
  private var parameters: SyntheticParameters?

  init(
    _ network: Network, _ precision: TrainingPrecision, length: Int, _ runtime: Runtime,
    _ machine: MachineLimits, effort: Double
  ) {
    self.effort = effort
    self.network = network
    self.precision = precision
    self.length = length
    self.runtime = runtime
    self.machine = machine
  }

  /// Seconds of a micro-batch that is compiled to a plan.
  mutating func seconds(_ plan: Plan, micro: Int) throws -> (seconds: Double, limit: StepLimit) {
    if parameters == nil { parameters = try SyntheticParameters(plan.graph, isTraining: true, runtime) }
    let timed = known.count == 2 ? min(micro, known.keys.max()!) : micro
    let meter = try StepMeter(
      plan, parameters!, layout: network.cacheLayout(precision.keyValueFormat), positions: length,
      sequences: timed, runtime)
    var times = known[timed] ?? between(timed)
    let forecast = try meter.forecast(
      StepShape(sequences: timed, tokens: length, outputs: .last(0)), known: &times,
      seconds: 0.5 * effort)
    if known[timed] != nil || known.count < 2 { known[timed] = times }
    return (forecast.seconds * Double(micro) / Double(timed), forecast.limit(on: machine))
  }
}

extension TrainingSpeed {
  /// Times of a micro-batch between the two that were measured.
  private func between(_ micro: Int) -> PhaseTimes {
    guard known.count == 2, let low = known.keys.min(), let high = known.keys.max() else { return [:] }
    let share = Double(micro - low) / Double(high - low)
    var times: PhaseTimes = [:]
    for (phase, time) in known[low]! {
      if let other = known[high]![phase] { times[phase] = time + share * (other - time) }
    }
    return times
  }
}
