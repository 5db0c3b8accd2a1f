// `apus rollouts`: many answers to each prompt, judged: the best of them to learn from, pairs of the best and the worst, or
// only how good they are.

import ApusBasics
import ApusData
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText
import ApusTraining

enum RolloutsCommand: Command {
  static let name = "rollouts"
  static let summary = "Draw several answers to each prompt, judge them, keep the best"
  static let discussion = [
    "Prompts are JSON lines with \"prompt\" or \"messages\"; other members, such as \"answer\", go to the reward. Without "
      + "--best and --pairs every answer becomes a line with its reward.",
    "--reward problems compares with the line's \"answer\", as apus data problems --format prompt writes it. A command reads "
      + "a line of JSON for each answer, the prompt's with \"completion\", and writes a line with a number.",
    "The same seed gives the same answers, whatever is computed beside them. The mean reward is told with its 95 % interval: "
      + "with --n 1 --temperature 0 this measures a model on held-out problems. With --reference the divergence from "
      + "another model is estimated from the same answers: log p − log q, summed over an answer's tokens.",
  ]
  static let examples = [
    "apus rollouts model/ problems.jsonl --n 8 --reward problems --best 1 -o best.jsonl",
    "apus rollouts model/ prompts.jsonl --n 4 --reward-model judge/ --pairs -o pairs.jsonl",
    "apus rollouts model/ test.jsonl --n 1 --temperature 0 --reward problems -o answers.jsonl",
    "apus rollouts tuned/ test.jsonl --n 1 --reference base/ --reward problems -o answers.jsonl",
  ]

  private static let prompts = Positional.rest("PROMPTS", isFile: true, help: "Files of JSON lines")
  private static let count = Option<Int>.integer(
    "n", in: 1...4096, default: 8, help: "Answers to each prompt")
  private static let tokens = Option<Int>.integer(
    "tokens", in: 1...1_048_576, default: 256, help: "The most tokens of an answer")
  private static let temperature = Option<Double>.number(
    "temperature", in: 0...100, default: 1, help: "1 is the model itself; 0 takes the likeliest token")
  private static let seed = Option<Int>.integer(
    "seed", in: 0...Int.max, default: 1, help: "Another seed gives other answers")
  private static let parallel = Option<Int>.integer(
    "parallel", in: 1...4096, default: 16, help: "Answers in the making at once")
  private static let judge = Option<Judge>.choice(
    "reward", placeholder: "KIND", default: .none,
    help: "What judges, where neither a model nor a command does")
  private static let model = Option<String?>.file("reward-model", help: "A model with a score head")
  private static let command = Option<String?>.text("reward-command", help: "A program for the shell")
  private static let seconds = Option<Double>.number(
    "reward-seconds", in: 0.001...1e6, default: 600, help: "Seconds the program may take for 64 prompts")
  private static let reference = Option<String?>.file(
    "reference", help: "A model with the same tokenizer: tell how far the answers' model is from it")
  private static let onFailure = Option<RewardFailurePolicy>.choice(
    "reward-on-failure", placeholder: "POLICY", default: .stop,
    help:
      "When a program fails, or an answer is longer than the judge takes: stop, retry the program once, or skip the "
      + "answers, which then have the reward null")
  private static let best = Option<Int?>.integer(
    "best", placeholder: "K", in: 1...4096, defaultText: "every answer",
    help: "Write the K best answers to each prompt as conversations to learn from")
  private static let above = Option<Double?>.number(
    "above", defaultText: "any", help: "With --best: only answers whose reward is above")
  private static let pairs = Option.flag(
    "pairs", help: "Write the best and the worst answer to each prompt as a preference")
  private static let template = Option<String?>.file(
    "chat-template-file", help: "A Jinja template in place of the model's own")
  private static let output = Option<String?>.file(
    "output", "o", help: "The file to write; standard output without it")
  private static let force = Option.flag("force", help: "Replace the file")

  static let arguments = [ModelFile.argument.row, prompts.row]
  static let options =
    [
      count.row, tokens.row, temperature.row, seed.row, parallel.row, judge.row, model.row, command.row,
      seconds.row, onFailure.row, reference.row, best.row, above.row, pairs.row, template.row, output.row,
      force.row,
      ReadingFlags.skipBad.row,
    ] + EngineFlags.rows

  /// What needs no more than a name.
  fileprivate enum Judge: String, CaseIterable {
    case none, problems
  }

  /// Prompts whose answers are drawn and judged together.
  private static let batch = 64

