// A place where the time goes: one kind of operation in one phase, over all layers.

/// One kind of operation in one phase, over all layers, and what it could gain.
public struct HotPath: Sendable, Equatable {
  /// The phase's name.
  public var phase: String
  /// The phase's place in the profile.
  public var phaseIndex: Int
  /// The operation's name.
  public var name: String
  /// The arithmetic its limit is given by.
  public var arithmetic: Arithmetic
  /// The operations gathered here, as places in the phase's list.
  public var members: [Int]
  /// Times it was run, in all layers.
  public var calls: Int
  /// Nanoseconds of wall time.
  public var time: Double
  /// The part of the whole workload's wall time, 0...1.
  public var share: Double
  /// Multiplications and additions.
  public var flops: Double
  /// Bytes that must cross the memory bus if nothing is cached.
  public var bytes: Double
  /// Nanoseconds the arithmetic alone would take at this machine's limit.
  public var arithmeticTime: Double
  /// Nanoseconds the bytes alone would take at this machine's limit.
  public var memoryTime: Double
  /// Nanoseconds at the roofline: the larger of both, operation by operation.
  public var least: Double
  /// The part of the threads' time spent waiting at its end, 0...1.
  public var waiting: Double
  /// The busiest thread's time over the mean; 1 when all worked alike, or when one thread does it by design.
  public var imbalance: Double
  /// The part of its time one thread does alone by design, 0...1.
  public var serial: Double
  /// t₁ / (n · tₙ); nil without a run with one thread.
  public var efficiency: Double?
  /// The best `efficiency` the machine's limits allow: threads share its memory.
  public var efficiencyLimit: Double
  /// Layers whose time is far above that of the others, slowest first.
  public var slowLayers: [SlowLayer]
  /// What keeps it from being faster.
  public var bound: Bound
  /// Whether it takes so much of the time that reports say what would help.
  var isAdvised = false

  /// Floating-point operations per second.
  public var flopsPerSecond: Double { rate(flops) }
  /// Bytes per second. Bytes that were in a cache count, too.
  public var bytesPerSecond: Double { rate(bytes) }
  /// Nanoseconds of a call.
  public var timePerCall: Double { calls > 0 ? time / Double(calls) : 0 }

  /// The part of the roofline reached; above 1 when bytes came from a cache, nil when no work was counted.
  public var roofline: Double? { least > 0 && time > 0 ? least / time : nil }

  /// How much faster the whole workload would be if this reached the roofline and nothing else changed (Amdahl):
  /// 1 / (1 − share · (1 − roofline)); nil when the limit is unknown.
  public var gain: Double? {
    guard let roofline else { return nil }
    let rest = 1 - share * (1 - min(1, roofline))
    return rest > 0 ? 1 / rest : nil
  }

  private func rate(_ amount: Double) -> Double { time > 0 ? amount / time * 1e9 : 0 }
}

/// A layer in which an operation takes longer than elsewhere.
public struct SlowLayer: Sendable, Equatable {
  /// Its number.
  public var layer: Int
  /// Its time over the median of all layers.
  public var ratio: Double
}

extension HotPath {
  /// Gathers operations of one kind.
  ///
  /// - Parameter wall: nanoseconds of the whole workload.
  init(phase: ProfiledPhase, at phaseIndex: Int, members: [Int], machine: ProfiledMachine, wall: Double) {
    let operations = members.map { phase.operations[$0] }
    let threads = max(1, machine.threads)
    func sum(_ value: (OperationProfile) -> Double) -> Double { operations.reduce(0) { $0 + value($1) } }

    self.phase = phase.name
    self.phaseIndex = phaseIndex
    name = operations.first?.name ?? ""
    arithmetic = operations.first?.arithmetic ?? .f32
    self.members = members
    calls = operations.reduce(0) { $0 + $1.calls }
    let time = sum { $0.elapsed(threads: threads) }
    self.time = time
    share = ApusProfile.share(time, of: wall)
    flops = sum(\.flops)
    bytes = sum(\.bytes)
    arithmeticTime = sum { machine.all.arithmeticTime($0) }
    memoryTime = sum { machine.all.memoryTime($0) }
    least = sum { machine.all.least($0) }
    waiting = ApusProfile.share(sum(\.waitTotal), of: sum { $0.busyTotal + $0.waitTotal })
    imbalance = Self.imbalance(operations.filter { !$0.isSerial }, threads)
    serial = ApusProfile.share(sum { $0.isSerial ? $0.elapsed(threads: threads) : 0 }, of: time)
    efficiency = Self.efficiency(operations, threads)
    let single = sum { machine.single.least($0) }
    efficiencyLimit = least > 0 && single > 0 ? min(1, single / (least * Double(threads))) : 1
    slowLayers = Self.slowLayers(operations, threads)
    bound = .memory
    bound = Bound(of: self, threads: threads)
  }

  private static func imbalance(_ operations: [OperationProfile], _ threads: Int) -> Double {
    let most = operations.reduce(0) { $0 + Double($1.busy.max() ?? 0) }
    let mean = operations.reduce(0) { $0 + $1.busyTotal } / Double(threads)
    return mean > 0 ? max(1, most / mean) : 1
  }

  /// Of the operations that were also run with one thread.
  static func efficiency(_ operations: [OperationProfile], _ threads: Int) -> Double? {
    var (single, shared) = (0.0, 0.0)
    for operation in operations {
      guard let time = operation.single else { continue }
      single += Double(time)
      shared += operation.elapsed(threads: threads)
    }
    return shared > 0 ? single / (shared * Double(max(1, threads))) : nil
  }

  /// A layer stands out when it takes half as much again as the median, of at least three layers.
  private static func slowLayers(_ operations: [OperationProfile], _ threads: Int) -> [SlowLayer] {
    var times: [Int: Double] = [:]
    for operation in operations {
      if let layer = operation.layerNumber { times[layer, default: 0] += operation.elapsed(threads: threads) }
    }
    let sorted = times.values.sorted()
    guard sorted.count >= 3, sorted[sorted.count / 2] > 0 else { return [] }
    let median = sorted[sorted.count / 2]
    return times.filter { $0.value > 1.5 * median }
      .map { SlowLayer(layer: $0.key, ratio: $0.value / median) }
      .sorted { ($1.ratio, $0.layer) < ($0.ratio, $1.layer) }
  }
}
