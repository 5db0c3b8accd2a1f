// `apus profile embed`: where the time of texts on their way to vectors goes.

import ApusInference
import ApusProfile

enum ProfileEmbedCommand: Command {
  static let name = "profile embed"
  static let summary = "Show where the time of embedding goes"
  static let discussion = [
    "As 'apus profile run', for texts of --tokens tokens, --texts of them at a time."
  ]
  static let examples = [
    "apus profile embed model.gguf --tokens 128", "apus profile embed model.gguf --texts 64",
  ]

  private static let tokens = Option<Int>.integer(
    "tokens", in: 1...1_000_000, default: 128, help: "Tokens of a text")
  private static let texts = Option<Int>.integer(
    "texts", in: 1...100_000, default: 1, help: "Texts that are there at once")

  static let arguments = [ModelFile.argument.row]
  static let options = [tokens.row, texts.row] + ProfileFlags.rows + EmbeddingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let model = try EmbeddingFlags.load(values, console)
    var settings = EmbeddingSettings()
    (settings.length, settings.texts) = (values[tokens], values[texts])
    guard settings.length <= model.contextLength else {
      throw CommandError.failure(
        "\(settings.length) tokens are more than the \(model.contextLength) the model takes")
    }
    let command =
      "apus profile embed \(try ModelFile.path(values)) --tokens \(settings.length) --texts \(settings.texts) "
      + "-t \(model.runtime.workers.count)"
    try ProfileFlags.gather(command, values, console, interrupt) {
      try EmbeddingGatherer(model, settings, $0).gather()
    }
  }
}
