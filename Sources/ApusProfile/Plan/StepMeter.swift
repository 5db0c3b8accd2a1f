// Times the phases of a plan without the model's weights: the executor and the kernels are those that will run, bound to
// stand-ins. Of phases that are alike only as many are run as there is time for.

import ApusGraph
import ApusInference
import ApusRuntime
import ApusTensor

/// The sizes of a step.
package struct StepShape: Sendable {
  package var sequences = 1
  /// New tokens of each sequence.
  package var tokens: Int
  /// Tokens of each sequence that are in the cache already.
  package var start = 0
  /// Which tokens of each sequence want a row of results.
  package var outputs = OutputRows.last(1)

  package init(sequences: Int = 1, tokens: Int, start: Int = 0, outputs: OutputRows = .last(1)) {
    self.sequences = sequences
    self.tokens = tokens
    self.start = start
    self.outputs = outputs
  }

  /// Rows that each sequence wants.
  var outputRows: Int {
    switch outputs {
    case .last(let count): count
    case .first: 1
    }
  }
}

/// Times of phases by what they do, for one shape of step and one number of threads.
typealias PhaseTimes = [PhaseLikeness: Double]

/// Times steps of one plan.
///
/// Not thread-safe.
final class StepMeter {
  private let plan: Plan
  private let runtime: Runtime
  private let layout: KVLayout
  private let positions: Int
  private let parameters: SyntheticParameters
  private let pages: HugeBuffer
  private let table: UnsafeMutablePointer<UnsafeRawPointer?>
  private let pagesPerSequence: Int
  private let likenesses: [PhaseLikeness]
  /// Ids below this have a row to look up.
  private let vocabulary: Int

  /// - Parameters:
  ///   - positions: the most a sequence of a step has.
  ///   - sequences: the most of a step.
  /// - Throws: `RuntimeError.outOfMemory`.
  init(
    _ plan: Plan, _ parameters: SyntheticParameters, layout: KVLayout, positions: Int, sequences: Int,
    _ runtime: Runtime
  ) throws(RuntimeError) {
    self.plan = plan
    self.parameters = parameters
    self.layout = layout
    self.positions = positions
    self.runtime = runtime
    pagesPerSequence = KVLayout.pages(positions) + 1
    let count = pagesPerSequence * sequences
    let stride = PagePool.byteCount(layout, capacity: 1)
    let distinct = max(1, min(count, SyntheticParameters.enough / stride))
    pages = try HugeBuffer(byteCount: max(64, distinct * stride), purpose: "keys to measure with")
    // Pages nobody wrote are one page of zeros, which the cache holds.
    (layout.format == .q8_0 ? SyntheticBytes.integers : .halves).fill(pages.bytes, runtime.workers)
    table = .allocate(capacity: count)
    for page in 0..<count {
      (table + page).initialize(to: UnsafeRawPointer(pages.base + page % distinct * stride))
    }
    likenesses = plan.phases.indices.map { plan.likeness(ofPhase: $0) }
    vocabulary = Self.vocabulary(plan.graph)
  }

  private static func vocabulary(_ graph: Graph) -> Int {
    for node in graph.nodes {
      guard let ids = node.inputs.first, graph[ids].source == .input(.tokenIDs), node.inputs.count > 1,
        case .fixed(let rows) = graph[node.inputs[1]].type.rows
      else { continue }
      return SyntheticParameters.tableRows(rows)
    }
    return 1
  }

  deinit {
    table.deallocate()
  }

  /// Bytes of the workers' own memory, as an executor of the plan has them. Takes no memory to speak of.
  static func scratchBytes(
    _ plan: Plan, layout: KVLayout, positions: Int, _ runtime: Runtime
  ) throws -> Int {
    let parameters = try SyntheticParameters(plan.graph, isFilled: false, runtime)
    return try executor(plan, parameters, layout, positions, runtime).scratchBytes
  }

  /// Times what is not known yet of a step.
  ///
  /// - Parameters:
  ///   - known: times of phases; what is measured is added.
  ///   - seconds: about how long to measure.
  func forecast(_ shape: StepShape, known: inout PhaseTimes, seconds: Double) throws -> StepForecast {
    var places: [PhaseLikeness: [Int]] = [:]
    for (number, likeness) in likenesses.enumerated() where known[likeness] == nil {
      places[likeness, default: []].append(number)
    }
    var overhead = 0.0
    if !places.isEmpty {
      // One of each tells how many there is time for.
      var measured = try run(places.values.map { $0[0] }, shape, seconds: seconds / 5)
      let repeats = Int(seconds / Double(Self.runs) / max(1e-9, measured.wall))
      if repeats >= 1 {
        measured = try run(places.values.flatMap { Self.spread($0, repeats) }, shape, seconds: seconds)
      }
      known.merge(measured.times) { _, new in new }
      overhead = measured.overhead
    }
    return forecast(shape, known, overhead: overhead)
  }

  /// Of phases that are alike so many, from the first to the last.
  private static func spread(_ numbers: [Int], _ count: Int) -> [Int] {
    guard count < numbers.count else { return numbers }
    return (0..<count).map { numbers[$0 * numbers.count / count] }
  }

