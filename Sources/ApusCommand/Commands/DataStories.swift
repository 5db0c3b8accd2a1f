// `apus data stories`: short stories for children, as JSON lines or text.

import ApusBasics
import ApusData

/// How stories are written.
enum StoryFormat: String, CaseIterable {
  /// `{"text": …}`, one a line.
  case jsonl
  /// The text, `<|endoftext|>` on a line of its own after each.
  case text
  /// `{"messages": …}`: somebody asks for the story, and it is told.
  case messages
  /// `{"prompt": …}`: somebody asks, for `apus rollouts` and for learning from a model's own answers.
  case prompt
}

enum DataStoriesCommand: Command {
  static let name = "data stories"
  static let summary = "Write short stories for children"
  static let discussion = [
    "Stories of 80 to 250 words in plain English, made from a seed by a grammar: to train a small "
      + "model on, where no text "
      + "is at hand. The same seed gives the same stories on any machine, and other seeds give others."
  ]
  static let examples = [
    "apus data stories --count 100000 --seed 1 --output stories.jsonl",
    "apus data stories --count 3 --format text",
  ]

  private static let count = Option<Int>.integer(
    "count", "n", in: 1...Int.max, default: 1000, help: "Stories to write")
  private static let seed = Option<Int>.integer(
    "seed", in: 0...Int.max, default: 1, help: "Another seed gives other stories")
  private static let format = Option<StoryFormat>.choice(
    "format", placeholder: "FORMAT", default: .jsonl,
    help:
      "JSON lines, text with <|endoftext|> after each story, conversations in which it is asked for, or only "
      + "what asks")
  private static let output = Option<String?>.file(
    "output", "o", help: "The file to write; standard output without it")
  private static let force = Option.flag("force", help: "Replace the file")

  static let options = [count.row, seed.row, format.row, output.row, force.row]

  static func run(_ values: Values, _ console: Console) throws {
    let generator = StoryGenerator(seed: UInt64(values[seed]))
    var output = try RecordOutput(values[output], replacing: values[force], console)
    for number in 0..<values[count] {
      let (request, story) = generator.requestedStory(number)
      try output.add { bytes in
        switch values[format] {
        case .jsonl: JSONValue.members(["text": .string(story)]).append(to: &bytes)
        case .messages:
          JSONValue.members([
            "messages": .array([
              .members(["role": .string("user"), "content": .string(request)]),
              .members(["role": .string("assistant"), "content": .string(story)]),
            ])
          ]).append(to: &bytes)
        case .prompt: JSONValue.members(["prompt": .string(request)]).append(to: &bytes)
        case .text: bytes.append(contentsOf: "\(story)\n<|endoftext|>".utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
      }
    }
    try output.finish()
  }
}
