// `apus score`: what a reward model thinks of conversations.

import ApusBasics
import ApusData
import ApusInference
import ApusRuntime
import ApusText

enum ScoreCommand: Command {
  static let name = "score"
  static let summary = "Score conversations with a reward model"
  static let discussion = [
    "Inputs are JSON lines with \"messages\" that end with an answer of the assistant's. A line of output, "
      + "{\"score\": 1.25}, belongs to each, in order; differences between answers to one prompt are what means something.",
    "The model is a folder of transformers' …ForSequenceClassification with one label, as apus train with objective "
      + "\"reward\" writes it, or a GGUF file of one.",
  ]
  static let examples = [
    "apus score reward-model/ answers.jsonl > scores.jsonl",
    "apus score reward.gguf - --too-long skip < answers.jsonl",
  ]

  /// What happens to conversations that are longer than the model takes.
  private enum TooLong: String, CaseIterable { case refuse, skip }

  private static let inputs = Positional.rest(
    "FILE", isFile: true, help: "Files of JSON lines; - or none is standard input")
  private static let tooLong = Option<TooLong>.choice(
    "too-long", placeholder: "POLICY", default: .refuse,
    help: "What happens to conversations longer than the model takes; skipped ones have the score null")
  private static let template = Option<String?>.file(
    "chat-template-file", help: "A Jinja template in place of the model's own")

  static let arguments = [ModelFile.argument.row, inputs.row]
  static let options = [
    ModelFile.option.row, tooLong.row, template.row, EmbeddingFlags.context.row, ReadingFlags.skipBad.row,
    CommonOptions.threads.row,
  ]

  /// Conversations whose scores are asked for at once: enough to fill the model's steps.
  private static let batch = 64

  static func run(_ values: Values, _ console: Console) throws {
    var paths = values[inputs]
    if paths.isEmpty {
      guard !console.input.isTerminal else {
        throw CommandError.usage("no input: name files of conversations, or pipe them in")
      }
      paths = ["-"]
    }
    let template = try TemplateFile.read(values[template], console)
    let model = try EmbeddingFlags.load(values, console) {
      try RewardModel(
        $0, runtime: $1, contextLength: values[EmbeddingFlags.context], chatTemplate: template, progress: $2)
    }
    console.notes(model.warnings)
    guard model.files.hasChatTemplate else {
      throw CommandError.failure("\(model.name) has no chat template; name one with --chat-template-file")
    }
    let reader = ConversationReader(paths, skipLimit: values[ReadingFlags.skipBad])
    var output = try RecordOutput(nil, replacing: false, console)
    var skipped = 0
    var waiting: [(tokens: [Int32], place: InputPlace)?] = []
    while true {
      let next = try reader.next()
      if let next {
        let tokens = try naming(next.place) {
          try model.tokens(next.conversation.messages, tools: next.conversation.tools)
        }
        if tokens.count > model.contextLength, values[tooLong] == .skip {
          skipped += 1
          waiting.append(nil)
        } else {
          waiting.append((tokens, next.place))
        }
      }
      guard next == nil || waiting.count == batch else { continue }
      let scored = waiting.compactMap { $0 }
      var scores = try naming(scored) { try model.scores(ofTokens: scored.map(\.tokens)) }[...]
      for conversation in waiting {
        let score = conversation == nil ? JSONValue.null : .double(scores.removeFirst())
        try output.add { $0 += Array((JSONValue.members([("score", score)]).serialized() + "\n").utf8) }
      }
      waiting.removeAll()
      if next == nil { break }
    }
    try output.finish()
    console.notes(ReadingFlags.notes(reader.report))
    if skipped > 0 {
      let what = skipped == 1 ? "1 conversation is" : "\(countText(skipped)) conversations are"
      console.note(
        "note: \(what) longer than the \(model.contextLength) tokens that the model takes; the score is null")
    }
  }

  /// Puts the place of a conversation before what is wrong with it.
  private static func naming<Result>(_ place: InputPlace, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as any ApusError {
      throw CommandError.failure("\(place): \(error.description)")
    }
  }

  private static func naming<Result>(
    _ conversations: [(tokens: [Int32], place: InputPlace)], _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as RewardModelError {
      guard let index = error.conversationIndex else { throw error }
      let hint = if case .tooLong = error { "; --too-long skip passes over such conversations" } else { "" }
      throw CommandError.failure("\(conversations[index].place): \(error.problem)\(hint)")
    }
  }
}
