// What a token of a conversation is part of, and how much each kind counts in a loss.

/// What a token of a conversation is part of.
public enum ConversationPart: UInt8, Sendable, CaseIterable {
  /// What the assistant is given: messages of others, and what the template writes around all messages.
  case prompt
  /// What the assistant says, up to the token that ends its turn.
  case answer
  /// What the assistant thinks before it answers, with the tags around it.
  case reasoning
}

/// How much a token's loss counts, by what the token is part of. Only the ratios matter: the loss of a step is divided by the
/// weights of all its tokens.
public struct TokenWeights: Sendable, Equatable {
  /// Of what the assistant is given.
  public var prompt: Float
  /// Of what it says.
  public var answer: Float
  /// Of what it thinks.
  public var reasoning: Float

  /// Weights, none of them negative; by default the assistant's tokens count and no others.
  public init(prompt: Float = 0, answer: Float = 1, reasoning: Float = 1) {
    (self.prompt, self.answer, self.reasoning) = (prompt, answer, reasoning)
  }

  /// The weight of a kind.
  public subscript(kind: ConversationPart) -> Float {
    switch kind {
    case .prompt: prompt
    case .answer: answer
    case .reasoning: reasoning
    }
  }
}
