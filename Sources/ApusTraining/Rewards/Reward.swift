// What says how good answers are. The kinds there are stand in files of their own; a closure is one, too.

import ApusBasics
import ApusData
import ApusText

/// An answer that is to be judged.
public struct RolloutAnswer: Sendable, Equatable {
  /// The prompt's line as it stands in its file, with whatever else it has: `answer`, `level`, …
  public var prompt: JSONObject
  /// The prompt's messages; a prompt that is a text is the user's.
  public var messages: [ChatMessage]
  /// What the model wrote, without the token that ended it.
  public var text: String
  /// Tokens of the answer, the one that ended it included.
  public var tokenCount: Int
  /// Whether the model ended the answer itself; otherwise it was cut off.
  public var isEnded: Bool

  /// An answer to judge.
  public init(
    prompt: JSONObject, messages: [ChatMessage] = [], text: String, tokenCount: Int, isEnded: Bool
  ) {
    self.prompt = prompt
    self.messages = messages
    self.text = text
    self.tokenCount = tokenCount
    self.isEnded = isEnded
  }
}

/// Judges answers, all those of a step at once.
///
/// Called on one thread at a time.
public protocol Reward: AnyObject {
  /// Says what is wrong with a prompt that answers could not be judged by; asked before anything is learned, on several
  /// threads. nil where any prompt will do.
  var promptProblem: (@Sendable (_ prompt: EncodedPrompt) -> String?)? { get }

  /// What the user should know before the first answer, one line each.
  ///
  /// - Parameter tokens: the most that a prompt and its answer may have, as the policy counts.
  func warnings(tokens: Int) -> [String]

  /// Bytes that judging takes, a part of what a run is said to need.
  ///
  /// - Parameters:
  ///   - tokens: the most that a prompt and its answer may have, as the policy counts.
  ///   - shortest: the least.
  func byteCount(tokens: Int, shortest: Int) throws -> Int

  /// Loads what judging takes; called once, when all of the run has its place.
  func prepare() throws

  /// Gives what says that nobody waits for scores any more; whoever waits for others asks it now and then, and throws
  /// `RewardError.interrupted`.
  func interrupt(when isOver: @escaping () -> Bool)

  /// The score of each answer, larger for better; nil for one that cannot be judged and teaches nothing.
  func scores(_ answers: [RolloutAnswer]) throws -> [Double?]

  /// What was put up with since this was last asked, one line each, for the records of the run.
  func takeNotes() -> [String]
}

extension Reward {
  /// Any prompt will do.
  public var promptProblem: (@Sendable (_ prompt: EncodedPrompt) -> String?)? { nil }

  /// Nothing.
  public func warnings(tokens: Int) -> [String] { [] }

  /// None worth counting.
  public func byteCount(tokens: Int, shortest: Int) throws -> Int { 0 }

  /// Nothing is loaded.
  public func prepare() throws {}

  /// It does not take long.
  public func interrupt(when isOver: @escaping () -> Bool) {}

  /// Nothing.
  public func takeNotes() -> [String] { [] }
}

/// A reward that is a function.
///
///     let reward = FunctionReward { answers in answers.map { $0.text.hasSuffix(".") ? 1 : 0 } }
public final class FunctionReward: Reward {
  private let function: ([RolloutAnswer]) throws -> [Double?]

  /// - Parameter function: gives a score for each answer, in order.
  public init(_ function: @escaping ([RolloutAnswer]) throws -> [Double?]) {
    self.function = function
  }

  /// What the function says.
  ///
  /// - Throws: what the function throws; `RewardError.count` and `.notFinite`.
  public func scores(_ answers: [RolloutAnswer]) throws -> [Double?] {
    let scores = try function(answers)
    guard scores.count == answers.count else {
      throw RewardError.count(scores.count, answers: answers.count)
    }
    if let place = scores.firstIndex(where: { $0?.isFinite == false }) {
      throw RewardError.notFinite(answer: place + 1, value: scores[place]!)
    }
    return scores
  }
}

/// Why answers have no scores.
public enum RewardError: ApusError, Equatable {
  /// A function gave another number of scores.
  case count(Int, answers: Int)
  /// A score is not a number.
  case notFinite(answer: Int, value: Double)
  /// A program cannot be started.
  case notStarted(command: String, reason: String)
  /// A program ended before it had judged all answers.
  case ended(command: String, how: String, judged: Int, answers: Int)
  /// A program took too long.
  case tooSlow(command: String, seconds: Double, judged: Int, answers: Int)
  /// A line of a program is no score.
  case badLine(command: String, line: String, answer: Int)
  /// A program wrote more lines than it read.
  case tooManyLines(command: String, line: String)
  /// Nobody waits for the scores any more.
  case interrupted
  /// A model cannot read a conversation.
  case unread(model: String, answer: Int, reason: String)
  /// The scores of a model are no numbers.
  case unscored(model: String, reason: String)

  /// What is wrong and what to do, in one line.
  public var description: String {
    switch self {
    case .count(let count, let answers):
      return "the reward gave \(count) scores for \(answers) answers; give one for each"
    case .notFinite(let answer, let value):
      return "the reward of answer \(answer) is \(value); scores have to be finite numbers"
    case .notStarted(let command, let reason):
      return "reward.command '\(command)' cannot be started: \(reason)"
    case .ended(let command, let how, let judged, let answers):
      return
        "reward.command '\(command)' \(how) after \(judged) of \(answers) answers; it should read a line and write a line "
        + "until its input ends"
    case .tooSlow(let command, let seconds, let judged, let answers):
      return
        "reward.command '\(command)' judged \(judged) of \(answers) answers in \(plainText(seconds)) seconds "
        + "(reward.seconds); does it write each line at once, without a buffer?"
    case .badLine(let command, let line, let answer):
      return
        "reward.command '\(command)' wrote '\(line)' for answer \(answer); expected a finite number or {\"reward\": number}"
    case .tooManyLines(let command, let line):
      return
        "reward.command '\(command)' wrote more lines than it read, one of them '\(line)'; it should write one for each"
    case .interrupted:
      return "the answers were not judged: the run was told to stop"
    case .unread(let model, let answer, let reason):
      return
        "reward.model '\(model)' cannot judge answer \(answer): the conversation with it \(reason) "
        + "(reward.onFailure = skip passes over such answers)"
    case .unscored(let model, let reason):
      return "reward.model '\(model)' cannot judge: \(reason)"
    }
  }

  private func plainText(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
