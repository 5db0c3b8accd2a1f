// Why a run cannot begin, or cannot go on.

import ApusBasics
import ApusText

/// What ends a training run.
public enum TrainingError: ApusError {
  /// The run needs more memory than it may have.
  case memory(MemoryForecast, limit: Int)
  /// A loss or gradient is not a number.
  case notFinite(step: Int, what: String, firstOperation: String?, rows: Range<Int>, checkpoint: String?)
  /// Too many steps one after the other were skipped.
  case skippedTooOften(step: Int, skipped: Int)
  /// The checkpoint belongs to another run.
  case otherRun(checkpoint: String, [ConfigurationDifference])
  /// The data are others than those of the checkpoint.
  case otherData(checkpoint: String)
  /// A model that the run reads and does not change is another than that of the checkpoint.
  case otherModel(checkpoint: String, key: String, path: String)
  /// A file of the checkpoint lacks something or has another shape.
  case badState(checkpoint: String, reason: String)
  /// The data's tokens do not fit the model.
  case vocabulary(data: String, tokens: Int, model: Int)
  /// A text of the data is longer than the model's context.
  case context(length: Int, context: Int)
  /// Text cannot be read as tokens.
  case noTokenizer(String)
  /// Nothing says how conversations are written down.
  case noChatTemplate(String)
  /// What says how conversations are written down cannot be read.
  case chatTemplate(String, TemplateError)
  /// Nothing says how many tokens there are.
  case noVocabulary
  /// Nothing says how good answers are.
  case noReward
  /// The objective is learned by one process only.
  case aloneOnly(TrainingObjective)

  /// What is wrong and what to do, in one line.
  public var description: String {
    switch self {
    case .memory(let forecast, let limit):
      return
        "the run needs \(sizeText(forecast.total)) of memory and may take \(sizeText(limit)): \(forecast.parts); "
        + "make batch.micro smaller, set memory.recompute to \"all\", choose optimizer adamw8bit, or raise memory.limit"
    case .notFinite(let step, let what, let operation, let rows, let checkpoint):
      let place = operation.map { "; it first appeared in \($0)" } ?? ""
      let saved = checkpoint.map { "; the last checkpoint is \($0)" } ?? "; there is no checkpoint yet"
      return
        "step \(step): \(what) is not a number\(place); rows \(rows.lowerBound) to \(rows.upperBound - 1) of the data"
        + "\(saved). Lower optimizer.learningRate, or set nonFinite to \"skip\""
    case .skippedTooOften(let step, let skipped):
      return
        "step \(step): \(skipped) steps one after the other had losses or gradients that are not numbers (skipLimit)"
    case .otherRun(let checkpoint, let differences):
      let list = differences.map(\.description).joined(separator: "; ")
      return "\(checkpoint) belongs to a run with other settings: \(list). Set them back, or choose another "
        + "checkpoint.directory"
    case .otherData(let checkpoint):
      return "\(checkpoint) was made from other training data, or data in another order; choose another "
        + "checkpoint.directory to begin anew"
    case .otherModel(let checkpoint, let key, let path):
      return
        "\(checkpoint) was made with other weights than \(path) has now (\(key)); put the old file back, or choose "
        + "another checkpoint.directory to begin anew"
    case .badState(let checkpoint, let reason):
      return "\(checkpoint): \(reason)"
    case .vocabulary(let data, let tokens, let model):
      return
        "\(data) has tokens up to \(tokens - 1); the model has \(model). Set model.vocabulary to \(tokens) or more, or "
        + "use the model's tokenizer"
    case .context(let length, let context):
      return "batch.length is \(length); the model takes \(context) tokens (model.context)"
    case .noTokenizer(let path):
      return "\(path) is text, and data.tokenizer names no tokenizer to read it with"
    case .noChatTemplate(let path):
      return
        "\(path) has no chat template; name a Jinja file that writes conversations down with data.chatTemplate"
    case .chatTemplate(let path, let error):
      return "\(path): \(error.description)"
    case .noVocabulary:
      return "neither model.vocabulary nor data.tokenizer says how many tokens there are"
    case .noReward:
      return "nothing says how good answers are; set reward.kind, or give the trainer a reward"
    case .aloneOnly(let objective):
      return
        "objective \"\(objective.rawValue)\" is learned by one process only; start the run without mpirun"
    }
  }
}
