// How judged answers are written down: each by itself, the best as conversations, or pairs; and what is told of all.

import ApusBasics
import ApusText
import ApusTraining

/// What becomes of the answers to a prompt.
struct RolloutForm {
  private let best: Int?
  private let above: Double?
  private let pairs: Bool

  init(best: Int?, above: Double?, pairs: Bool) throws(CommandError) {
    guard best == nil || !pairs else { throw .usage("--best and --pairs exclude each other") }
    guard above == nil || best != nil else { throw .usage("--above goes with --best") }
    (self.best, self.above, self.pairs) = (best, above, pairs)
  }

  var needsReward: Bool { best != nil || pairs }

  /// The records of a prompt's answers.
  func records(_ answers: [RolloutAnswer], _ scores: [Double?]) -> [JSONValue] {
    guard needsReward else {
      return zip(answers, scores).map { answer, score in
        var line = answer.prompt
        line["completion"] = .string(answer.text)
        line["ended"] = .bool(answer.isEnded)
        line["reward"] = score.map { .double($0) } ?? .null
        return .object(line)
      }
    }
    // Of equal ones the first: sorting keeps the order.
    let ranked = answers.indices.filter { scores[$0] != nil && !answers[$0].text.isEmpty }
      .sorted { (scores[$0]!, -$0) > (scores[$1]!, -$1) }
    guard let first = ranked.first, let last = ranked.last else { return [] }
    if pairs {
      guard scores[first]! > scores[last]! else { return [] }
      return [
        .members([
          ("prompt", .array(answers[first].messages.map(\.json))), ("chosen", message(answers[first])),
          ("rejected", message(answers[last])),
        ])
      ]
    }
    var seen: Set<String> = []
    return ranked.filter { above == nil || scores[$0]! > above! }
      .filter { seen.insert(answers[$0].text).inserted }.prefix(best ?? 1)
      .map { index in
        .members([("messages", .array(answers[index].messages.map(\.json) + [answer(answers[index])]))])
      }
  }

  private func answer(_ answer: RolloutAnswer) -> JSONValue {
    ChatMessage(role: "assistant", content: answer.text).json
  }

  private func message(_ answer: RolloutAnswer) -> JSONValue { .array([self.answer(answer)]) }
}

/// What is told of all answers.
struct RolloutReport {
  private var summary = RewardSummary()
  private var levels: [Int: RewardSummary] = [:]
  private var divergence = RewardSummary()
  private var divergenceSum = 0.0
  private var (answers, tokens, ended, judged) = (0, 0, 0, 0)

  /// Adds the answers to a prompt.
  mutating func add(_ group: ArraySlice<RolloutAnswer>, _ scores: ArraySlice<Double?>) {
    let known = scores.compactMap { $0 }
    answers += group.count
    judged += known.count
    tokens += group.reduce(0) { $0 + $1.tokenCount }
    ended += group.count { $0.isEnded }
    summary.add(known)
    if let level = group.first?.prompt["level"]?.int { levels[level, default: RewardSummary()].add(known) }
  }

  /// Adds how far the answers to a prompt are from another model's, in nats.
  mutating func add(divergences: [Double]) {
    divergence.add(divergences)
    divergenceSum += divergences.reduce(0, +)
  }

  /// One line each.
  ///
  /// - Parameter reward: what has judged.
  func lines(seconds: Double, _ reward: RewardKind?) -> [String] {
    let isAccuracy = reward == .problems
    let mean = Double(tokens) / Double(max(1, answers))
    var lines = [
      "\(countText(answers)) answer\(answers == 1 ? "" : "s") of \(fixed(mean, 1)) tokens, \(countText(ended)) ended by themselves, "
        + "\(fixed(Double(tokens) / max(1e-9, seconds), 1)) tokens/s"
    ]
    func text(_ name: String, _ summary: RewardSummary, percent: Bool) -> String? {
      summary.estimate.map { estimate in
        let numbers = [estimate.mean, estimate.low, estimate.high].map {
          fixed($0 * (percent ? 100 : 1), percent ? 1 : 4)
        }
        let unit = percent ? " %" : ""
        let interval = estimate.low.isFinite ? ", 95 % interval \(numbers[1]) to \(numbers[2])\(unit)" : ""
        return "\(name) \(numbers[0])\(unit)\(interval), \(countText(estimate.count)) prompts"
      }
    }
    if judged < answers, reward != nil {
      lines.append("\(countText(answers - judged)) of the answers could not be judged")
    }
    let name = isAccuracy ? "accuracy" : "mean reward"
    if let line = text(name, summary, percent: isAccuracy) { lines.append(line) }
    for level in levels.keys.sorted() {
      if let line = text("level \(level): \(name)", levels[level]!, percent: isAccuracy) {
        lines.append(line)
      }
    }
    if let line = text("nats an answer from the reference", divergence, percent: false) {
      lines.append(line + ", \(fixed(divergenceSum / Double(max(1, tokens)), 5)) a token")
    }
    return lines
  }
}
