// What a run that learns from its own answers names, opened: prompts, the template, who judges.

import ApusBasics
import ApusData
import ApusInference
import ApusModels
import ApusRuntime
import ApusText

extension LessonInputs {
  /// Reads prompts, and makes who judges the answers.
  ///
  /// - Parameter reward: judges in place of what the configuration names.
  /// - Throws: `TrainingError.noTokenizer` and `.noReward`, `PromptError`, `ReadingError` with file and line.
  static func prompts(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    _ reward: (any Reward)?, _ runtime: Runtime
  ) throws -> LessonInputs {
    let (data, paths) = (configuration.data, configuration.rollout.prompts)
    guard let tokenizer else { throw TrainingError.noTokenizer(paths[0]) }
    let ownTemplate = try data.readChatTemplate()
    let template = try ownTemplate ?? data.modelChatTemplate(model)
    let chat: ChatFormatter?
    do throws(TemplateError) {
      chat = if let template { try ChatFormatter(template, tokenizer) } else { nil }
    } catch {
      throw TrainingError.chatTemplate(data.chatTemplatePlace(model), error)
    }
    let ends = Set(tokenizer.vocabulary.endOfGeneration)
      .union(try model?.endOfText().filter { tokenizer.vocabulary.contains($0) } ?? [])
    guard let judge = try reward ?? configuration.reward.make(runtime) else { throw TrainingError.noReward }
    let shared = SharedPlayer(tokenizer, ends: ends, judge)
    func plan(_ paths: [String], _ part: DatasetPart) throws -> PolicyLessonPlan {
      try PolicyLessonPlan(paths, part, configuration, template: template, tokenizer, shared, runtime)
    }
    let learned = try plan(paths, .train)
    let held = try data.validation.isEmpty ? nil : plan(data.validation, .validation)
    let facts = [("prompts", learned), ("validation", held)].compactMap { name, plan in
      plan.map {
        RunStart.Fact(
          name, "\(countText($0.rowsPerEpoch)) read, the longest has \(countText($0.corpus.longest)) tokens")
      }
    }
    return LessonInputs(
      training: learned, validation: held, chat: chat, ownTemplate: ownTemplate,
      notes: judge.warnings(tokens: configuration.batch.length), facts: facts)
  }
}

extension TrainingConfiguration.RewardSource {
  /// The reward that is named; nil where none is.
  package func make(_ runtime: Runtime) throws -> (any Reward)? {
    switch kind {
    case nil: nil
    case .problems: ProblemReward()
    case .command: CommandReward(command: command ?? "", seconds: seconds, onFailure: onFailure)
    case .model:
      try ModelReward(
        RewardModelFiles(ModelFiles(model ?? "")), runtime: runtime, onFailure: onFailure)
    }
  }
}

extension TrainingConfiguration.Data {
  /// The template file, where one is given.
  func readChatTemplate() throws -> String? {
    try chatTemplate.map { path -> String in
      let file = try MappedFile(path: path)
      return withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
    }
  }

  /// The file that the template is from.
  func chatTemplatePlace(_ model: ModelFiles?) -> String { chatTemplate ?? tokenizer ?? model?.path ?? "" }

  /// The template of the tokenizer or the model.
  func modelChatTemplate(_ model: ModelFiles?) throws -> String? {
    // One of the two is there: the configuration was checked.
    let source = tokenizer ?? model?.path ?? ""
    if let template = try ApusModels.chatTemplate(at: source) { return template }
    return try model?.chatTemplate()
  }
}
