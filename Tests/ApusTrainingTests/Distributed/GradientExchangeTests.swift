// A step between ranks without a network: gradients are added in the order of the ranks for any size of messages, the norm and
// the update have the bits of one process that was given those sums, states travel to a file and back.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import CApusKernels
import Synchronization
import Testing

@testable import ApusTraining

@Suite struct GradientExchangeTests {
  /// Weights of a model with one layer, in memory of their own.
  static func weights() throws -> TrainableWeights {
    var shape = ModelShape("llama", layers: 1, hidden: 48, heads: 2, context: 16, vocabulary: 403)
    shape.isTied = false
    let network = try Network(shape.source)
    let options = TrainingEngineOptions(tokens: 16, sequences: 1, contextLength: 16)
    return try TrainableWeights(TrainingEngine.graph(network, options), precision: .f32)
  }

  /// The gradient a rank makes: magnitudes differ, so that another order gives other bits.
  static func fill(_ weights: TrainableWeights, rank: Int, step: Int) {
    var numbers = SeededNumbers(UInt64(100 * step + rank))
    for tensor in weights.tensors {
      for index in 0..<tensor.count {
        weights.gradient(tensor)[index] =
          numbers.signed() * Float(sign: .plus, exponent: -(rank * 5), significand: 1)
      }
    }
  }

  static func start(_ weights: TrainableWeights) {
    var numbers = SeededNumbers(7)
    for tensor in weights.tensors {
      for index in 0..<tensor.count { weights.master(tensor)[index] = numbers.signed() }
    }
  }

  static func tensors(_ weights: TrainableWeights) -> [TrainableTensor] {
    Learner.tensors(weights.tensors, masters: weights.masters, gradients: weights.gradients)
  }

  struct Outcome: Sendable {
    var weights: [UInt32]
    var norms: [UInt64]
    var states: [[UInt8]]
  }

  static func bits(_ weights: TrainableWeights) -> [UInt32] {
    weights.tensors.flatMap { tensor in (0..<tensor.count).map { weights.master(tensor)[$0].bitPattern } }
  }

  /// What one process does that is given the ranks' sums.
  static func alone(_ kind: OptimizerKind, ranks: Int, steps: Int) throws -> Outcome {
    let (total, part) = (try weights(), try weights())
    start(total)
    let pool = try WorkerPool(count: 1, processors: 1)
    let engine = try OptimizerEngine(
      kind, tensors: tensors(total), averageDecay: 0.9, workers: pool, cpu: kernels())
    var norms: [UInt64] = []
    for step in 1...steps {
      fill(total, rank: 0, step: step)
      for rank in 1..<max(1, ranks) {
        fill(part, rank: rank, step: step)
        for index in 0..<total.floatCount { total.gradients[index] += part.gradients[index] }
      }
      let norm = engine.gradientNorm()
      norms.append(norm.value.bitPattern)
      try engine.step(number: step, learningRate: 0.01, gradientScale: norm.scale(clippedTo: 1))
    }
    return Outcome(weights: bits(total), norms: norms, states: engine.states.map { Array($0.bytes) })
  }

  /// The same by ranks; `phases` is how many phases are told before the end.
  static func together(
    _ kind: OptimizerKind, _ group: RankGroup, steps: Int, bucketFloats: Int, phases: Int
  ) throws -> Outcome {
    let weights = try weights()
    // Rank 0's weights are everybody's.
    if group.isFirst { start(weights) }
    let whole = tensors(weights)
    let pool = try WorkerPool(count: group.rank % 2 + 1, processors: 2)
    let plan = ShardPlan(weights.tensors, size: group.size, bucketFloats: bucketFloats) {
      kind.needsWholeTensor(whole[$0].kind)
    }
    // Later tensors are complete earlier.
    let complete = weights.tensors.indices.map { weights.tensors.count - $0 }
    let exchange = try GradientExchange(group, plan, weights, phases: complete, workers: pool, cpu: kernels())
    try exchange.broadcastWeights()
    let optimizer = try OptimizerEngine(
      kind, tensors: plan.tensors(of: group.rank, whole), averageDecay: 0.9, workers: pool, cpu: kernels())
    let states = OptimizerStates(kind, whole, averages: true, optimizer, group, plan, chunk: 1000)
    var norms: [UInt64] = []
    for step in 1...steps {
      fill(weights, rank: group.rank, step: step)
      exchange.begin()
      for phase in 0..<phases { exchange.advance(phases: phase) }
      var outcome = StepOutcome(loss: Double(group.rank + 1), tokens: 10, gradientNorm: 0)
      let norm = try exchange.reduce(&outcome, optimizer)
      #expect(outcome.tokens == 10 * group.size)
      #expect(outcome.loss == Double(group.size * (group.size + 1) / 2))
      norms.append(norm.value.bitPattern)
      try optimizer.step(number: step, learningRate: 0.01, gradientScale: norm.scale(clippedTo: 1))
      try exchange.shareWeights()
    }
    let gathered = try gather(states, group)
    // Back from a file: what was gathered, handed out again, is what there was.
    for state in optimizer.states { state.bytes.initializeMemory(as: UInt8.self, repeating: 0xA5) }
    var next = 0
    let keep = gathered.map { Held($0) }
    try states.distribute { _ in
      defer { next += 1 }
      return keep[next].bytes
    }
    #expect(try gather(states, group) == gathered)
    return Outcome(weights: bits(weights), norms: norms, states: gathered)
  }

