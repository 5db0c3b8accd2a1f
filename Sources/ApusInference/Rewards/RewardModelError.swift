// What can be wrong with a reward model or with what it is asked.

import ApusBasics

/// An error of scoring conversations.
public enum RewardModelError: ApusError, Equatable {
  /// The files have no head of scores, or are of a family that does not read conversations.
  case notRewardModel(name: String, architecture: String)
  /// The head gives several numbers.
  case labels(Int, name: String)
  /// Nothing says how conversations are written down.
  case noChatTemplate(name: String)
  /// A conversation without a token.
  case empty(index: Int)
  /// A conversation longer than the context.
  case tooLong(index: Int, tokens: Int, limit: Int)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .notRewardModel(let name, let architecture):
      "\(name) (\(architecture)) has no head that scores conversations; apus train with objective \"reward\" makes one"
    case .labels(let count, let name):
      "\(name) gives \(count) numbers for a text; a reward model gives one"
    case .noChatTemplate(let name):
      "\(name) has no chat template, which says how conversations are written down; put it into its folder as "
        + "chat_template.jinja"
    case .empty(let index), .tooLong(let index, _, _): "conversation \(index + 1) \(problem)"
    }
  }

  /// What is wrong with the conversation, without its number, so that a caller can name it.
  public var problem: String {
    switch self {
    case .empty: "is empty once the template has written it down"
    case .tooLong(_, let tokens, let limit):
      "has \(tokens) tokens, more than the \(limit) the reward model takes"
    default: description
    }
  }

  /// The conversation at fault, counted from 0 among those of the call, where it is one's fault.
  public var conversationIndex: Int? {
    switch self {
    case .empty(let index), .tooLong(let index, _, _): index
    default: nil
    }
  }
}
