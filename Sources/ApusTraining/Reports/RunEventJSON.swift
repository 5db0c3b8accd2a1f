// Events as lines of log.jsonl, and back: a report of a run that was resumed begins with its first step.

import ApusBasics

extension RunEvent {
  /// The event as an object: `event`, `step`, `time`, and what belongs to its kind.
  var json: JSONValue {
    // Milliseconds, so that a line is not half digits.
    let head: [(name: String, value: JSONValue)] = [
      ("event", .string(kind.name)), ("step", .integer(step)),
      ("time", .double((time * 1000).rounded() / 1000)),
    ]
    return .members(head + kind.members)
  }

  /// Reads an object; nil for one that is no event of a known kind.
  init?(json: JSONValue) {
    guard let name = json["event"]?.string, let step = json["step"]?.int, let time = json["time"]?.double,
      let kind = Kind(name: name, json)
    else { return nil }
    self.init(step: step, kind, time: time)
  }
}

extension RunEvent.Kind {
  fileprivate var name: String {
    switch self {
    case .start: "start"
    case .step: "step"
    case .evaluation: "evaluation"
    case .sample: "sample"
    case .checkpoint: "checkpoint"
    case .note: "note"
    case .end: "end"
    }
  }

  fileprivate var members: [(name: String, value: JSONValue)] {
    switch self {
    case .start(let start):
      [
        ("configuration", start.configuration.canonical), ("totalSteps", .integer(start.totalSteps)),
        ("facts", .members(start.facts.map { ($0.name, .string($0.value)) })),
      ]
    case .step(let record):
      [
        ("loss", .double(record.loss)), ("learningRate", .double(record.learningRate)),
        ("gradientNorm", .double(record.gradientNorm)), ("tokens", .integer(record.tokens)),
        ("tokensPerSecond", .double(record.tokensPerSecond)),
        ("peakShare", .optional(record.peakShare) { .double($0) }),
        ("memory", .optional(record.memory) { .integer($0) }),
      ] + Self.members(record.figures)
    case .evaluation(let record):
      [("loss", .double(record.loss)), ("bitsPerByte", .optional(record.bitsPerByte) { .double($0) })]
        + Self.members(record.figures)
    case .sample(let prompt, let text): [("prompt", .string(prompt)), ("text", .string(text))]
    case .checkpoint(let name): [("name", .string(name))]
    case .note(let text): [("text", .string(text))]
    case .end(let reason): [("reason", .string(reason))]
    }
  }

  /// None for objectives that have nothing to say, so that lines stay short.
  private static func members(_ figures: [Figure]) -> [(name: String, value: JSONValue)] {
    figures.isEmpty ? [] : [("figures", .members(figures.map { ($0.name, .double($0.value)) }))]
  }

  private static func figures(_ json: JSONValue) -> [Figure] {
    (json["figures"]?.object ?? JSONObject()).map { Figure($0.key, $0.value.double ?? .nan) }
  }

  fileprivate init?(name: String, _ json: JSONValue) {
    // A figure that was not finite is null.
    func figure(_ name: String) -> Double { json[name]?.double ?? .nan }
    func text(_ name: String) -> String { json[name]?.string ?? "" }
    switch name {
    case "start":
      var configuration = TrainingConfiguration()
      // Keys of another version are left out: this is for people.
      try? configuration.read(json["configuration"] ?? .null)
      let facts = (json["facts"]?.object ?? JSONObject()).map { RunStart.Fact($0.key, $0.value.string ?? "") }
      self = .start(
        RunStart(configuration: configuration, facts: facts, totalSteps: json["totalSteps"]?.int ?? 0))
    case "step":
      var record = StepRecord(
        loss: figure("loss"), learningRate: figure("learningRate"), gradientNorm: figure("gradientNorm"),
        tokens: json["tokens"]?.int ?? 0, tokensPerSecond: figure("tokensPerSecond"),
        peakShare: json["peakShare"]?.double, memory: json["memory"]?.int)
      record.figures = Self.figures(json)
      self = .step(record)
    case "evaluation":
      var record = EvaluationRecord(loss: figure("loss"), bitsPerByte: json["bitsPerByte"]?.double)
      record.figures = Self.figures(json)
      self = .evaluation(record)
    case "sample": self = .sample(prompt: text("prompt"), text: text("text"))
    case "checkpoint": self = .checkpoint(name: text("name"))
    case "note": self = .note(text("text"))
    case "end": self = .end(text("reason"))
    default: return nil
    }
  }
}
