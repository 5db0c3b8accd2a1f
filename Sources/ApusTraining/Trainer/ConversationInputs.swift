// What a run of supervised fine-tuning learns from: conversations through a chat template, as data sets in which each token
// is of a kind. How they become rows and losses is the same as for texts.

import ApusBasics
import ApusData
import ApusModels
import ApusRuntime
import ApusText

/// What writes messages down in a run.
struct ChatWriting {
  let encoder: ConversationEncoder
  /// The template that takes the place of the model's; nil for the model's own.
  let ownTemplate: String?

  /// - Parameter path: of what is written down, for errors.
  /// - Throws: `TrainingError.noTokenizer`, `.noChatTemplate`, `.chatTemplate`.
  init(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    for path: String
  ) throws {
    let data = configuration.data
    guard let tokenizer else { throw TrainingError.noTokenizer(path) }
    ownTemplate = try data.readChatTemplate()
    guard let template = try ownTemplate ?? data.modelChatTemplate(model) else {
      throw TrainingError.noChatTemplate(data.tokenizer ?? model?.path ?? "")
    }
    var settings = ConversationSettings()
    (settings.reasoningBegin, settings.reasoningEnd) = (data.reasoningBegin, data.reasoningEnd)
    settings.length = configuration.batch.length
    settings.tooLong = data.tooLong == .skip ? .skip : .truncate
    settings.skipLimit = data.skipBad
    do throws(ConversationError) {
      encoder = try ConversationEncoder(template: template, tokenizer, settings)
    } catch {
      guard case .template(let problem) = error else { throw error }
      throw TrainingError.chatTemplate(data.chatTemplatePlace(model), problem)
    }
  }
}

extension LessonInputs {
  /// Reads conversations.
  ///
  /// - Throws: `TrainingError.noTokenizer`, `.noChatTemplate`, `ConversationError`, `ReadingError` with file and line.
  static func conversations(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    _ runtime: Runtime
  ) throws -> LessonInputs {
    let data = configuration.data
    let writing = try ChatWriting(configuration, model, tokenizer, for: data.conversations[0])
    let corpus = ConversationCorpus(writing.encoder, pool: runtime.workers)
    let learned = try corpus.read(data.conversations)
    let held = try data.validation.isEmpty ? nil : corpus.read(data.validation)
    var inputs = LessonInputs(
      training: try TextLessonPlan(learned.dataset, .train, configuration, tokenizer),
      validation: try held.map { try TextLessonPlan($0.dataset, .validation, configuration, tokenizer) },
      chat: writing.encoder.formatter, ownTemplate: writing.ownTemplate)
    inputs.add(learned.report, "conversations", learned.dataset.name)
    if let held { inputs.add(held.report, "validation", held.dataset.name) }
    return inputs
  }

  private mutating func add(_ report: ConversationReport, _ what: String, _ name: String) {
    notes += report.notes.map { "\(name): \($0)" }
    var parts = [
      "\(countText(report.conversations)) read",
      "\(countText(report.countedTokens)) of \(countText(report.tokenCount)) tokens are the assistant's",
    ]
    for (count, words) in [
      (report.skippedLong, "too long and skipped"), (report.truncated, "too long and cut"),
      (report.reading.badLines, "bad lines skipped"),
    ] where count > 0 {
      parts.append("\(countText(count)) \(words)")
    }
    facts.append(RunStart.Fact(what, parts.joined(separator: ", ")))
  }
}
