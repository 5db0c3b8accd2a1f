// The preferences of a run, read and counted.

import ApusBasics
import ApusData
import ApusModels
import ApusRuntime
import ApusText

/// What a run learns from and is measured on.
struct PreferenceInputs {
  let training: PreferenceDataset
  let validation: PreferenceDataset?
  /// What writes conversations down.
  let chat: ChatFormatter
  /// The template that takes the place of the model's; nil for the model's own.
  let ownTemplate: String?
  /// What the user should know, one line each.
  private(set) var notes: [String] = []
  /// What was counted, for the records of the run.
  private(set) var facts: [RunStart.Fact] = []

  /// Reads everything.
  ///
  /// - Throws: `TrainingError.noTokenizer`, `.noChatTemplate`, `ConversationError.template`, `PreferenceError`,
  ///   `ReadingError` with file and line.
  init(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    _ runtime: Runtime
  ) throws {
    let data = configuration.data
    let writing = try ChatWriting(configuration, model, tokenizer, for: data.preferences[0])
    ownTemplate = writing.ownTemplate
    chat = writing.encoder.formatter
    let corpus = PreferenceCorpus(
      writing.encoder, configuration.objective == .kto ? .singles : .pairs, pool: runtime.workers)
    let learned = try corpus.read(data.preferences)
    let held = try data.validation.isEmpty ? nil : corpus.read(data.validation)
    (training, validation) = (learned.dataset, held?.dataset)
    add(learned.report, "preferences", learned.dataset)
    if let held { add(held.report, "validation", held.dataset) }
  }

  private mutating func add(_ report: PreferenceReport, _ what: String, _ dataset: PreferenceDataset) {
    notes += report.notes.map { "\(dataset.name): \($0)" }
    var parts = ["\(countText(report.kept)) of \(countText(report.preferences)) read"]
    if dataset.kind == .singles { parts.append("\(countText(report.desirable)) of them good") }
    parts.append("\(countText(report.answerTokens)) tokens of answers")
    facts.append(RunStart.Fact(what, parts.joined(separator: ", ")))
  }
}
