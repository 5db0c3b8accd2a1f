// Two programs, or two settings, measured in turn. A sample of one is compared with its neighbour of the other, so that
// what the machine does to both falls out; a round's value is the median of its pairs, for samples of a round share what
// fresh processes do not: the places of everything in memory.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Verdict {
  /// Compares what was measured side by side: sample i of round r of the one was taken next to that of the other.
  ///
  /// - Returns: by how much `second` is slower than `first`.
  package static func paired(
    _ first: [BenchSeries], _ second: [BenchSeries], rule: AlarmRule = AlarmRule()
  ) -> Verdict {
    var candidates: [Candidate] = []
    var notes: [String] = []
    for one in first {
      guard let other = second.first(where: { $0.test.name == one.test.name }) else { continue }
      let rounds = zip(one.rounds, other.rounds)
      func add(_ operation: String?, _ share: Double, _ pairs: [([Double], [Double])]) {
        let differences = pairs.compactMap { pair -> Double? in
          let ratios = zip(pair.0, pair.1).filter { $0 > 0 && $1 > 0 }.map { log($1 / $0) }
          return ratios.isEmpty ? nil : ratios.middle
        }
        let length = differences.isBeyondDrift ? 1 : blockLength([differences])
        guard let shift = Shift.paired(differences.blocks(of: length)) else { return }
        candidates.append(
          Candidate(
            test: one.test.name, operation: operation, share: share, rounds: differences.count, shift: shift,
            probability: shift.probability))
      }
      add(nil, 1, rounds.map { ($0.seconds, $1.seconds) })
      for (index, name) in one.operations.enumerated() {
        let share = one.share(of: index)
        guard let place = other.operations.firstIndex(of: name) else {
          if share >= rule.leastShare { notes.append("note: \(one.test.name): only the first has \(name)") }
          continue
        }
        guard max(share, other.share(of: place)) >= rule.leastShare else { continue }
        add(name, share, rounds.map { ($0.operations[index], $1.operations[place]) })
      }
      for (index, name) in other.operations.enumerated()
      where !one.operations.contains(name) && other.share(of: index) >= rule.leastShare {
        notes.append("note: \(one.test.name): only the second has \(name)")
      }
    }
    return Verdict(candidates, rule, notes: notes)
  }
}

func exponential(_ value: Double) -> Double { exp(value) }
