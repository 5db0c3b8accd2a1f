// The head of reward models and of values: one row that turns a token's last hidden state into a score. Files call it
// `score.weight` (Hugging Face) or `cls.output.weight` (GGUF); a model that has none yet gets one beside its weights here.

import ApusBasics
import ApusRuntime
import ApusTensor

/// What heads a network in training ends in, and what heads a model's files hold.
package enum NetworkHeads: Hashable, Sendable {
  /// Logits of the token that follows.
  case tokens
  /// A score of each token, and no logits: a reward model.
  case scores
  /// Both: a policy and its values.
  case both

  package var hasTokens: Bool { self != .scores }
  package var hasScores: Bool { self != .tokens }
}

/// The head that scores tokens: `[1, hidden]`, without a bias.
package enum ScoreHead {
  package static let name = "cls.output"
  package static let weight = "cls.output.weight"

  /// What a head begins with.
  package enum Start: Sendable, Equatable {
    /// Every score is 0: values, which must not disturb what the policy knows before they know anything.
    case zeros
    /// Normals of deviation 1 / √(hidden + 1), so that scores of normed states are about 1: rewards, as InstructGPT's
    /// authors begin them (Stiennon et al. 2020, arXiv:2009.01325).
    case normals(seed: UInt64)
  }
}

/// A model's weights with a score head, where they have none.
package struct ScoredWeights: WeightSource {
  private let base: any WeightSource
  private let head: FloatVector

  /// The weights as they are where they have a head.
  ///
  /// - Parameter hidden: the width of the last hidden states.
  package static func of(
    _ base: any WeightSource, hidden: Int, _ start: ScoreHead.Start
  ) -> any WeightSource {
    base.has(ScoreHead.weight) ? base : ScoredWeights(base, hidden: hidden, start)
  }

  private init(_ base: any WeightSource, hidden: Int, _ start: ScoreHead.Start) {
    self.base = base
    head = FloatVector(count: hidden) { floats in
      switch start {
      case .zeros: floats.update(repeating: 0)
      case .normals(let seed):
        Philox(key: Philox.key(for: ScoreHead.weight, seed: seed)).fillNormals(floats)
        let deviation = 1 / Float(hidden + 1).squareRoot()
        for index in floats.indices { floats[index] *= deviation }
      }
    }
  }

  package var name: String { base.name }
  package var architecture: String? { base.architecture }
  package func hyperparameter(_ key: String) -> HyperparameterValue? { base.hyperparameter(key) }
  package func fileKey(_ key: String) -> String { base.fileKey(key) }
  package func has(_ name: String) -> Bool { name == ScoreHead.weight || base.has(name) }
  package func lowRankTerms(of tensor: String) -> [LowRankTerm] { base.lowRankTerms(of: tensor) }

  package func tensor(_ name: String) -> TensorDescription? {
    name == ScoreHead.weight
      ? TensorDescription(name: name, type: .f32, rows: 1, columns: head.count) : base.tensor(name)
  }

  package func tensor(_ name: String, rows: Int, columns: Int) -> TensorDescription? {
    name == ScoreHead.weight ? tensor(name) : base.tensor(name, rows: rows, columns: columns)
  }

  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    tensor.name == ScoreHead.weight ? UnsafeRawPointer(head.base) : base.bytes(of: tensor)
  }

  package func release(_ tensor: TensorDescription) {
    if tensor.name != ScoreHead.weight { base.release(tensor) }
  }
}
