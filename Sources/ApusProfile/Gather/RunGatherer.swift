// The profile of prompts and generation, as `apus bench` feeds them.

import ApusGraph
import ApusInference
import ApusRuntime

/// What is run of a language model.
package struct RunSettings: Equatable, Sendable {
  /// Tokens of the prompt; 0 leaves the phase out.
  package var prompt = 512
  /// Tokens to generate one by one; 0 leaves the phase out.
  package var generate = 128
  /// Tokens in the cache before each.
  package var depth = 0
  /// Sequences that generate at once.
  package var parallel = 1
  /// Each phase is repeated until it has taken so long.
  package var seconds = 1.0

  package init() {}

  /// Positions a sequence reaches.
  package var positions: Int { depth + max(prompt, generate) }

  fileprivate func line(_ name: String) -> String {
    "run \(name)"
      + (prompt > 0 ? ", prompt \(prompt)" : "") + (generate > 0 ? ", \(generate) generated" : "")
      + (parallel > 1 ? " by \(parallel) sequences at once" : "")
      + (depth > 0 ? ", \(depth) tokens before" : "")
  }
}

/// Measures an engine.
package struct RunGatherer {
  private let engine: Engine
  private let settings: RunSettings
  private let recorder: Recorder
  private let options: GatherOptions
  private let feed: SyntheticFeed

  /// - Throws: `RuntimeError.outOfMemory`.
  package init(_ engine: Engine, _ settings: RunSettings, _ options: GatherOptions) throws {
    self.engine = engine
    self.settings = settings
    self.options = options
    recorder = try Recorder(engine.runtime, options)
    feed = SyntheticFeed(engine)
  }

  private struct Part {
    let name: String
    let tokens: Int
    let sequences: Int
    let isGeneration: Bool
  }

  /// Warms up, measures, then runs a part of it again with one thread.
  ///
  /// - Throws: `InferenceError`.
  package func gather() throws -> Profile {
    defer {
      engine.profile = nil
      engine.runtime.workers.measure()
    }
    let parts = [
      Part(name: "prompt", tokens: settings.prompt, sequences: 1, isGeneration: false),
      Part(
        name: "generation", tokens: settings.generate, sequences: settings.parallel, isGeneration: true),
    ].filter { $0.tokens > 0 }
    for part in parts { try run(part, tokens: part.isGeneration ? min(part.tokens, 8) : part.tokens, nil) }
    recorder.begin()
    var phases: [GatheredPhase] = []
    var executions: [ExecutionProfile] = []
    for (number, part) in parts.enumerated() {
      let execution = ExecutionProfile(
        engine.plan, workers: engine.runtime.workers.count, spans: recorder.spans(phases: parts.count),
        mayStride: true)
      recorder.wall = 0
      var isFirst = true
      while isFirst || Double(recorder.wall) < settings.seconds * 1e9, recorder.goesOn {
        try run(part, tokens: part.tokens, execution)
        isFirst = false
        execution.settle()
        let share = min(1, Double(recorder.wall) * 1e-9 / settings.seconds)
        recorder.progress((Double(number) + share) / Double(parts.count))
      }
      phases.append(gathered(part, execution, wall: recorder.wall))
      executions.append(execution)
      recorder.noteStride(execution, part.name)
    }
    var profile = recorder.end(
      settings.line(engine.name), phases.map(\.phase), engine.regions)
    for (number, execution) in executions.enumerated() {
      profile.timeline += recorder.timeline(execution, [(number, phases[number].operations)])
    }
    guard options.measuresSingle, profile.machine.threads > 1, !recorder.isInterrupted else { return profile }
    engine.runtime.workers.measure(alone: true)
    for (number, part) in parts.enumerated() {
      let execution = ExecutionProfile(engine.plan, workers: engine.runtime.workers.count)
      // A quarter of the steps, from the middle: attention is then over as many positions as on average.
      let tokens = part.isGeneration ? max(1, part.tokens / 4) : part.tokens
      try run(part, tokens: tokens, after: part.isGeneration ? (part.tokens - tokens) / 2 : 0, execution)
      phases[number].compare(single: gathered(part, execution, wall: nil))
      profile.phases[number] = phases[number].phase
    }
    profile.isInterrupted = recorder.isInterrupted
    return profile
  }

  private func gathered(_ part: Part, _ execution: ExecutionProfile, wall: UInt64?) -> GatheredPhase {
    GatheredPhase(part.name, execution, wall: wall, steps: execution.runs, tokens: execution.tokens)
  }

  /// Feeds fresh sequences; only what follows the tokens before is gathered, or nothing without a profile.
  ///
  /// - Parameter skipped: tokens that are fed before, beside those that the settings want.
  private func run(
    _ part: Part, tokens: Int, after skipped: Int = 0, _ execution: ExecutionProfile?
  ) throws {
    let sequences = (0..<part.sequences).map { _ in engine.makeSequence() }
    engine.profile = nil
    for sequence in sequences {
      var left = settings.depth + skipped
      while left > 0, recorder.goesOn {
        let size = feed.part(of: left, sequences: 1)
        try feed.step([sequence], tokens: size, outputs: 0)
        left -= size
      }
    }
    engine.profile = execution
    var done = 0
    while done < tokens, recorder.goesOn {
      let size = part.isGeneration ? 1 : feed.part(of: tokens - done, sequences: part.sequences)
      let outputs = part.isGeneration || done + size == tokens ? 1 : 0
      if execution == nil {
        try feed.step(sequences, tokens: size, outputs: outputs)
      } else {
        try recorder.step { try feed.step(sequences, tokens: size, outputs: outputs) }
      }
      done += size
    }
  }
}
