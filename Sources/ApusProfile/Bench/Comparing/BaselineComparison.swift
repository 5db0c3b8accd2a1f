// A run against one from another day. Between them the machine may have become another: its memory alone drifts by
// factors on a shared host. So times are corrected for what the machine did in the same moments, as far as that explains
// how they scatter within the runs (see TwoRuns.swift); an operation must have become slower also in relation to the
// others of its test; and a change no larger than what the correction may be wrong by, or than the runs' own drift, is
// called doubtful.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Verdict {
  /// Compares a run with an earlier one of the same tests.
  package static func against(
    _ baseline: [BenchSeries], _ now: [BenchSeries], rule: AlarmRule = AlarmRule()
  ) -> Verdict {
    var candidates: [Candidate] = []
    var unexplained: [String] = []
    let table = RankTable()
    for then in baseline {
      guard let current = now.first(where: { $0.test.name == then.test.name }) else { continue }
      let whole = TwoRuns(then, current) {
        log($0.seconds.middle)
      } _: {
        log($0.seconds.middle)
      }
      if !whole.isExplained { unexplained.append(then.test.name) }
      if let candidate = Candidate(whole, then.test.name, table) { candidates.append(candidate) }
      for (index, name) in then.operations.enumerated() {
        guard let place = current.operations.firstIndex(of: name) else { continue }
        let share = then.share(of: index)
        guard max(share, current.share(of: place)) >= rule.leastShare else { continue }
        let itself = TwoRuns(then, current) {
          log($0.operations[index].middle)
        } _: {
          log($0.operations[place].middle)
        }
        guard var candidate = Candidate(itself, then.test.name, table) else { continue }
        candidate.operation = name
        candidate.share = share
        // What takes nearly all of the time has no others to be held against.
        if share < 0.9 {
          let relative = TwoRuns(then, current) {
            $0.relative(index)
          } _: {
            $0.relative(place)
          }
          candidate.relate(relative, table)
        }
        candidates.append(candidate)
      }
    }
    var notes: [String] = []
    if !unexplained.isEmpty {
      notes.append(
        "note: the machine's limits do not explain how the times of \(unexplained.joined(separator: ", ")) scatter; "
          + "they are compared as they are")
    }
    return Verdict(candidates, rule, notes: notes)
  }
}

extension Candidate {
  /// Times of two runs; nil for a run without rounds.
  fileprivate init?(_ runs: TwoRuns, _ test: String, _ table: RankTable) {
    guard let shift = runs.shift(table) else { return nil }
    self.init(test: test, share: 1, rounds: runs.rounds, shift: shift, probability: shift.probability)
    (doubt, doubtRemark) = runs.doubt
    remark = runs.isExplained ? "relative to the machine" : "as measured"
  }

  /// Looks at an operation in relation to the others of its test. What both ways of looking agree on counts: slower than the
  /// others only because they became faster, or as slow as everything on this machine, is no alarm.
  fileprivate mutating func relate(_ relative: TwoRuns, _ table: RankTable) {
    guard let other = relative.shift(table) else { return }
    let agrees = other.estimate * shift.estimate > 0 && shift.probability < 0.05
    if abs(other.estimate) < abs(shift.estimate) { shift = other }
    probability = agrees ? other.probability : 1
    let (size, reason) = relative.doubt
    (doubt, remark) =
      abs(shift.estimate) > size ? (size, "in relation to the other operations") : (size, reason)
  }
}

extension BenchRound {
  /// The logarithm of an operation's time over that of all others.
  fileprivate func relative(_ operation: Int) -> Double {
    let others = operations.indices.reduce(0) { $0 + ($1 == operation ? 0 : operations[$1].middle) }
    return log(operations[operation].middle / others)
  }
}
