// `apus chat`: a conversation. What has been said stays in the cache, so each turn computes only what is new.

import Apus
import ApusBasics
import ApusInference
import ApusText

enum ChatCommand: Command {
  static let name = "chat"
  static let summary = "Talk with a model"
  static let discussion = [
    "Ctrl-C stops an answer, a second one leaves; so does the end of input (Ctrl-D). Lines that begin with / are "
      + "commands: /set OPTION VALUE, /system TEXT, /clear, /save FILE, /load FILE, /help, /bye. "
      + "A line of three quotes begins and ends a message of several lines."
  ]
  static let examples = ["apus chat model.gguf --system-prompt \"Answer briefly.\""]

  private static let model = Positional<String?>.optional(
    "MODEL", isFile: true, replacedBy: "model", help: "A GGUF file")

  static let arguments = [model.row]
  static let options = ModelFlags.rows + ChatFlags.rows + SamplingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    guard let path = values[model] ?? values[ModelFlags.model] else {
      throw CommandError.usage("no model given")
    }
    try converse(path, values, console)
  }

  static func converse(_ path: String, _ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let runtime = try ModelFlags.runtime(values, console)
    let model = try ModelFlags.load(path, runtime, console)
    let conversation = try Conversation(model, values, console, interrupt)
    if console.input.isTerminal {
      console.note("\(model.name), context \(conversation.contextLength). /help lists the commands.")
    }
    try conversation.loop()
  }
}
