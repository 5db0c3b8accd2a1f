// The profile of texts that become vectors.

import ApusGraph
import ApusInference
import ApusRuntime

/// What is run of an embedding model.
package struct EmbeddingSettings: Equatable, Sendable {
  /// Tokens of each text.
  package var length = 128
  /// Texts that are there at once.
  package var texts = 1
  /// Repeated until it has taken so long.
  package var seconds = 1.0

  package init() {}
}

/// Measures an embedding model.
package struct EmbeddingGatherer {
  private let model: EmbeddingModel
  private let settings: EmbeddingSettings
  private let recorder: Recorder
  private let options: GatherOptions

  /// - Throws: `RuntimeError.outOfMemory`.
  package init(_ model: EmbeddingModel, _ settings: EmbeddingSettings, _ options: GatherOptions) throws {
    self.model = model
    self.settings = settings
    self.options = options
    recorder = try Recorder(model.runtime, options)
  }

  /// Warms up, measures, then runs a part of it again with one thread.
  ///
  /// - Throws: `InferenceError`.
  package func gather() throws -> Profile {
    defer { model.runtime.workers.measure() }
    return try model.withEncoder(for: settings.length) { encoder in
      defer { encoder.profile = nil }
      return try gather(encoder)
    }
  }

  private func gather(_ encoder: Encoder) throws -> Profile {
    let workers = model.runtime.workers
    let vocabulary = model.configuration.vocabularySize
    let ids = (0..<settings.length).map { Int32(($0 + 1) * 7919 % vocabulary) }
    for _ in 0..<2 { try run(encoder, ids, measured: false) }
    recorder.begin()
    let execution = ExecutionProfile(
      encoder.plan, workers: workers.count, spans: recorder.spans(phases: 1), mayStride: true)
    encoder.profile = execution
    var isFirst = true
    while isFirst || Double(recorder.wall) < settings.seconds * 1e9, recorder.goesOn {
      try run(encoder, ids, measured: true)
      isFirst = false
      execution.settle()
      recorder.progress(Double(recorder.wall) * 1e-9 / settings.seconds)
    }
    var phase = GatheredPhase(
      "embedding", execution, wall: recorder.wall, steps: execution.runs, tokens: execution.tokens)
    recorder.noteStride(execution, "embedding")
    let line = "embed \(model.name), \(settings.texts) × \(settings.length) tokens"
    var profile = recorder.end(line, [phase.phase], encoder.regions)
    profile.timeline = recorder.timeline(execution, [(0, phase.operations)])
    guard options.measuresSingle, workers.count > 1, !recorder.isInterrupted else { return profile }
    workers.measure(alone: true)
    let alone = ExecutionProfile(encoder.plan, workers: workers.count)
    encoder.profile = alone
    // A short text has steps of a few hundred microseconds: some more of them.
    for _ in 0..<max(1, min(20, execution.runs / 8)) where recorder.goesOn {
      try run(encoder, ids, measured: false)
    }
    phase.compare(
      single: GatheredPhase("embedding", alone, steps: alone.runs, tokens: alone.tokens))
    profile.phases[0] = phase.phase
    profile.isInterrupted = recorder.isInterrupted
    return profile
  }

  /// All texts once, in as many steps as they take.
  private func run(_ encoder: Encoder, _ ids: [Int32], measured: Bool) throws {
    try ids.withUnsafeBufferPointer { ids in
      var left = settings.texts
      while left > 0, !measured || recorder.goesOn {
        if measured {
          try recorder.step { try step(encoder, ids, &left) }
        } else {
          try step(encoder, ids, &left)
        }
      }
    }
  }

  private func step(_ encoder: Encoder, _ ids: UnsafeBufferPointer<Int32>, _ left: inout Int) throws {
    encoder.begin()
    while left > 0, encoder.hasRoom(for: ids.count) {
      encoder.add(ids)
      left -= 1
    }
    try encoder.run()
  }
}
