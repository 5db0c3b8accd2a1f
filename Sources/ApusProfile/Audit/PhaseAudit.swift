// The figures of one phase of a run.

/// How near a phase came to what the machine can do.
public struct PhaseAudit: Sendable, Equatable {
  /// The phase's name.
  public var name: String
  /// Nanoseconds.
  public var wall: Double
  /// Steps that were run.
  public var steps: Int
  /// Tokens of all steps.
  public var tokens: Int
  /// Tokens per second.
  public var tokensPerSecond: Double
  /// Floating-point operations per second.
  public var flopsPerSecond: Double
  /// Bytes per second. Bytes that were in a cache count, too.
  public var bytesPerSecond: Double
  /// Multiplications and additions for a token.
  public var flopsPerToken: Double
  /// Bytes that cross the memory bus for a token if nothing is cached.
  public var bytesPerToken: Double
  /// The part of the wall time the arithmetic alone would take at this machine's peaks.
  public var computeShare: Double
  /// The part of the wall time the bytes alone would take at this machine's bandwidth.
  public var memoryShare: Double
  /// The part of the wall time that all operations would take at the roofline, one after the other.
  public var roofline: Double
  /// The part of the threads' time spent waiting for each other.
  public var waiting: Double
  /// The part of the wall time in which one thread works alone by design.
  public var serial: Double
  /// The part of the wall time that belongs to no operation.
  public var outside: Double

  init(_ phase: ProfiledPhase, _ machine: ProfiledMachine) {
    let threads = max(1, machine.threads)
    let wall = Double(phase.wall)
    func sum(_ value: (OperationProfile) -> Double) -> Double {
      phase.operations.reduce(0) { $0 + value($1) }
    }
    func part(_ value: (OperationProfile) -> Double) -> Double { share(sum(value), of: wall) }

    name = phase.name
    self.wall = wall
    steps = phase.steps
    tokens = phase.tokens
    tokensPerSecond = phase.rate
    flopsPerSecond = part(\.flops) * 1e9
    bytesPerSecond = part(\.bytes) * 1e9
    flopsPerToken = phase.flopsPerToken
    bytesPerToken = phase.bytesPerToken
    computeShare = part { machine.all.arithmeticTime($0) }
    memoryShare = part { machine.all.memoryTime($0) }
    roofline = part { machine.all.least($0) }
    waiting = part { $0.waitTotal } / Double(threads)
    serial = part { $0.isSerial ? $0.elapsed(threads: threads) : 0 }
    outside = wall > 0 ? max(0, 1 - part { $0.elapsed(threads: threads) }) : 0
  }
}
