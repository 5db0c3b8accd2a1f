// A step between ranks: gradients go to the ranks that own them while the way back is still under way, are added in the
// order of the ranks, and the new weights come back. Each gradient and each weight crosses the wire once for each other
// rank, which is the least there is (S. Rajbhandari et al., "ZeRO", arXiv:1910.02054, stage 1).

import ApusBasics
import ApusGraph
import ApusRuntime
import ApusTensor
import CApusKernels

/// Reduces gradients and spreads weights.
///
/// Not thread-safe; what the executor calls comes from the thread that runs the step.
package final class GradientExchange {
  package let group: RankGroup
  package let plan: ShardPlan
  private let weights: TrainableWeights
  private let workers: WorkerPool
  private let cpu: KernelTable
  /// For each bucket, the phases that must be done before its gradients are complete.
  private let readyAfter: [Int]
  /// The buckets of other ranks in the order in which they become complete.
  private let sendOrder: [Int]
  private let owned: [Int]
  private var receiver: PieceReceiver
  private var squares: SquareGathering

  private var completed = 0
  private var sent = 0
  private var transfers: [(transfer: Transfer, rank: Int)] = []
  private var finished = 0
  private var isUnderWay = false
  /// What went wrong while a step ran: told when it is over.
  private var failure: CommunicationError?
  /// Floats added between two phases: about 20 µs of one worker, while the others begin the next phase.
  private static let additionsBetweenPhases = 1 << 16

  /// - Parameter phases: for each tensor, the number of phases after which its gradient is complete.
  package init(
    _ group: RankGroup, _ plan: ShardPlan, _ weights: TrainableWeights, phases: [Int], workers: WorkerPool,
    cpu: KernelTable
  ) throws(RuntimeError) {
    self.group = group
    self.plan = plan
    self.weights = weights
    self.workers = workers
    self.cpu = cpu
    let ready = plan.buckets.map { bucket in bucket.tensors.reduce(0) { max($0, phases[$1]) } }
    readyAfter = ready
    let order = plan.buckets.indices.sorted { (ready[$0], $0) < (ready[$1], $1) }
    owned = order.filter { plan.buckets[$0].owner == group.rank }
    sendOrder = order.filter { plan.buckets[$0].owner != group.rank }
    receiver = try PieceReceiver(group, plan, owned: owned, gradients: weights.gradients, cpu: cpu)
    squares = SquareGathering(plan, weights.tensors, rank: group.rank)
    transfers.reserveCapacity(max(sendOrder.count, plan.buckets.count * (group.size - 1)))
  }

  // MARK: Gradients

  /// Starts the exchange of a step, before the last micro-batch; the executor is then to call `hook`.
  package func begin() {
    (completed, sent, finished, isUnderWay, failure) = (0, 0, 0, true, nil)
    transfers.removeAll(keepingCapacity: true)
    attempt { () throws(CommunicationError) in try receiver.begin() }
  }

  /// What the executor calls between phases.
  package var hook: PhaseHook {
    PhaseHook(context: Unmanaged.passUnretained(self).toOpaque()) { context, phases in
      Unmanaged<GradientExchange>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.advance(phases: phases) }
    }
  }

  /// Sends what is complete and adds a little of what has come.
  func advance(phases: Int) {
    completed = phases
    attempt { () throws(CommunicationError) in
      try sendReady()
      // The library moves messages along when it is asked about one.
      if finished < transfers.count, try group.communicator.isDone(transfers[finished].transfer) {
        finished += 1
      }
      _ = try receiver.add(atMost: Self.additionsBetweenPhases, isReady: isReady) { target, source, count in
        cpu.pointee.add(target, source, Int32(count), target)
      }
    }
  }

  private func attempt(_ body: () throws(CommunicationError) -> Void) {
    guard failure == nil else { return }
    do throws(CommunicationError) { try body() } catch { failure = error }
  }

  private func isReady(_ bucket: Int) -> Bool { readyAfter[bucket] <= completed }

  private func sendReady() throws(CommunicationError) {
    while sent < sendOrder.count, isReady(sendOrder[sent]) {
      let bucket = plan.buckets[sendOrder[sent]]
      let bytes = UnsafeRawBufferPointer(
        start: weights.gradients + bucket.floats.lowerBound, count: 4 * bucket.floats.count)
      let transfer = try group.communicator.send(
        bytes, to: bucket.owner, tag: RankTag.buckets + 2 * sendOrder[sent])
      transfers.append((transfer, bucket.owner))
      sent += 1
    }
  }

  /// Finishes the exchange: the gradients that this rank owns are then the sums over all ranks.
  private func finishGradients() throws(CommunicationError) {
    if !isUnderWay { begin() }
    isUnderWay = false
    completed = .max
    if let failure { throw failure }
    try sendReady()
    var pause = Pause(group.timeout)
    while !receiver.isDone || finished < transfers.count {
      var moved = try receiver.add(atMost: .max, isReady: isReady, addOnAllWorkers) > 0
      while finished < transfers.count, try group.communicator.isDone(transfers[finished].transfer) {
        finished += 1
        moved = true
      }
      if moved {
        pause = Pause(group.timeout)
      } else if !pause.next() {
        let rank = receiver.isDone ? transfers[finished].rank : receiver.awaitedRank
        throw .silent(rank: rank, by: group.rank, awaited: "gradients of a step", seconds: pause.limit)
      }
    }
  }

  private func addOnAllWorkers(
    _ target: UnsafeMutablePointer<Float>, _ source: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    var job = AddJob(target: target, source: source, count: count, cpu: cpu)
    withUnsafeMutablePointer(to: &job) { job in
      workers.parallel((count + AddJob.unit - 1) / AddJob.unit, UnsafeMutableRawPointer(job)) {
        job, unit, _ in
        job.assumingMemoryBound(to: AddJob.self).pointee.run(unit)
      }
    }
  }

  // MARK: Sums of a step

  /// Everything of a step that ranks do before the update: afterwards `outcome`'s loss and tokens are those of all
  /// ranks, the gradients are summed, and all ranks have the same norm of them, to the bit.
  ///
  /// - Parameter optimizer: this rank's, over the rows it owns.
  package func reduce(
    _ outcome: inout StepOutcome, _ optimizer: OptimizerEngine
  ) throws(CommunicationError) -> GradientNorm {
    try finishGradients()
    _ = optimizer.gradientNorm()
    let (loss, tokens) = try group.sum(outcome.loss, Double(outcome.tokens), "the loss of a step")
    (outcome.loss, outcome.tokens) = (loss, Int(tokens))
    return try squares.norm(group, optimizer)
  }

  // MARK: Weights

  /// Sends every rank the weights that others have updated.
  package func shareWeights() throws(CommunicationError) {
    try spread(from: nil)
  }

  /// Gives every rank the weights of rank 0.
  package func broadcastWeights() throws(CommunicationError) {
    try spread(from: 0)
  }

  /// Sends all buckets from their owners, or from one rank, to everybody else.
  private func spread(from origin: Int?) throws(CommunicationError) {
    guard !group.isAlone else { return }
    transfers.removeAll(keepingCapacity: true)
    for (number, bucket) in plan.buckets.enumerated() {
      let source = origin ?? bucket.owner
      let bytes = UnsafeMutableRawBufferPointer(
        start: weights.masters + bucket.floats.lowerBound, count: 4 * bucket.floats.count)
      let tag = RankTag.buckets + 2 * number + 1
      guard source == group.rank else {
        transfers.append((try group.communicator.receive(bytes, from: source, tag: tag), source))
        continue
      }
      // Everybody begins with another receiver.
      for step in 1..<group.size {
        let rank = (group.rank + step) % group.size
        transfers.append(
          (try group.communicator.send(UnsafeRawBufferPointer(bytes), to: rank, tag: tag), rank))
      }
    }
    for (transfer, rank) in transfers {
      try group.wait(
        for: transfer, with: rank, "the weights after a step", seconds: origin.map { _ in group.patience })
    }
    transfers.removeAll(keepingCapacity: true)
  }
}

/// A sum in units that all workers take.
private struct AddJob {
  static let unit = 1 << 15
  let target: UnsafeMutablePointer<Float>
  let source: UnsafeMutablePointer<Float>
  let count: Int
  let cpu: KernelTable

  func run(_ number: Int) {
    let first = number * Self.unit
    let part = min(Self.unit, count - first)
    cpu.pointee.add(target + first, source + first, Int32(part), target + first)
  }
}

extension TrainingEngine {
  /// For each tensor of the weights, the number of phases of a run after which its gradient is complete.
  package var gradientPhases: [Int] {
    let names = weights.tensors.map(\.name)
    let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    var phases = [Int](repeating: 0, count: names.count)
    for (number, phase) in plan.phases.enumerated() {
      for node in phase.groups.joined() {
        for input in plan.graph.nodes[node].inputs {
          guard case .gradient(let reference) = plan.graph[input].source,
            let tensor = numbers[reference.tensor]
          else { continue }
          phases[tensor] = max(phases[tensor], number + 1)
        }
      }
    }
    return phases
  }
}
