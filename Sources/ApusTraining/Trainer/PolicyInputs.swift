// What a run that learns from its own answers names, opened: prompts, the template, who judges.

import ApusBasics
import ApusData
import ApusInference
import ApusModels
import ApusRuntime
import ApusText

/// The prompts of a run and the judge of its answers.
struct PolicyInputs {
  let training: PolicyLessonPlan
  let validation: PolicyLessonPlan?
  /// What writes conversations down; nil where prompts are plain texts.
  let chat: ChatFormatter?
  /// The template that takes the place of the model's; nil for the model's own.
  let ownTemplate: String?
  /// What was counted, for the records of the run.
  let facts: [RunStart.Fact]

  /// Reads everything.
  ///
  /// - Parameter reward: judges in place of what the configuration names.
  /// - Throws: `TrainingError.noTokenizer` and `.noReward`, `PromptError`, `ReadingError` with file and line.
  init(
    _ configuration: TrainingConfiguration, _ model: ModelFiles?, _ tokenizer: (any Tokenizer)?,
    _ reward: (any Reward)?, _ runtime: Runtime
  ) throws {
    let (data, paths) = (configuration.data, configuration.rollout.prompts)
    guard let tokenizer else { throw TrainingError.noTokenizer(paths[0]) }
    ownTemplate = try data.readChatTemplate()
    let template = try ownTemplate ?? data.modelChatTemplate(model)
    chat = try template.map { try ChatFormatter($0, tokenizer) }
    let ends = Set(tokenizer.vocabulary.endOfGeneration)
      .union(try model?.endOfText().filter { tokenizer.vocabulary.contains($0) } ?? [])
    guard let judge = try reward ?? configuration.reward.make(runtime) else { throw TrainingError.noReward }
    let shared = SharedPlayer(tokenizer, ends: ends, judge)
    let learned = try PolicyLessonPlan(
      paths, .train, configuration, template: template, tokenizer, shared, runtime)
    training = learned
    validation =
      data.validation.isEmpty
      ? nil
      : try PolicyLessonPlan(
        data.validation, .validation, configuration, template: template, tokenizer, shared, runtime)
    facts = [("prompts", learned), ("validation", validation)].compactMap { name, plan in
      plan.map {
        RunStart.Fact(
          name, "\(countText($0.rowsPerEpoch)) read, the longest has \(countText($0.corpus.longest)) tokens")
      }
    }
  }
}

extension TrainingConfiguration.RewardSource {
  /// The reward that is named; nil where none is.
  func make(_ runtime: Runtime) throws -> (any Reward)? {
    switch kind {
    case nil: nil
    case .problems: ProblemReward()
    case .command: CommandReward(command: command ?? "", seconds: seconds, onFailure: onFailure)
    case .model: ModelReward(try RewardModel(model ?? "", runtime: runtime))
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

  /// The template of the tokenizer or the model.
  func modelChatTemplate(_ model: ModelFiles?) throws -> String? {
    // One of the two is there: the configuration was checked.
    let source = tokenizer ?? model?.path ?? ""
    if let template = try ApusModels.chatTemplate(at: source) { return template }
    return try model?.chatTemplate()
  }
}
