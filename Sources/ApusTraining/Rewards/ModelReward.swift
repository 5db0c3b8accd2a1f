// A reward that is a model: it reads the conversation with the answer and scores it.

import ApusInference
import ApusText

/// Asks a reward model.
public final class ModelReward: Reward {
  private let model: RewardModel

  /// - Parameter model: with a chat template of its own.
  public init(_ model: RewardModel) {
    self.model = model
  }

  /// The score of the conversation that each answer ends.
  ///
  /// - Throws: `RewardModelError`, and what rendering throws.
  public func scores(_ answers: [RolloutAnswer]) throws -> [Double?] {
    try model.scores(answers.map { $0.messages + [ChatMessage(role: "assistant", content: $0.text)] })
  }
}
