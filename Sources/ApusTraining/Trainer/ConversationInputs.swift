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
  /// - Throws: `TrainingError.noTokenizer`, `.noChatTemplate`, `ConversationError.template`.
  init(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    for path: String
  ) throws {
    let data = configuration.data
    guard let tokenizer else { throw TrainingError.noTokenizer(path) }
    ownTemplate = try data.chatTemplate.map { path -> String in
      let file = try MappedFile(path: path)
      return withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
    }
    // One of the two is there: the configuration was checked.
    let source = data.tokenizer ?? model?.path ?? ""
    var template = try ownTemplate ?? chatTemplate(at: source)
    if template == nil { template = try model?.chatTemplate() }
    guard let template else { throw TrainingError.noChatTemplate(source) }
    var settings = ConversationSettings()
    (settings.reasoningBegin, settings.reasoningEnd) = (data.reasoningBegin, data.reasoningEnd)
    settings.length = configuration.batch.length
    settings.tooLong = data.tooLong == .skip ? .skip : .truncate
    settings.skipLimit = data.skipBad
    encoder = try ConversationEncoder(template: template, tokenizer, settings)
  }
}

/// The conversations of a run.
struct ConversationInputs {
  let training: TokenDataset
  let validation: TokenDataset?
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
  /// - Throws: `TrainingError.noTokenizer`, `.noChatTemplate`, `ConversationError`, `ReadingError` with file and line.
  init(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    _ runtime: Runtime
  ) throws {
    let data = configuration.data
    let writing = try ChatWriting(configuration, model, tokenizer, for: data.conversations[0])
    ownTemplate = writing.ownTemplate
    chat = writing.encoder.formatter
    let corpus = ConversationCorpus(writing.encoder, pool: runtime.workers)
    let learned = try corpus.read(data.conversations)
    let held = try data.validation.isEmpty ? nil : corpus.read(data.validation)
    (training, validation) = (learned.dataset, held?.dataset)
    add(learned.report, "conversations", learned.dataset.name)
    if let held { add(held.report, "validation", held.dataset.name) }
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
