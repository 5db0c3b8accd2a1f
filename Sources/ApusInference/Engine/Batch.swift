// Continuous batching: each step takes one token of every generation that is decoding, and fills the rest of
// the step with prompts. Generations join and leave between steps. Nothing here can change a result: a
// token's logits do not depend on what else is in the step.

/// The generations that share an engine's steps.
///
/// Not thread-safe: it belongs to the engine's thread.
package final class Batch {
  package let engine: Engine
  private var running: [Generation] = []
  /// The generation behind each row of the step's logits.
  private var rows: [Generation] = []

  package init(_ engine: Engine) {
    self.engine = engine
    running.reserveCapacity(engine.options.sequences)
    rows.reserveCapacity(engine.options.sequences)
  }

  /// Whether another generation may join.
  package var hasRoom: Bool { running.count < engine.options.sequences }

  /// Whether there is nothing to do.
  package var isIdle: Bool { running.isEmpty }

  /// Lets a generation take part from the next step on.
  package func join(_ generation: Generation) {
    precondition(hasRoom)
    running.append(generation)
  }

  /// Runs one step. Generations that ended have left; their `finish` says why.
  package func advance() throws {
    defer { running.removeAll { $0.finish != nil } }
    engine.beginStep()
    rows.removeAll(keepingCapacity: true)
    for generation in running where generation.isDecoding {
      if try generation.join(engine) == 1 { rows.append(generation) }
    }
    for generation in running where !generation.isDecoding {
      if try generation.join(engine) == 1 { rows.append(generation) }
    }
    try engine.runStep()
    for (row, generation) in rows.enumerated() {
      try generation.receive(engine.logits(row))
    }
  }

  /// Runs until every generation has ended.
  package func finish() throws {
    while !isIdle {
      try advance()
    }
  }

  /// Drops every generation, after an error.
  package func abandon() {
    running.removeAll()
  }
}