  private func forecast(_ shape: StepShape, _ times: PhaseTimes, overhead: Double) -> StepForecast {
    let sizes = sizes(shape)
    var parts: [PhaseLikeness: StepForecast.Part] = [:]
    var order: [PhaseLikeness] = []
    for (number, likeness) in likenesses.enumerated() {
      if parts[likeness] == nil {
        order.append(likeness)
        parts[likeness] = StepForecast.Part(
          name: plan.name(ofPhase: number), count: 0, seconds: 0, cost: Cost(),
          arithmetic: PlanOperations.arithmetic(
            plan.phases[number].groups.joined().map { plan.graph.nodes[$0] }, plan.graph))
      }
      parts[likeness]!.count += 1
      parts[likeness]!.seconds += times[likeness] ?? 0
      parts[likeness]!.cost = parts[likeness]!.cost + plan.cost(ofPhase: number, sizes)
    }
    return StepForecast(parts: order.map { parts[$0]! }, overhead: overhead)
  }

  private func sizes(_ shape: StepShape) -> Sizes {
    let (count, tokens) = (shape.sequences, shape.tokens)
    var sizes = Sizes(
      tokens: count * tokens, outputs: count * shape.outputRows, sequences: count)
    sizes.cached = count * (shape.start + tokens)
    sizes.attended = count * (tokens * shape.start + tokens * (tokens + 1) / 2)
    return sizes
  }

  // MARK: Running

  /// Runs that a time is to be the middle of, and the most of them.
  private static let runs = 5
  private static let mostRuns = 1000

  private static func executor(
    _ plan: Plan, _ parameters: SyntheticParameters, _ layout: KVLayout, _ positions: Int, _ runtime: Runtime
  ) throws -> Executor {
    try Executor(
      plan, cpu: runtime.cpu.table, workers: runtime.workers, cache: layout, positions: positions,
      gradients: { parameters.gradient($0) }
    ) { (reference, type) throws(RuntimeError) in parameters.parameter(reference, type) }
  }

  /// Times phases: the run of middle length speaks for all, after one that is not counted.
  private func run(
    _ numbers: [Int], _ shape: StepShape, seconds: Double
  ) throws -> (times: PhaseTimes, wall: Double, overhead: Double) {
    let numbers = numbers.sorted()
    let excerpt = plan.excerpt(numbers)
    let executor = try Self.executor(excerpt, parameters, layout, positions, runtime)
    fill(executor.step, shape)
    executor.run()
    var profiles: [ExecutionProfile] = []
    var (walls, checks): ([Double], [Double]) = ([], [])
    let start = MonotonicClock.nanoseconds
    repeat {
      executor.profile = nil
      walls.append(MonotonicClock.seconds { executor.run() })
      let profile = ExecutionProfile(excerpt, workers: runtime.workers.count)
      executor.profile = profile
      executor.run()
      profiles.append(profile)
      checks.append(checkingResults(executor))
    } while Double(MonotonicClock.nanoseconds - start) * 1e-9 < seconds && profiles.count < Self.mostRuns
    let middle = profiles.sorted { $0.wall < $1.wall }[profiles.count / 2]
    // Looking at the clock takes time itself: what a run takes that nobody watches is shared out as it was watched.
    let wall = walls.sorted()[walls.count / 2]
    let watched = max(1e-9, Double(middle.wall) * 1e-9)
    let phaseSeconds = Self.phaseSeconds(middle, workers: runtime.workers.activeCount)
      .map { $0 * min(1, wall / watched) }
    var sums: [PhaseLikeness: (seconds: Double, count: Int)] = [:]
    for (index, number) in numbers.enumerated() {
      let sum = sums[likenesses[number]] ?? (0, 0)
      sums[likenesses[number]] = (sum.seconds + phaseSeconds[index], sum.count + 1)
    }
    return (
      sums.mapValues { $0.seconds / Double($0.count) }, wall,
      max(0, wall - phaseSeconds.reduce(0, +)) + checks.sorted()[checks.count / 2]
    )
  }

  /// Seconds of each phase of a run: every worker is at work in it or waits for the others.
  private static func phaseSeconds(_ profile: ExecutionProfile, workers: Int) -> [Double] {
    profile.plan.phases.enumerated().map { number, phase in
      let busy = phase.groups.indices.flatMap { profile.busy(phase: number, group: $0) }
      let total = (busy + profile.wait(phase: number)).reduce(0) { $0 + Double($1) }
      return total * 1e-9 / Double(workers)
    }
  }

  /// Every step looks at its logits or vectors.
  private func checkingResults(_ executor: Executor) -> Double {
    let result = executor.result(0)
    guard result.type.element == .f32, result.base != nil else { return 0 }
    let rows = executor.step.sizes[result.type.rows]
    return MonotonicClock.seconds {
      for row in 0..<rows {
        _ = runtime.cpu.table.pointee.all_finite(
          result.floats + row * result.stride, Int64(result.type.columns))
      }
    }
  }

  private func fill(_ step: Step, _ shape: StepShape) {
    precondition(shape.start + shape.tokens <= positions, "a step beyond the context")
    step.clear()
    for sequence in 0..<shape.sequences {
      let ids = (0..<shape.tokens).map { Int32(($0 * 7919 + sequence * 104_729) % vocabulary) }
      ids.withUnsafeBufferPointer {
        step.append(
          $0, start: shape.start, pages: table + sequence * pagesPerSequence, outputs: shape.outputs)
      }
    }
    for token in 0..<step.sizes.tokens {
      step.targets[token] = step.tokenIDs[token]
      step.lossWeights[token] = 1
    }
  }
}
