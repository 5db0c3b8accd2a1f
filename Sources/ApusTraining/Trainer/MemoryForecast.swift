// What a run will take of memory, from its plan, before anything is reserved.

import ApusBasics
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor

/// Bytes of a run by what they are for.
public struct MemoryForecast: Sendable, Equatable {
  /// Masters, and weights that are not trained.
  public var weights = 0
  /// Their gradients.
  public var gradients = 0
  /// States of the optimiser, and what it works with.
  public var optimizer = 0
  /// Values of a micro-batch, forward and backward, and of an evaluation.
  public var activations = 0
  /// Keys and values of a micro-batch.
  public var cache = 0
  /// Logits of a few hundred tokens, panels of the workers.
  public var scratch = 0
  /// Gradients of other processes on their way.
  public var exchange = 0
  /// What the objective needs beside the network that learns: a reference, rollouts.
  public var lesson = 0
  /// A model that judges answers.
  public var judge = 0
  /// The program itself.
  public var program = 24 << 20

  package init() {}

  /// All of it.
  public var total: Int {
    weights + gradients + optimizer + activations + cache + scratch + exchange + lesson
      + judge + program
  }

  /// The parts by name.
  public var rows: [(name: String, bytes: Int)] {
    [
      ("weights", weights), ("gradients", gradients), ("optimiser", optimizer), ("activations", activations),
      ("keys and values", cache), ("logits and panels", scratch), ("program", program),
    ] + (exchange > 0 ? [("gradients of others", exchange)] : [])
      + (lesson > 0 ? [("reference and rollouts", lesson)] : [])
      + (judge > 0 ? [("reward model", judge)] : [])
  }

  /// What is left for activations when everything else has its place.
  package func activationRoom(_ limit: Int) -> Int { max(0, limit - (total - activations)) }

  /// The parts in words.
  var parts: String { rows.map { "\($0.name) \(sizeText($0.bytes))" }.joined(separator: ", ") }
}
