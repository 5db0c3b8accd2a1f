// The receiving side of a bucket's owner: the other ranks' pieces come into a few slots and are added in the order of the
// ranks, whatever order they arrive in. ((g₀ + g₁) + g₂) + …: an owner that is not the first gathers what comes before
// it in a slot, because its own gradient has its place in the sum, too.

import ApusRuntime
import ApusTensor
import CApusKernels

/// Receives and adds, a little at a time.
struct PieceReceiver: ~Copyable {
  /// Slots of the largest bucket: pieces on their way while one is added, and one in which sums begin.
  static let slotCount = 4

  private let group: RankGroup
  private let buckets: [Bucket]
  /// The buckets of this rank, in the order in which they are summed.
  private let owned: [Int]
  private let gradients: UnsafeMutablePointer<Float>
  private let cpu: KernelTable
  private let memory: HugeBuffer
  private let slotFloats: Int
  private var freeSlots: [Int] = []

  /// Pieces are numbered: bucket after bucket, in each the other ranks ascending.
  private var posted = 0
  private var taken = 0
  /// The slots and transfers of the pieces `taken ..< posted`, by number modulo their count.
  private var underWay: [(slot: Int, transfer: Transfer)]
  /// The slot in which the sum of a bucket began.
  private var beginning: Int?
  /// Whether what `beginning` holds is to be added to this rank's own gradient next.
  private var mergesBeginning = false
  private var addition: Addition?

  /// A sum to be made: target += source.
  private struct Addition {
    var target: UnsafeMutablePointer<Float>
    var source: UnsafeMutablePointer<Float>
    var count: Int
    /// The slot that is free afterwards.
    var slot: Int
  }

  static func byteCount(_ plan: ShardPlan) -> Int { slotCount * plan.largestBucket * 4 }

  init(
    _ group: RankGroup, _ plan: ShardPlan, owned: [Int], gradients: UnsafeMutablePointer<Float>,
    cpu: KernelTable
  ) throws(RuntimeError) {
    self.group = group
    buckets = plan.buckets
    self.owned = owned
    self.gradients = gradients
    self.cpu = cpu
    slotFloats = plan.largestBucket
    memory = try HugeBuffer(byteCount: max(64, Self.byteCount(plan)), purpose: "gradients of other processes")
    underWay = Array(repeating: (0, Transfer(0)), count: Self.slotCount)
  }

  private var pieceCount: Int { owned.count * (group.size - 1) }

  /// Whether everything has been added.
  var isDone: Bool { taken == pieceCount && addition == nil && !mergesBeginning }

  /// The rank whose piece is next.
  var awaitedRank: Int { source(min(taken, pieceCount - 1)) }

  private func bucket(_ piece: Int) -> Bucket { buckets[owned[piece / (group.size - 1)]] }

  private func source(_ piece: Int) -> Int {
    let other = piece % (group.size - 1)
    return other < group.rank ? other : other + 1
  }

  private func slot(_ index: Int) -> UnsafeMutablePointer<Float> {
    memory.base.assumingMemoryBound(to: Float.self) + index * slotFloats
  }

  /// Starts a step.
  mutating func begin() throws(CommunicationError) {
    (posted, taken, beginning, mergesBeginning, addition) = (0, 0, nil, false, nil)
    freeSlots.removeAll(keepingCapacity: true)
    for index in 0..<Self.slotCount { freeSlots.append(index) }
    try post()
  }

  /// Asks for the next pieces, as far as there are slots.
  private mutating func post() throws(CommunicationError) {
    while posted < pieceCount, let index = freeSlots.last {
      freeSlots.removeLast()
      let bytes = UnsafeMutableRawBufferPointer(
        start: slot(index), count: 4 * bucket(posted).floats.count)
      let tag = RankTag.buckets + 2 * owned[posted / (group.size - 1)]
      underWay[posted % Self.slotCount] = (
        index, try group.communicator.receive(bytes, from: source(posted), tag: tag)
      )
      posted += 1
    }
  }

  /// Adds up to `limit` floats.
  ///
  /// - Parameters:
  ///   - isReady: whether this rank's own gradient of a bucket is complete.
  ///   - add: adds floats.
  /// - Returns: floats added; 0 when there is nothing to add yet.
  mutating func add(
    atMost limit: Int, isReady: (_ bucket: Int) -> Bool,
    _ add: (_ target: UnsafeMutablePointer<Float>, _ source: UnsafeMutablePointer<Float>, _ count: Int) ->
      Void
  ) throws(CommunicationError) -> Int {
    if addition == nil { try take(isReady) }
    guard var sum = addition else { return 0 }
    let count = min(limit, sum.count)
    add(sum.target, sum.source, count)
    sum.target += count
    sum.source += count
    sum.count -= count
    addition = sum
    if sum.count == 0 {
      addition = nil
      freeSlots.append(sum.slot)
      try post()
    }
    return count
  }

  /// Finds the next sum that can be made.
  private mutating func take(_ isReady: (Int) -> Bool) throws(CommunicationError) {
    if mergesBeginning {
      try mergeBeginning(isReady)
      return
    }
    guard taken < posted else { return }
    let (index, transfer) = underWay[taken % Self.slotCount]
    let (number, source) = (owned[taken / (group.size - 1)], source(taken))
    let comesFirst = source < group.rank
    guard comesFirst || isReady(number) else { return }
    guard try group.communicator.isDone(transfer) else { return }
    let bucket = buckets[number]
    taken += 1
    if comesFirst { mergesBeginning = source == group.rank - 1 }
    if comesFirst, beginning == nil {
      beginning = index
      if mergesBeginning { try mergeBeginning(isReady) }
      return
    }
    let target = comesFirst ? slot(beginning!) : gradients + bucket.floats.lowerBound
    addition = Addition(target: target, source: slot(index), count: bucket.floats.count, slot: index)
  }

  /// Adds what lower ranks have to this rank's own gradient: the other way round, which is the same sum.
  private mutating func mergeBeginning(_ isReady: (Int) -> Bool) throws(CommunicationError) {
    let number = owned[(taken - 1) / (group.size - 1)]
    guard isReady(number), let index = beginning else { return }
    let bucket = buckets[number]
    addition = Addition(
      target: gradients + bucket.floats.lowerBound, source: slot(index), count: bucket.floats.count,
      slot: index)
    (beginning, mergesBeginning) = (nil, false)
  }
}
