// Prompts and decoding of a model, in llama-bench's terms: pp512 is a prompt of 512 tokens, tg128x4 the generation of 128
// tokens in four sequences at once.

import ApusGraph
import ApusInference
import ApusRuntime

/// One thing to measure of a model.
package struct GenerationTest: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case prompt(Int)
    case generation(Int, sequences: Int)
  }

  package let kind: Kind
  /// Tokens in the cache before.
  package let depth: Int

  package init(_ kind: Kind, depth: Int = 0) {
    self.kind = kind
    self.depth = depth
  }

  package var name: String {
    let suffix = depth > 0 ? " @ d\(depth)" : ""
    switch kind {
    case .prompt(let tokens): return "pp\(tokens)\(suffix)"
    case .generation(let tokens, 1): return "tg\(tokens)\(suffix)"
    case .generation(let tokens, let sequences): return "tg\(tokens)x\(sequences)\(suffix)"
    }
  }

  /// Positions a sequence reaches.
  package var positions: Int {
    switch kind {
    case .prompt(let tokens), .generation(let tokens, _): depth + tokens
    }
  }

  package var sequences: Int {
    switch kind {
    case .prompt: 1
    case .generation(_, let sequences): sequences
    }
  }

  var benchTest: BenchTest {
    switch kind {
    case .prompt(let tokens): BenchTest(name, work: Double(tokens))
    case .generation(let tokens, let sequences): BenchTest(name, work: Double(tokens * sequences))
    }
  }
}

/// Runs the tests of one model on one engine.
package final class GenerationWorkload: Workload {
  package let tests: [BenchTest]
  private let model: Model
  private let options: EngineOptions
  private let kinds: [GenerationTest]
  private let clocksOperations: Bool
  private let handicap: Handicap?
  private let isStopped: () -> Bool
  private var engine: Engine?
  private var clock: OperationClock?
  /// The test that is warm, and its sequences, filled to its depth.
  private var current: (test: Int, sequences: [TokenSequence])?

  /// - Parameters:
  ///   - options: room for all of the tests.
  ///   - clocksOperations: whether the operations' times are wanted.
  ///   - isStopped: asked between steps.
  package init(
    _ model: Model, _ options: EngineOptions, _ kinds: [GenerationTest], clocksOperations: Bool,
    handicap: Handicap? = nil, isStopped: @escaping () -> Bool = { false }
  ) {
    self.model = model
    self.options = options
    self.kinds = kinds
    self.clocksOperations = clocksOperations
    self.handicap = handicap
    self.isStopped = isStopped
    tests = kinds.map(\.benchTest)
  }

  package func renew() throws {
    current = nil
    engine = nil
    clock = nil
    let engine = try Engine(model, options)
    engine.setHandicap(handicap)
    if clocksOperations { clock = OperationClock(engine.plan, workers: model.runtime.workers.count) }
    self.engine = engine
  }

  package func operations(_ test: Int) -> [String] { clock?.names ?? [] }

  package func sample(_ test: Int) throws -> BenchReading {
    guard let engine else { preconditionFailure("a workload is made anew before it is measured") }
    let sequences = try prepare(engine, test)
    defer { for sequence in sequences { sequence.truncate(to: kinds[test].depth) } }
    engine.profile = clock?.profile
    defer { engine.profile = nil }
    _ = clock?.lap()
    let seconds = try MonotonicClock.seconds { try run(engine, sequences, kinds[test].kind) }
    return BenchReading(seconds: seconds, operations: clock?.lap() ?? [])
  }

  /// The same with a profile of the caller's.
  package func sample(_ test: Int, profile: ExecutionProfile) throws {
    guard let engine else { preconditionFailure("a workload is made anew before it is measured") }
    let sequences = try prepare(engine, test)
    defer { for sequence in sequences { sequence.truncate(to: kinds[test].depth) } }
    engine.profile = profile
    defer { engine.profile = nil }
    try run(engine, sequences, kinds[test].kind)
  }

  /// The plan of the engine in use.
  package var plan: Plan? { engine?.plan }

  /// Sequences filled to the test's depth, and the test run once, or a few tokens of it.
  private func prepare(_ engine: Engine, _ test: Int) throws -> [TokenSequence] {
    if let current, current.test == test { return current.sequences }
    current = nil
    let kind = kinds[test]
    let sequences = (0..<kind.sequences).map { _ in engine.makeSequence() }
    for sequence in sequences { try feed(engine, [sequence], tokens: kind.depth, outputs: 0) }
    switch kind.kind {
    case .prompt: try run(engine, sequences, kind.kind)
    case .generation(let tokens, let count):
      try run(engine, sequences, .generation(min(tokens, 8), sequences: count))
    }
    for sequence in sequences { sequence.truncate(to: kind.depth) }
    current = (test, sequences)
    return sequences
  }

  private func run(_ engine: Engine, _ sequences: [TokenSequence], _ kind: GenerationTest.Kind) throws {
    switch kind {
    case .prompt(let tokens): try feed(engine, sequences, tokens: tokens, outputs: 1)
    case .generation(let tokens, _):
      for _ in 0..<tokens { try feed(engine, sequences, tokens: 1, outputs: 1) }
    }
  }

  /// Runs steps over the next tokens of all sequences. The tokens are arbitrary but fixed: speed does not depend on them.
  private func feed(_ engine: Engine, _ sequences: [TokenSequence], tokens: Int, outputs: Int) throws {
    let vocabulary = engine.network.configuration.vocabularySize
    var done = 0
    while done < tokens {
      if isStopped() { throw BenchStopped() }
      engine.beginStep()
      let part = min(tokens - done, max(1, engine.options.batchTokens / sequences.count))
      for (number, sequence) in sequences.enumerated() {
        let start = (sequence.length + 1) * 7919 + number * 104_729
        let ids = (0..<part).map { Int32((start + $0 * 7919) % vocabulary) }
        let last = done + part == tokens
        try engine.addToStep(sequence, ids[...], outputs: last ? outputs : 0)
      }
      try engine.runStep()
      done += part
    }
  }
}

extension Handicap {
  /// `OPERATION=FACTOR`.
  ///
  /// - Throws: `BenchError.handicap`.
  package init(_ text: String) throws(BenchError) {
    guard let place = text.lastIndex(of: "="), place > text.startIndex,
      let factor = Double(text[text.index(after: place)...]), factor >= 1, factor <= 100
    else { throw .handicap(text) }
    self.init(trimmed(text[..<place]), factor: factor)
  }
}
