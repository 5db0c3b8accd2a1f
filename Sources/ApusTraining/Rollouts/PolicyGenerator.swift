// Many answers to many prompts, by continuous batching: the answers to a prompt share its keys and values, and a finished one
// makes room for the next. What an answer says depends on nothing but the weights, the prompt and its random numbers.

import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor

/// Generates answers with an engine.
///
/// Not thread-safe: it owns its engine.
package final class PolicyGenerator {
  package let engine: Engine
  /// The most tokens of an answer, the one that ends it included.
  private let tokens: Int
  private let ends: Set<Int32>
  /// Answers in the making at once.
  private let slots: Int

  /// What an engine needs to make so many answers at once: a place more for a prompt on its way.
  package static func engineOptions(
    contextLength: Int, answersAtOnce: Int, _ format: KVFormat
  ) -> EngineOptions {
    var options = EngineOptions(contextLength: contextLength)
    options.sequences = answersAtOnce + 1
    options.batchTokens = min(256, contextLength) + answersAtOnce
    options.keyValueFormat = format
    return options
  }

  /// - Parameters:
  ///   - engine: made with `engineOptions`.
  ///   - ends: tokens that end an answer.
  ///   - tokens: the most tokens of an answer, the one that ends it included.
  package init(_ engine: Engine, ends: Set<Int32>, tokens: Int) {
    precondition(engine.options.sequences > 1 && tokens > 0)
    self.engine = engine
    self.ends = ends
    self.tokens = tokens
    slots = engine.options.sequences - 1
  }

  /// Tokens that the answer to a prompt of `count` tokens may have; the last one needs no place in the context.
  package func room(afterPrompt count: Int) -> Int {
    min(tokens, engine.options.contextLength - count + 1)
  }

  /// An answer in the making.
  private struct Running {
    var rollout: Rollout
    let sequence: TokenSequence
    let limit: Int
  }

  /// A prompt: on its way through the network, then with answers that have their first token and wait for a place.
  private struct Group {
    let prompt: Int
    let sequence: TokenSequence
    var waiting: [Rollout] = []
  }

  /// `count` answers to each prompt, in order: all of the first prompt, then those of the second, …
  ///
  /// - Parameters:
  ///   - prompts: none empty, each with room for an answer.
  ///   - temperature: 1 is the policy itself; 0 takes the likeliest token.
  ///   - goesOn: asked after each step; false drops everything.
  /// - Throws: `InferenceError.nonFinite`, `.cacheFull`.
  /// - Returns: nil when it was told to stop.
  package func answers(
    to prompts: [[Int32]], count: Int, temperature: Double = 1, _ random: RolloutRandom,
    goesOn: (_ done: Int) -> Bool = { _ in true }
  ) throws(InferenceError) -> [Rollout]? {
    var done = [Rollout?](repeating: nil, count: prompts.count * count)
    var (finished, nextPrompt) = (0, 0)
    var group: Group?
    var running: [Running] = []
    running.reserveCapacity(slots)
    func finish(_ rollout: Rollout) {
      done[rollout.prompt * count + rollout.number] = rollout
      finished += 1
    }
    let draw = TokenDraw(
      vocabulary: engine.network.configuration.vocabularySize, temperature: temperature,
      kernels: engine.runtime.cpu.table)
    var outcomes = Array(repeating: TokenDraw.Outcome(), count: slots + max(1, count))
    while finished < done.count {
      if group == nil, nextPrompt < prompts.count {
        precondition(!prompts[nextPrompt].isEmpty && room(afterPrompt: prompts[nextPrompt].count) > 0)
        group = Group(prompt: nextPrompt, sequence: engine.makeSequence())
        nextPrompt += 1
      }
      // Whoever waits takes a free place.
      while running.count < slots, let next = group?.waiting.popLast(), let sequence = group?.sequence {
        running.append(
          Running(
            rollout: next, sequence: sequence.fork(at: sequence.length),
            limit: room(afterPrompt: sequence.length)))
        if group?.waiting.isEmpty == true { group = nil }
      }
      engine.beginStep()
      for answer in running {
        try engine.addToStep(answer.sequence, answer.rollout.tokens.suffix(1), outputs: 1)
      }
      var completes = false
      if let group, group.waiting.isEmpty {
        let left = prompts[group.prompt][group.sequence.length...]
        let part = left.prefix(engine.stepRoom)
        completes = part.count == left.count
        if !part.isEmpty { try engine.addToStep(group.sequence, part, outputs: completes ? 1 : 0) }
      }
      try engine.runStep()
      let draws = completes ? count : 0
      outcomes.withUnsafeMutableBufferPointer {
        drawTokens(draw, running, prompt: draws > 0 ? group?.prompt : nil, draws, random, $0)
      }
      for index in running.indices.reversed() {
        guard take(outcomes[index], &running[index].rollout, limit: running[index].limit) else { continue }
        finish(running[index].rollout)
        running.remove(at: index)
      }
      if completes, var ready = group {
        let first = outcomes.count - max(1, count)
        for number in (0..<count).reversed() {
          var rollout = Rollout(prompt: ready.prompt, number: number)
          let limit = room(afterPrompt: ready.sequence.length)
          if take(outcomes[first + number], &rollout, limit: limit) {
            finish(rollout)
          } else {
            ready.waiting.append(rollout)
          }
        }
        group = ready.waiting.isEmpty ? nil : ready
      }
      guard goesOn(finished) else { return nil }
    }
    return done.map { $0! }
  }

  /// Takes note of a token; whether it was the last.
  private func take(_ outcome: TokenDraw.Outcome, _ rollout: inout Rollout, limit: Int) -> Bool {
    rollout.tokens.append(outcome.token)
    rollout.logProbabilities.append(outcome.logProbability)
    rollout.isEnded = ends.contains(outcome.token)
    return rollout.isEnded || rollout.tokens.count >= limit
  }

  // MARK: Drawing, on all threads

  private struct Job {
    let draw: TokenDraw
    let engine: Engine
    let running: [Running]
    let prompt: Int
    /// Answers that begin with the row behind those of `running`.
    let draws: Int
    let random: RolloutRandom
    let outcomes: UnsafeMutableBufferPointer<TokenDraw.Outcome>
    /// Where the outcomes of these begin.
    let first: Int

    func run(_ unit: Int) {
      let logits = engine.logits(unit).baseAddress!
      if unit < running.count {
        let rollout = running[unit].rollout
        draw.draw(logits, into: UnsafeMutableBufferPointer(rebasing: outcomes[unit...unit])) { _ in
          random.uniform(prompt: rollout.prompt, number: rollout.number, position: rollout.tokens.count)
        }
      } else {
        draw.draw(logits, into: UnsafeMutableBufferPointer(rebasing: outcomes[first..<first + draws])) {
          random.uniform(prompt: prompt, number: $0, position: 0)
        }
      }
    }
  }

  /// The next tokens: of `running` in the first places of `outcomes`, the first ones of a prompt's answers in the last.
  private func drawTokens(
    _ draw: TokenDraw, _ running: [Running], prompt: Int?, _ draws: Int, _ random: RolloutRandom,
    _ outcomes: UnsafeMutableBufferPointer<TokenDraw.Outcome>
  ) {
    var job = Job(
      draw: draw, engine: engine, running: running, prompt: prompt ?? 0, draws: draws, random: random,
      outcomes: outcomes, first: slots)
    withUnsafeMutablePointer(to: &job) { job in
      engine.runtime.workers.parallel(running.count + (draws > 0 ? 1 : 0), UnsafeMutableRawPointer(job)) {
        context, unit, _ in
        context.assumingMemoryBound(to: Job.self).pointee.run(unit)
      }
    }
  }
}
