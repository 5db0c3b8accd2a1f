// What must hold between the keys of a configuration, and what is allowed but does nothing.

import ApusBasics

extension TrainingConfiguration {
  /// Checks every value and what must hold between them.
  ///
  /// - Throws: `ConfigurationError`, the first that is found.
  public func validate() throws(ConfigurationError) {
    // A value set by a program has not been through the reader.
    var copy = self
    for key in Self.keys {
      let value = key.write(self)
      do throws(ValueProblem) { try key.read(value, &copy) } catch { throw key.error(error, value) }
    }
    try checkModel()
    try checkAdapter()
    try checkData()
    try checkBatch()
    try checkLength()
  }

  private func checkModel() throws(ConfigurationError) {
    guard model.from == nil else {
      let own = Self.keys.first {
        $0.section == "model" && $0.path != "model.from" && !$0.write(self).isNull
      }
      if let own {
        throw .contradiction(
          "model.from", own.path, reason: "what the weights were made for is not chosen again")
      }
      return
    }
    func required(_ path: String, _ isThere: Bool) throws(ConfigurationError) {
      guard isThere else {
        throw .missing(path, reason: "a new network needs it; or name a model with \"model.from\"")
      }
    }
    try required("model.architecture", model.architecture != nil)
    try required("model.layers", model.layers != nil)
    try required("model.hidden", model.hidden != nil)
    try required("model.heads", model.heads != nil)
    guard let sizes = model.sizes else { return }
    try multiple("model.heads", sizes.heads, of: "model.keyValueHeads", sizes.keyValueHeads)
    if model.headSize == nil || model.architecture == .gpt2 {
      try multiple("model.hidden", sizes.hidden, of: "model.heads", sizes.heads)
    }
    guard sizes.headSize % 2 == 0, (2...512).contains(sizes.headSize) else {
      throw .outOfRange("model.headSize", value: "\(sizes.headSize)", allowed: "an even number from 2 to 512")
    }
    if model.architecture == .gpt2 {
      if sizes.headSize * sizes.heads != sizes.hidden {
        throw .contradiction(
          "model.headSize", "model.hidden", reason: "in gpt2 all heads together are as wide as the stream")
      }
      if sizes.keyValueHeads != sizes.heads {
        throw .contradiction(
          "model.keyValueHeads", "model.architecture", reason: "in gpt2 every query head has its own keys")
      }
    }
    if (sizes.initialization == .mup) != (model.mupBaseWidth != nil) {
      throw model.mupBaseWidth == nil
        ? .missing("model.mupBaseWidth", reason: "initialization mup needs it")
        : .contradiction(
          "model.mupBaseWidth", "model.initialization", reason: "the width is for initialization mup only")
    }
  }

  private func checkAdapter() throws(ConfigurationError) {
    guard adapter.rank == nil else {
      guard model.from != nil else {
        throw .missing("model.from", reason: "an adapter changes a model that is there")
      }
      return
    }
    if adapter != Adapter() {
      throw .missing("adapter.rank", reason: "without a rank there is no adapter")
    }
  }

  private func checkData() throws(ConfigurationError) {
    let sources = [
      ("data.train", data.train), ("data.conversations", data.conversations),
      ("data.preferences", data.preferences), ("rollout.prompts", rollout.prompts),
    ]
    for (path, list) in sources where !list.isEmpty && path != objective.dataKey {
      throw .contradiction(
        path, "objective", reason: "\"\(objective.rawValue)\" learns from \"\(objective.dataKey)\"")
    }
    for (path, list) in sources where list.isEmpty && path == objective.dataKey {
      throw .missing(path, reason: "there is nothing to learn from")
    }
    if objective == .sft {
      guard loss.reasoning + loss.answer + loss.prompt > 0 else {
        throw .contradiction(
          "loss.answer", "loss.reasoning", reason: "no token counts; one weight must be above 0")
      }
    }
    if objective.isPreference { try checkPreference() }
    if objective.isPolicy { try checkPolicy() }
    guard data.tokenizer != nil || model.from != nil else {
      throw .missing("data.tokenizer", reason: "a new network has none of its own; `apus data` trains one")
    }
  }

  private func checkBatch() throws(ConfigurationError) {
    if let context = model.context, batch.length > context {
      throw .outOfRange(
        "batch.length", value: "\(batch.length)", allowed: "at most model.context, \(context)")
    }
    if let micro = batch.micro { try multiple("batch.sequences", batch.sequences, of: "batch.micro", micro) }
    switch (batch.ramp.from, batch.ramp.steps) {
    case (nil, nil): break
    case (nil, _?): throw .missing("batch.ramp.from", reason: "a ramp begins with fewer sequences")
    case (_?, nil): throw .missing("batch.ramp.steps", reason: "a ramp takes a number of steps")
    case (let from?, _?):
      guard from <= batch.sequences else {
        throw .outOfRange(
          "batch.ramp.from", value: "\(from)", allowed: "at most batch.sequences, \(batch.sequences)")
      }
      if let micro = batch.micro { try multiple("batch.ramp.from", from, of: "batch.micro", micro) }
    }
  }

