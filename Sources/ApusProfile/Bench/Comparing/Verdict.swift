// What a comparison comes to: for each test and each operation how much longer it takes, and whether that is an alarm. An
// alarm needs two things: a difference that chance would hardly make, corrected for the number of comparisons, and one
// that is worth a word.

import ApusBasics

/// What an alarm needs.
package struct AlarmRule: Sendable, Equatable {
  /// The most probable that any alarm of a comparison of equals may be, if samples were as independent as the tests
  /// believe. They never are quite; with the rounds there are, a change worth a word is far below it.
  package var significance = 0.001
  /// The least change that counts, as a share of the time.
  package var leastEffect = 0.02
  /// Operations below this share of their test are not looked at.
  package var leastShare = 0.01

  package init() {}
}

/// A test, or an operation of it, compared.
package struct Finding: Sendable, Equatable {
  package enum Meaning: String, Sendable {
    case slower, faster, same
    /// Slower by the numbers, but the machine was another, too.
    case doubtful
  }

  package var test: String
  /// nil for the test as a whole.
  package var operation: String?
  /// Time over time before: 1.05 is 5 % slower.
  package var ratio: Double
  package var low: Double
  package var high: Double
  /// Of such a difference between equals, corrected for all that was compared.
  package var probability: Double
  /// Of the operation in its test's time.
  package var share: Double
  package var meaning: Meaning
  /// Why it is doubtful, or how times were brought to a common measure.
  package var remark = ""

  /// "pp128: matmul Q8_0".
  package var name: String { test + (operation.map { ": " + $0 } ?? "") }

  /// "5.1 % slower (4.6 to 5.5 %)".
  package var change: String {
    let slower = ratio >= 1
    func text(_ value: Double) -> String { fixed(100 * (slower ? value - 1 : 1 - value), 1) }
    return "\(text(ratio)) % \(slower ? "slower" : "faster") "
      + "(\(text(slower ? low : high)) to \(text(slower ? high : low)) %)"
  }
}

/// All findings of a comparison.
package struct Verdict: Sendable, Equatable {
  /// Each test, followed by its operations.
  package var findings: [Finding]
  /// What a reader must know.
  package var notes: [String]
  /// Why nothing could have been found; nil where there were enough rounds for some alarm.
  package var shortage: String?

  /// What got slower, the costliest first: the change times the share.
  package var regressions: [Finding] {
    findings.filter { $0.meaning == .slower }.sorted { ($0.ratio - 1) * $0.share > ($1.ratio - 1) * $1.share }
  }

  package var isRegression: Bool { findings.contains { $0.meaning == .slower } }

  /// The verdict in words: what got slower, what faster, what is doubtful; a line for each.
  package var lines: [String] {
    var lines: [String] = []
    func add(_ findings: [Finding], _ head: String) {
      for finding in findings {
        var line = "\(head): \(finding.name) is \(finding.change)"
        var facts: [String] = []
        if finding.operation != nil { facts.append("it takes \(percentText(finding.share)) of the time") }
        if finding.meaning != .doubtful { facts.append("p = \(probabilityText(finding.probability))") }
        if !finding.remark.isEmpty { facts.append(finding.remark) }
        if !facts.isEmpty { line += "; " + facts.joined(separator: "; ") }
        lines.append(line)
      }
    }
    add(regressions, "SLOWER")
    add(
      findings.filter { $0.meaning == .faster }.sorted {
        (1 - $0.ratio) * $0.share > (1 - $1.ratio) * $1.share
      },
      "faster")
    add(findings.filter { $0.meaning == .doubtful }, "doubtful")
    if let shortage {
      lines.append(shortage)
    } else if !findings.contains(where: { $0.meaning != .same }) {
      lines.append("no difference among \(findings.count) comparisons" + sensitivity)
    }
    return lines + notes
  }

  /// What would have been seen.
  private var sensitivity: String {
    let widths = findings.filter { $0.operation == nil }.map {
      max($0.high / $0.ratio, $0.ratio / $0.low) - 1
    }
    guard let widest = widths.max(), widest.isFinite else { return "" }
    return "; times of tests are known within \(fixed(100 * widest, 1)) %"
  }

  package var json: JSONValue {
    .members([
      "isRegression": .bool(isRegression),
      "findings": .array(
        findings.map { finding in
          .members([
            "test": .string(finding.test), "operation": .optional(finding.operation) { .string($0) },
            "meaning": .string(finding.meaning.rawValue), "ratio": .double(finding.ratio),
            "low": .double(finding.low), "high": .double(finding.high),
            "probability": .double(finding.probability), "share": .double(finding.share),
            "remark": .string(finding.remark),
          ])
        }), "shortage": .optional(shortage) { .string($0) }, "notes": .array(notes.map { .string($0) }),
    ])
  }
}

/// A probability with two digits that count.
func probabilityText(_ value: Double) -> String {
  if value >= 0.001 { return fixed(value, value < 0.01 ? 4 : 3) }
  var (mantissa, exponent) = (value, 0)
  while mantissa < 1, exponent > -300 {
    mantissa *= 10
    exponent -= 1
  }
  return value > 0 ? "\(fixed(mantissa, 0))e\(exponent)" : "0"
}

/// A comparison before it is judged.
struct Candidate {
  var test: String
  var operation: String?
  var share: Double
  /// That were measured; `shift` counts neighbours that are alike as one.
  var rounds: Int
  var shift: Shift
  /// The least probable that both ways of looking at it agree on.
  var probability: Double
  /// What the change may be wrong by: only what goes beyond it counts.
  var doubt = 0.0
  /// What to say where it is doubtful, and where it is not.
  var doubtRemark = ""
  var remark = ""
}

extension Verdict {
  /// Judges candidates together.
  init(_ candidates: [Candidate], _ rule: AlarmRule, notes: [String]) {
    let corrected = holm(candidates.map(\.probability))
    findings = zip(candidates, corrected).map { candidate, probability in
      let shift = candidate.shift
      let ratio = exponential(shift.estimate)
      let isClear = probability < rule.significance
      let meaning: Finding.Meaning
      if !isClear || abs(ratio - 1) < rule.leastEffect {
        meaning = .same
      } else if abs(shift.estimate) - candidate.doubt < rule.leastEffect {
        meaning = .doubtful
      } else {
        meaning = ratio > 1 ? .slower : .faster
      }
      return Finding(
        test: candidate.test, operation: candidate.operation, ratio: ratio,
        low: exponential(shift.interval.low),
        high: exponential(shift.interval.high), probability: probability, share: candidate.share,
        meaning: meaning,
        remark: meaning == .same ? "" : meaning == .doubtful ? candidate.doubtRemark : candidate.remark)
    }
    self.notes = notes
    // Even the largest difference would not be clear.
    let silent = candidates.filter {
      $0.shift.leastProbability * Double(candidates.count) >= rule.significance
    }
    guard let fewest = silent.map(\.rounds).min() else { return }
    if silent.count == candidates.count {
      shortage =
        "too few rounds to say: \(fewest) cannot show a difference among \(candidates.count) comparisons; "
        + "measure longer with --budget"
    } else {
      self.notes.append(
        "note: too few rounds to say of \(silent.count) of \(candidates.count) comparisons, whose times drift; "
          + "measure longer with --budget")
    }
  }
}
