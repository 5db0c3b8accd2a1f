// The preferences of a run, read and counted.

import ApusBasics
import ApusData
import ApusModels
import ApusRuntime
import ApusText

extension LessonInputs {
  /// Reads preferences.
  ///
  /// - Throws: `TrainingError.noTokenizer`, `.noChatTemplate`, `ConversationError.template`, `PreferenceError`,
  ///   `ReadingError` with file and line.
  static func preferences(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    _ runtime: Runtime
  ) throws -> LessonInputs {
    let data = configuration.data
    let writing = try ChatWriting(configuration, model, tokenizer, for: data.preferences[0])
    let corpus = PreferenceCorpus(
      writing.encoder, configuration.objective == .kto ? .singles : .pairs, pool: runtime.workers)
    let learned = try corpus.read(data.preferences)
    let held = try data.validation.isEmpty ? nil : corpus.read(data.validation)
    var inputs = LessonInputs(
      training: PreferenceLessonPlan(learned.dataset, .train, configuration),
      validation: held.map { PreferenceLessonPlan($0.dataset, .validation, configuration) },
      chat: writing.encoder.formatter, ownTemplate: writing.ownTemplate)
    inputs.add(learned.report, "preferences", learned.dataset)
    if let held { inputs.add(held.report, "validation", held.dataset) }
    return inputs
  }

  private mutating func add(_ report: PreferenceReport, _ what: String, _ dataset: PreferenceDataset) {
    notes += report.notes.map { "\(dataset.name): \($0)" }
    var parts = ["\(countText(report.kept)) of \(countText(report.preferences)) read"]
    if dataset.kind == .singles { parts.append("\(countText(report.desirable)) of them good") }
    parts.append("\(countText(report.answerTokens)) tokens of answers")
    facts.append(RunStart.Fact(what, parts.joined(separator: ", ")))
  }
}
