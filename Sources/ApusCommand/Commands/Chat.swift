// `apus chat`: a conversation. What has been said stays in the cache, so each turn computes only what is new.

import ApusBasics
import ApusInference
import ApusText

enum ChatCommand: Command {
  static let name = "chat"
  static let summary = "Talk with a model"
  static let discussion = [
    "Without a model it is \(DefaultModel.name), a small one in the program.",
    "Ctrl-C stops an answer, a second one leaves; so does the end of input (Ctrl-D). Lines that begin with / are "
      + "commands: /set OPTION VALUE, /system TEXT, /clear, /save FILE, /load FILE, /help, /bye. "
      + "A line of three quotes begins and ends a message of several lines.",
  ]
  static let examples = ["apus chat model.gguf --system-prompt \"Answer briefly.\""]

  static let arguments = [ModelFile.defaultedArgument.row]
  static let options =
    [GenerationFlags.predict.row, GenerationFlags.stops.row, GenerationFlags.ignoreEnd.row]
    + EngineFlags.rows + ChatFlags.rows + SamplingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    try converse(values, console)
  }

  static func converse(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let model = try EngineFlags.load(values, console, at: ModelFile.pathOrDefault(values))
    let conversation = try Conversation(model, values, console, interrupt)
    if console.input.isTerminal {
      console.note("\(model.name), context \(conversation.contextLength). /help lists the commands.")
    }
    try conversation.loop()
  }
}