  private func checkLength() throws(ConfigurationError) {
    let given = [("steps", steps != nil), ("tokens", tokens != nil), ("epochs", epochs != nil)].filter(\.1)
    guard let first = given.first else {
      throw .missing("steps", reason: "the run has no length; give \"steps\", \"tokens\" or \"epochs\"")
    }
    guard given.count == 1 else {
      throw .contradiction(first.0, given[1].0, reason: "the length of the run is given twice")
    }
    if let steps, let warmup = schedule.warmup {
      guard warmup <= steps else {
        throw .outOfRange("schedule.warmup", value: "\(warmup)", allowed: "at most steps, \(steps)")
      }
      if let decay = schedule.decay, decay > steps - warmup {
        throw .outOfRange(
          "schedule.decay", value: "\(decay)",
          allowed: "at most steps less schedule.warmup, \(steps - warmup)")
      }
    }
  }

  private func multiple(
    _ key: String, _ value: Int, of divisor: String, _ count: Int
  ) throws(ConfigurationError) {
    guard value % count == 0 else { throw .notDivisible(key, value, by: divisor, count) }
  }

  /// What was set but does nothing in this run, one line each.
  public var notes: [String] {
    let standard = TrainingConfiguration()
    func isSet(_ path: String) -> Bool {
      Self.keys.contains { $0.path == path && $0.write(self) != $0.write(standard) }
    }
    var notes: [String] = []
    for (path, optimizers) in Self.optimizerUse where isSet(path) && !optimizers.contains(optimizer.name) {
      notes.append("\"\(path)\" does nothing with optimizer \(optimizer.name.rawValue)")
    }
    let idle = schedule.name == .constant ? ["schedule.decay", "schedule.minimum"] : ["schedule.decay"]
    for path in schedule.name == .wsd ? [] : idle where isSet(path) {
      notes.append("\"\(path)\" does nothing with schedule \(schedule.name.rawValue)")
    }
    for (path, objectives) in Self.objectiveUse where isSet(path) && !objectives.contains(objective) {
      notes.append("\"\(path)\" does nothing with objective \(objective.rawValue)")
    }
    notes += policyNotes(isSet)
    if nonFinite == .stop, isSet("skipLimit") {
      notes.append("\"skipLimit\" does nothing while nonFinite is stop")
    }
    if data.validation.isEmpty || evaluation.every == 0 {
      let reason = evaluation.every == 0 ? "evaluation.every = 0" : "data.validation"
      for path in ["checkpoint.keepBest", "evaluation.batches"] where isSet(path) {
        notes.append("\"\(path)\" does nothing " + (evaluation.every == 0 ? "with " : "without ") + reason)
      }
    }
    return notes
  }

  private static let chats: Set<TrainingObjective> = [.sft, .reward, .dpo, .ipo, .kto, .simpo]
  private static let policies: Set<TrainingObjective> = [.grpo, .ppo]

  /// Objectives that read a key, for keys that not all of them read.
  private static let objectiveUse: [(String, Set<TrainingObjective>)] =
    [
      ("data.field", [.pretrain]), ("data.mode", [.pretrain]), ("data.chatTemplate", chats.union(policies)),
      ("data.reasoningBegin", chats), ("data.reasoningEnd", chats), ("data.tooLong", chats),
      ("loss.reasoning", [.sft]), ("loss.answer", [.sft]), ("loss.prompt", [.sft]),
      ("preference.beta", [.dpo, .ipo, .kto, .simpo]),
      ("preference.labelSmoothing", [.reward, .dpo, .simpo]),
      ("preference.rewardMargin", [.reward]),
      ("preference.simpoMargin", [.simpo]), ("preference.desirableWeight", [.kto]),
      ("preference.undesirableWeight", [.kto]), ("reference.from", policies.union([.dpo, .ipo, .kto])),
    ] + policyUse

  /// Optimisers that read a key, for keys that not all of them read.
  private static let optimizerUse: [(String, Set<OptimizerName>)] = [
    ("optimizer.beta1", [.adamw, .adamw8bit, .muon, .lion]),
    ("optimizer.beta2", [.adamw, .adamw8bit, .muon, .lion, .adafactor]),
    ("optimizer.epsilon", [.adamw, .adamw8bit, .muon, .adafactor]),
    ("optimizer.momentum", [.sgd, .muon]),
    ("optimizer.nesterov", [.sgd, .muon]),
    ("optimizer.muonLearningRate", [.muon]),
    ("optimizer.muonIterations", [.muon]),
  ]
}
