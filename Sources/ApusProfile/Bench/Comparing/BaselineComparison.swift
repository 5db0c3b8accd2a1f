// A run against one from another day. Between them the machine may have become another: its memory alone drifts by
// factors on a shared host. So a time counts relative to what the machine did in the same moments, where that explains
// how times scatter within the runs; an operation must have become slower also in relation to the others of its test; and
// a change no larger than the runs' own drift, or than the drift of a machine that nothing explains, is called doubtful.

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
    for then in baseline {
      guard let current = now.first(where: { $0.test.name == then.test.name }) else { continue }
      let whole = (Rounds(then) { $0.seconds.middle }, Rounds(current) { $0.seconds.middle })
      if let candidate = candidate(whole.0, whole.1, then.test.name, nil, 1) {
        if candidate.measure == nil { unexplained.append(then.test.name) }
        candidates.append(candidate.value)
      }
      for (index, name) in then.operations.enumerated() {
        guard let place = current.operations.firstIndex(of: name) else { continue }
        let share = then.share(of: index)
        guard max(share, current.share(of: place)) >= rule.leastShare else { continue }
        let itself = (
          Rounds(then) { $0.operations[index].middle }, Rounds(current) { $0.operations[place].middle }
        )
        guard var found = candidate(itself.0, itself.1, then.test.name, name, share)?.value else { continue }
        // What takes nearly all of the time has no others to be held against.
        if share < 0.9 {
          let (first, second) = (then.relative(index), current.relative(place))
          guard let relative = Shift.unpaired(first, second) else { continue }
          // Slower than the others only because they became faster, or as slow as the machine: neither is an alarm.
          let agrees = relative.estimate * found.shift.estimate > 0 && found.shift.probability < 0.05
          if agrees, abs(relative.estimate) <= abs(found.shift.estimate) { found.shift = relative }
          found.probability = agrees ? relative.probability : 1
          found.doubt = max(halves(first), halves(second))
          found.remark =
            abs(found.shift.estimate) <= found.doubt
            ? "the runs drift by \(percentText(exp(found.doubt) - 1)) themselves"
            : "in relation to the other operations"
        }
        candidates.append(found)
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

  private static func candidate(
    _ then: Rounds, _ now: Rounds, _ test: String, _ operation: String?, _ share: Double
  ) -> (value: Candidate, measure: Rounds.Measure?)? {
    let measure = Rounds.measure(then, now)
    let (first, second) = (then.values(measure), now.values(measure))
    guard first.count > 1, let shift = Shift.unpaired(first, second) else { return nil }
    var doubt = max(halves(first), halves(second))
    var remark = doubt > 0 ? "the runs drift by \(percentText(exp(doubt) - 1)) themselves" : ""
    if measure == nil {
      for (name, limit) in [("reads memory", Rounds.Measure.memory), ("calculates", .arithmetic)] {
        guard let before = then.limit(limit), let after = now.limit(limit) else { continue }
        let change = log(before / after)
        if change * shift.estimate > 0, abs(change) > doubt {
          doubt = abs(change)
          remark =
            "the machine \(name) \(percentText(exp(abs(change)) - 1)) \(change > 0 ? "slower" : "faster") than then"
        }
      }
    }
    if abs(shift.estimate) > doubt {
      remark = measure.map { "relative to the machine's \($0.rawValue)" } ?? "as measured"
    }
    return (
      Candidate(
        test: test, operation: operation, share: share, shift: shift, probability: shift.probability,
        doubt: doubt,
        remark: remark), measure
    )
  }

  /// How far the second half of a run is from the first.
  private static func halves(_ values: [Double]) -> Double {
    guard values.count >= 4 else { return 0 }
    let half = values.count / 2
    return abs(Array(values[..<half]).middle - Array(values[(values.count - half)...]).middle)
  }
}

/// Logarithms of times by round, and of what the machine did meanwhile.
private struct Rounds {
  enum Measure: String, CaseIterable {
    case memory
    case arithmetic = "speed of calculation"
  }

  private var times: [Double] = []
  private var limits: [Measure: [Double]] = [:]

  init(_ series: BenchSeries, _ seconds: (BenchRound) -> Double) {
    for round in series.rounds {
      let time = seconds(round)
      guard time > 0 else { continue }
      times.append(log(time))
      if let memory = round.memory, memory > 0 { limits[.memory, default: []].append(log(memory)) }
      if let speed = round.arithmetic, speed > 0 { limits[.arithmetic, default: []].append(log(speed)) }
    }
  }

  /// Times, or work relative to a limit: what would have been done in that time at the machine's best.
  func values(_ measure: Measure?) -> [Double] {
    guard let measure, let limit = limits[measure], limit.count == times.count else { return times }
    return zip(times, limit).map { $0 + $1 }
  }

  func limit(_ measure: Measure) -> Double? { limits[measure].map { exp($0.middle) } }

  private func has(_ measure: Measure) -> Bool { limits[measure]?.count == times.count && times.count > 0 }

  /// The limit that best explains how times scatter within each of the runs, if one does by a tenth or more.
  static func measure(_ first: Rounds, _ second: Rounds) -> Measure? {
    func scatter(_ measure: Measure?) -> Double {
      [first, second].reduce(0) { sum, rounds in
        let values = rounds.values(measure)
        let middle = values.middle
        return sum + values.map { abs($0 - middle) }.middle
      }
    }
    let plain = scatter(nil)
    let best = Measure.allCases.filter { first.has($0) && second.has($0) }.map { ($0, scatter($0)) }
      .min { $0.1 < $1.1 }
    return best.flatMap { $0.1 < 0.9 * plain ? $0.0 : nil }
  }
}

extension BenchSeries {
  /// The logarithm of an operation's time over that of all others, by round.
  fileprivate func relative(_ operation: Int) -> [Double] {
    rounds.compactMap { round in
      let ratios = round.seconds.indices.compactMap { sample -> Double? in
        let own = round.operations[operation][sample]
        let others = round.operations.reduce(0) { $0 + $1[sample] } - own
        return own > 0 && others > 0 ? log(own / others) : nil
      }
      return ratios.isEmpty ? nil : ratios.middle
    }
  }
}
