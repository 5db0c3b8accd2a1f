// A performance audit, made from a profile's numbers alone: where the time goes, what holds each place back, and what
// the whole would gain.

/// Where the time of a workload goes, and why.
///
///     let audit = Audit(profile)
///     for path in audit.hotPaths.prefix(5) { print(path.name, path.bound, path.gain ?? 1) }
public struct Audit: Sendable, Equatable {
  /// What was measured.
  public var profile: Profile
  /// Nanoseconds of all phases.
  public var wall: Double
  /// A figure for each phase of the profile.
  public var phases: [PhaseAudit]
  /// Kinds of operations in their phases, the one with the most time first.
  public var hotPaths: [HotPath]
  /// The part of the wall time in which one thread works alone by design.
  public var serial: Double
  /// The part of the threads' time spent waiting for each other.
  public var waiting: Double
  /// The part of the wall time that belongs to no operation.
  public var outside: Double
  /// t₁ / (n · tₙ) over all operations that were also run with one thread; nil if none was.
  public var efficiency: Double?
  /// The part of the wall time that the work would take at this machine's limits.
  public var roofline: Double
  /// Most bytes in memory, by the samples over the run or by purpose.
  public var residentBytes: Int?

  /// Kinds of operations that reports have advice on, if they take a hundredth of the time.
  private static let advised = 10

  /// Audits a profile.
  ///
  /// - Complexity: O(*n* log *n*) in the number of operations.
  public init(_ profile: Profile) {
    self.profile = profile
    let threads = max(1, profile.machine.threads)
    let wall = profile.wall
    self.wall = wall
    let phases = profile.phases.map { PhaseAudit($0, profile.machine) }
    self.phases = phases
    // Equal times keep the order of the plan.
    hotPaths = profile.phases.indices.flatMap { Self.hotPaths(profile, phase: $0, wall) }.enumerated()
      .sorted { ($1.element.time, $0.offset) < ($0.element.time, $1.offset) }.map(\.element)

    func whole(_ part: KeyPath<PhaseAudit, Double>) -> Double {
      share(phases.reduce(0) { $0 + $1[keyPath: part] * $1.wall }, of: wall)
    }
    serial = whole(\.serial)
    waiting = whole(\.waiting)
    outside = whole(\.outside)
    roofline = whole(\.roofline)
    efficiency = HotPath.efficiency(profile.phases.flatMap(\.operations), threads)
    let sampled = profile.memoryOverTime.map(\.resident).max()
    let counted = profile.memory.compactMap(\.resident)
    for index in hotPaths.indices.prefix(Self.advised) where hotPaths[index].share >= 0.01 {
      hotPaths[index].isAdvised = true
    }
    residentBytes = sampled ?? (counted.isEmpty ? nil : counted.reduce(0) { $0.addingSaturated($1) })
  }

  private static func hotPaths(_ profile: Profile, phase phaseIndex: Int, _ wall: Double) -> [HotPath] {
    let phase = profile.phases[phaseIndex]
    struct Kind: Hashable {
      var name: String
      var arithmetic: Arithmetic
    }
    var places: [Kind: Int] = [:]
    var groups: [[Int]] = []
    for (index, operation) in phase.operations.enumerated() {
      let kind = Kind(name: operation.name, arithmetic: operation.arithmetic)
      if let place = places[kind] {
        groups[place].append(index)
      } else {
        places[kind] = groups.count
        groups.append([index])
      }
    }
    return groups.map {
      HotPath(phase: phase, at: phaseIndex, members: $0, machine: profile.machine, wall: wall)
    }
  }
}

extension Int {
  /// The sum, or the largest number there is: sizes in a profile may come from anybody's file.
  func addingSaturated(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