  /// Bytes that stay where they are.
  final class Held {
    let bytes: UnsafeRawBufferPointer
    init(_ array: [UInt8]) {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 64)
      memory.copyBytes(from: array)
      bytes = UnsafeRawBufferPointer(memory)
    }
    deinit { bytes.deallocate() }
  }

  static func gather(_ states: OptimizerStates, _ group: RankGroup) throws -> [[UInt8]] {
    var all: [[UInt8]] = []
    try group.lead(states.answer) {
      for number in states.all.indices {
        var bytes: [UInt8] = []
        try states.read(number) { bytes += Array($0) }
        all.append(bytes)
      }
    }
    return all
  }

  @Test(arguments: NamedOptimizer.all, [2, 3, 4])
  func sameBitsAsOneProcess(_ optimizer: NamedOptimizer, _ size: Int) throws {
    let steps = 2
    let expected = try Self.alone(optimizer.kind, ranks: size, steps: steps)
    for (bucketFloats, phases) in [(1 << 20, 0), (700, 20), (16, 3)] {
      let (results, _) = onRanks(size, seed: UInt64(bucketFloats)) { group in
        try Self.together(
          optimizer.kind, group, steps: steps, bucketFloats: bucketFloats, phases: phases)
      }
      for (rank, result) in results.enumerated() {
        let found = try result.get()
        let place = "\(optimizer), rank \(rank) of \(size), buckets of \(bucketFloats)"
        #expect(found.weights == expected.weights, "\(place): weights")
        #expect(found.norms == expected.norms, "\(place): norms")
        if rank == 0 { #expect(found.states == expected.states, "\(place): states") }
      }
    }
  }

  @Test("a rank's states take its share of the memory")
  func statesAreDivided() throws {
    let kind = OptimizerKind.adamW(AdamWSettings())
    let weights = try Self.weights()
    let whole = Self.tensors(weights)
    let plan = ShardPlan(weights.tensors, size: 4)
    let all = OptimizerEngine.stateBytes(kind, whole)
    for rank in 0..<4 {
      let own = OptimizerEngine.stateBytes(kind, plan.tensors(of: rank, whole))
      #expect(own * 100 < all * 33, "rank \(rank): \(own) of \(all) bytes")
    }
  }

  @Test("gradients leave while the way back runs, as soon as they are complete and not before")
  func sendsBeginEarly() throws {
    let before = Mutex<[Int]>([])
    let (results, store) = onRanks(2) { group in
      let weights = try Self.weights()
      let pool = try WorkerPool(count: 1, processors: 1)
      let plan = ShardPlan(weights.tensors, size: 2)
      let complete = weights.tensors.indices.map { weights.tensors.count - $0 }
      let exchange = try GradientExchange(
        group, plan, weights, phases: complete, workers: pool, cpu: kernels())
      let optimizer = try OptimizerEngine(
        .sgd(SGDSettings()), tensors: plan.tensors(of: group.rank, Self.tensors(weights)), workers: pool,
        cpu: kernels())
      Self.fill(weights, rank: group.rank, step: 1)
      exchange.begin()
      for phase in 0...weights.tensors.count {
        exchange.advance(phases: phase)
        if group.rank == 1 {
          let ready = plan.buckets.filter { bucket in
            bucket.owner == 0 && bucket.tensors.allSatisfy { complete[$0] <= phase }
          }
          before.withLock { $0.append(ready.reduce(0) { $0 + 4 * $1.floats.count }) }
          let sent = group.communicator as! ThreadCommunicator
          #expect(sent.bytesSent(to: 0) == before.withLock { $0.last! }, "after \(phase) phases")
        }
      }
      var outcome = StepOutcome(loss: 0, tokens: 0, gradientNorm: 0)
      _ = try exchange.reduce(&outcome, optimizer)
    }
    for result in results { try result.get() }
    _ = store
    let sizes = before.withLock { $0 }
    #expect(sizes.first == 0 && sizes[sizes.count / 2] > 0 && sizes[sizes.count / 2] < sizes.last!)
  }

  @Test("a rank that dies in the middle of a step ends the wait of all others", arguments: [3, 6, 20])
  func aDeadRankIsNamed(_ sends: Int) throws {
    let (results, _) = onRanks(3, timeout: 0.3, silentAfter: [1: sends]) { group in
      try Self.together(
        .adamW(AdamWSettings()), group, steps: 50, bucketFloats: 4096, phases: 2)
    }
    for rank in [0, 2] {
      guard case .failure(let error as CommunicationError) = results[rank],
        case .silent(_, let by, _, _) = error
      else {
        Issue.record("rank \(rank) came to \(results[rank])")
        continue
      }
      #expect(by == rank)
    }
  }

  @Test("what is not a number anywhere is found everywhere")
  func nonFinite() throws {
    let (results, _) = onRanks(3) { group in
      let weights = try Self.weights()
      let pool = try WorkerPool(count: 1, processors: 1)
      let plan = ShardPlan(weights.tensors, size: 3)
      let phases = weights.tensors.map { _ in 1 }
      let exchange = try GradientExchange(group, plan, weights, phases: phases, workers: pool, cpu: kernels())
      let optimizer = try OptimizerEngine(
        .sgd(SGDSettings()), tensors: plan.tensors(of: group.rank, Self.tensors(weights)), workers: pool,
        cpu: kernels())
      Self.fill(weights, rank: group.rank, step: 1)
      if group.rank == 2 { weights.gradient(weights.tensors[3])[5] = .nan }
      var outcome = StepOutcome(loss: 1, tokens: 1, gradientNorm: 0)
      return try exchange.reduce(&outcome, optimizer).firstNonFinite
    }
    for result in results { #expect(try result.get() == 3) }
  }
}