  static func run(_ values: Values, _ console: Console) throws {
    let paths = values[prompts]
    guard !paths.isEmpty else { throw CommandError.usage("no prompts: name files of JSON lines") }
    let choice = try TrainingConfiguration.RewardSource(
      judge: values[judge], model: values[model], command: values[command], seconds: values[seconds],
      onFailure: values[onFailure])
    let form = try RolloutForm(best: values[best], above: values[above], pairs: values[pairs])
    if form.needsReward, choice.kind == nil {
      throw CommandError.usage(
        "--best and --pairs need a reward: --reward problems, --reward-model or --reward-command")
    }
    if values[reference] != nil, values[temperature] != 1 {
      throw CommandError.usage("--reference measures answers drawn with --temperature 1")
    }
    let template = try TemplateFile.read(values[template], console)
    let interrupt = Interrupt.install()
    let policy = try EngineFlags.load(values, console)
    let reward = try choice.make(policy.runtime)
    var options = try EngineFlags.engineOptions(
      values, policy, console, sequences: values[parallel] + 1)
    options.batchTokens = max(options.batchTokens, 2 * (values[parallel] + 1))
    let corpus = try PromptCorpus(
      paths, template: template ?? policy.chatTemplate, policy.tokenizer, length: options.contextLength,
      skipLimit: values[ReadingFlags.skipBad], pool: policy.runtime.workers, problem: reward?.promptProblem)
    console.notes(corpus.notes)
    let longest = min(options.contextLength, corpus.longest + values[tokens])
    console.notes(reward?.warnings(tokens: longest) ?? [])
    try reward?.prepare()
    reward?.interrupt { interrupt.isRequested }
    let generator = PolicyGenerator(
      try Engine(policy, options), ends: policy.endOfText, tokens: values[tokens])
    let divergence = try values[reference].map {
      try Self.divergence(from: $0, policy, contextLength: options.contextLength)
    }
    var output = try RecordOutput(values[output], replacing: values[force], console)
    var report = RolloutReport()
    var bar = ProgressBar("answering", total: corpus.prompts.count, unit: .items("prompts"), on: console)
    defer { bar.finish() }
    let start = MonotonicClock.nanoseconds
    for first in stride(from: 0, to: corpus.prompts.count, by: batch) {
      let part = Array(corpus.prompts[first..<min(first + batch, corpus.prompts.count)])
      let random = RolloutRandom(seed: values[seed], step: first / batch)
      let rollouts = try generator.answers(
        to: part.map(\.tokens), count: values[count], temperature: values[temperature], random
      ) { done in
        bar.update(first + done / values[count])
        return !interrupt.isRequested
      }
      guard let rollouts else { break }
      let answers = rollouts.map { rollout in
        RolloutAnswer(
          prompt: part[rollout.prompt].line, messages: part[rollout.prompt].messages,
          text: policy.tokenizer.text(rollout.text), tokenCount: rollout.tokens.count,
          isEnded: rollout.isEnded)
      }
      guard let scores = try scores(reward, answers, interrupt) else { break }
      for text in reward?.takeNotes() ?? [] { console.note("note: \(text)") }
      for group in stride(from: 0, to: answers.count, by: values[count]) {
        let range = group..<group + values[count]
        report.add(answers[range], scores[range])
        if let divergence {
          let prompt = part[rollouts[group].prompt].tokens
          report.add(divergences: try divergence.divergences(rollouts[range], after: prompt))
        }
        for record in form.records(Array(answers[range]), Array(scores[range])) {
          try output.add { bytes in
            record.append(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
          }
        }
      }
    }
    bar.finish()
    try interrupt.check()
    try output.finish()
    let elapsed = Double(MonotonicClock.nanoseconds - start) * 1e-9
    for line in report.lines(seconds: elapsed, choice.kind) { console.note(line) }
  }

  /// What measures the divergence from the model at `path`.
  private static func divergence(
    from path: String, _ policy: Model, contextLength: Int
  ) throws -> AnswerDivergence {
    try ModelFile.naming(path) {
      let model = try Model(ModelFile.open(path), runtime: policy.runtime)
      let (tokens, own) = (model.tokenizer.vocabulary.count, policy.tokenizer.vocabulary.count)
      guard tokens == own else {
        throw CommandError.failure(
          "has \(tokens) pieces, and the model that answers \(own): the tokenizers differ")
      }
      let trained = model.configuration.contextLength
      guard contextLength <= trained else {
        throw CommandError.failure(
          "was trained for a context of \(trained), and the answers' is \(contextLength); -c sets it")
      }
      return AnswerDivergence(
        try Engine(model, AnswerDivergence.engineOptions(contextLength: contextLength)))
    }
  }
}

extension RolloutsCommand {
  /// The scores; nil when a signal asked for the end while they were waited for.
  private static func scores(
    _ reward: (any Reward)?, _ answers: [RolloutAnswer], _ interrupt: Interrupt
  ) throws -> [Double?]? {
    guard let reward else { return answers.map { _ in nil } }
    do {
      return try reward.scores(answers)
    } catch RewardError.interrupted {
      return nil
    }
  }
}

extension TrainingConfiguration.RewardSource {
  /// What judges, from the options.
  fileprivate init(
    judge: RolloutsCommand.Judge, model: String?, command: String?, seconds: Double,
    onFailure: RewardFailurePolicy
  ) throws(CommandError) {
    var kinds: [RewardKind] = judge == .problems ? [.problems] : []
    if model != nil { kinds.append(.model) }
    if let command {
      guard command.contains(where: { !$0.isWhitespace }) else { throw .usage("--reward-command is empty") }
      kinds.append(.command)
    }
    guard kinds.count <= 1 else {
      throw .usage("only one of --reward, --reward-model and --reward-command judges")
    }
    guard onFailure != .retry || kinds.first == .command else {
      throw .usage("--reward-on-failure retry goes with --reward-command")
    }
    self = TrainingConfiguration().reward
    (kind, self.model, self.command, self.seconds) = (kinds.first, model, command, seconds)
    self.onFailure = onFailure
  }
}
