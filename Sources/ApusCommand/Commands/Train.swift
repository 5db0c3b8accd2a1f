// `apus train`: a model learns what a configuration says, and goes on where it was stopped.

import ApusBasics
import ApusRuntime
import ApusTraining

enum TrainCommand: Command {
  static let name = "train"
  static let summary = "Train a model as a configuration says"
  static let discussion = [
    "CONFIG is a JSON file; configs/ has three with every key explained, and --help-config lists the keys. --set gives a "
      + "key another value, as often as wanted: --set optimizer.learningRate=3e-4.",
    "Checkpoints in checkpoint.directory are Hugging Face folders with the optimiser's state beside the model. A run "
      + "whose folder has one goes on from it, to the same bits as a run that was never stopped. Ctrl-C, SIGTERM and "
      + "SIGUSR1 finish the step, save and end.",
  ]
  static let examples = [
    "apus train configs/pretrain-small.json --set 'data.train=[\"stories.txt\"]'",
    "apus train run.json --set steps=100 --plan",
  ]

  private static let file = Positional.one("CONFIG", isFile: true, help: "The configuration, a JSON file")
  private static let settings = Option<[String]>.list(
    "set", placeholder: "KEY=VALUE", help: "Give a key another value; may be repeated")
  private static let keys = Option.flag("help-config", help: "List the keys of a configuration")
  private static let plan = Option.flag(
    "plan", help: "Say what the run would take of memory, and begin nothing")
  private static let plain = Option.flag("plain", help: "Print lines, also on a terminal")

  static let arguments = [Positional<String?>.optional("CONFIG", isFile: true, help: file.row.help).row]
  static let options = [settings.row, plan.row, keys.row, plain.row, CommonOptions.threads.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
  }
}
