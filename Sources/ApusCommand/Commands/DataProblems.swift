// `apus data problems`: arithmetic and word problems with worked solutions, as JSON lines.

import ApusBasics
import ApusData

enum DataProblemsCommand: Command {
  static let name = "data problems"
  static let summary = "Write arithmetic and word problems with worked solutions"
  static let discussion = [
    "Problems are made from a seed, in plain English, with a solution of one line a step that ends "
      + "in Answer: and "
      + "the number. A problem of level 3 takes three steps. The same seed gives the same problems "
      + "on any machine.",
    "A problem is on the side of training or of tests by a hash of its numbers and structure, "
      + "whatever the seed: no "
      + "problem for tests is in training data, and neither is one that tells the same computation "
      + "in other words. One "
      + "in ten is for tests. Questions that were written before are skipped and counted.",
  ]
  static let examples = [
    "apus data problems --count 10000 --seed 1 --levels 1-4 --output train.jsonl",
    "apus data problems --count 2000 --split test --format prompt --output test.jsonl",
    "apus data problems --count 3 --reasoning-tags --format text",
  ]

  private static let count = Option<Int>.integer(
    "count", "n", in: 1...Int.max, default: 1000, help: "Problems to write")
  private static let seed = Option<Int>.integer(
    "seed", in: 0...Int.max, default: 1, help: "Another seed gives other problems")
  private static let split = Option<ProblemSplit>.choice(
    "split", placeholder: "SIDE", default: .train, help: "Problems for training or for tests")
  private static let levels = Option<String?>.text(
    "levels", placeholder: "A-B", defaultText: "1-5", help: "Levels to take in turn: 3, or 1-4")
  private static let format = Option<ProblemFormat>.choice(
    "format", placeholder: "FORMAT", default: .messages,
    help: "Conversations, plain text, or questions with their answer apart")
  private static let system = Option<String?>.text("system", help: "A system message before every question")
  private static let tags = Option.flag(
    "reasoning-tags", help: "Put the steps between <think> and </think>")
  private static let explained = Option.flag(
    "explained", help: "Take smaller steps, and say what they follow from")
  private static let answers = Option.flag("answers-only", help: "Leave the steps out")
  private static let output = Option<String?>.file(
    "output", "o", help: "The file to write; standard output without it")
  private static let force = Option.flag("force", help: "Replace the file")

  static let options = [
    count.row, seed.row, split.row, levels.row, format.row, system.row, tags.row, explained.row, answers.row,
    output.row, force.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    let levels = try range(values[levels] ?? "1-5")
    let format = values[format]
    let system = values[system]
    if system != nil, format != .messages {
      throw CommandError.usage("--system goes with --format messages, not with \(format.rawValue)")
    }
    if values[answers], values[tags] {
      throw CommandError.usage("--answers-only leaves nothing for --reasoning-tags to mark: give one of them")
    }
    if values[answers], values[explained] {
      throw CommandError.usage("--answers-only leaves nothing for --explained to explain: give one of them")
    }
    var stream = ProblemStream(
      ProblemGenerator(seed: UInt64(values[seed])), levels: levels, split: values[split])
    var output = try RecordOutput(values[output], replacing: values[force], console)
    var written = 0
    while written < values[count], let problem = stream.next() {
      let record = problem.record(
        format, system: system, tagged: values[tags], answerOnly: values[answers],
        isExplained: values[explained])
      try output.add { bytes in
        record.append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
      }
      written += 1
    }
    try output.finish()
    for (level, count) in stream.counts.sorted(by: { $0.key < $1.key }) {
      console.note(
        "level \(level): \(countText(count.problems)) problems of \(countText(count.forms)) forms, "
          + "\(countText(count.skipped)) repeated questions skipped")
    }
    if written < values[count] {
      throw CommandError.failure(
        "levels \(levels.lowerBound) to \(levels.upperBound) have no more than \(countText(written)) "
          + "problems of "
          + "seed \(values[seed]): add levels, or ask for fewer with --count")
    }
  }

  /// The levels of `3` or `1-4`.
  private static func range(_ text: String) throws(CommandError) -> ClosedRange<Int> {
    let all = ProblemGenerator.levels
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard let first = parts[0], let last = parts.count == 1 ? first : parts[1], parts.count <= 2,
      first <= last, all.contains(first), all.contains(last)
    else {
      throw .usage(
        "option '--levels': '\(visible(text))' is no range in \(all.lowerBound)-\(all.upperBound), "
          + "such as 1-4"
      )
    }
    return first...last
  }
}
