// A reward that is a model: it reads the conversation with the answer, in its own words, and scores it.

import ApusBasics
import ApusData
import ApusInference
import ApusModels
import ApusRuntime
import ApusText

/// Asks a reward model.
///
/// The judge reads messages, not the policy's tokens: it writes them down with its own chat template and cuts them with its own
/// tokenizer, so it may be of another family. A conversation longer than its context is never cut: it is an error, or is not
/// judged and counted, as the policy for failures says.
public final class ModelReward: Reward {
  let files: RewardModelFiles
  private let runtime: Runtime
  private let onFailure: RewardFailurePolicy
  private var model: RewardModel?
  private var notes = RewardNotes()

  /// - Parameters:
  ///   - model: with a chat template of its own.
  ///   - onFailure: what happens to an answer that the model cannot read; it would say the same if it were asked again, so
  ///     `retry` is `stop`.
  /// - Throws: `RewardModelError.noChatTemplate`.
  public convenience init(_ model: RewardModel, onFailure: RewardFailurePolicy = .stop) throws {
    try self.init(model.files, runtime: model.runtime, onFailure: onFailure)
    self.model = model
  }

  /// A judge whose weights are loaded when they are first needed.
  package init(
    _ files: RewardModelFiles, runtime: Runtime, onFailure: RewardFailurePolicy = .stop
  ) throws(RewardModelError) {
    guard files.hasChatTemplate else { throw .noChatTemplate(name: files.name) }
    (self.files, self.runtime, self.onFailure) = (files, runtime, onFailure)
  }

  /// A prompt needs a judge that can write it down, with room for an answer.
  public var promptProblem: (@Sendable (_ prompt: EncodedPrompt) -> String?)? {
    { [files] prompt in
      let answered = prompt.messages + [ChatMessage(role: "assistant", content: "…")]
      do {
        let count = try files.tokens(answered, tools: prompt.line["tools"]).count
        return count <= files.contextLength
          ? nil
          : "has \(countText(count)) tokens with the shortest answer, and \(files.name), which is to judge, takes "
            + countText(files.contextLength)
      } catch {
        return "cannot be read by \(files.name), which is to judge: \(error)"
      }
    }
  }

  /// Weights, activations and keys.
  public func byteCount(tokens: Int, shortest: Int) throws -> Int {
    // A template may write a few tokens behind the answer.
    try files.byteCount(tokens: tokens + 16, shortest: shortest)
  }

  /// Loads the weights.
  public func prepare() throws {
    if model == nil { model = try RewardModel(files, runtime: runtime) }
  }

  /// What is odd about the files, and whether answers may be too long.
  public func warnings(tokens: Int) -> [String] {
    files.warnings
      + (tokens <= files.contextLength
        ? []
        : [
          "\(files.name) takes \(countText(files.contextLength)) tokens, and prompts with their answers may have "
            + "\(countText(tokens)): "
            + (onFailure == .skip
              ? "longer ones are not judged" : "a longer one is an error (reward.onFailure)")
        ])
  }

  /// The score of the conversation that each answer ends; nil for one that cannot be judged, where the policy is to skip it.
  ///
  /// - Throws: `RewardError.unread`, `.unscored`; `FileError.changed`.
  public func scores(_ answers: [RolloutAnswer]) throws -> [Double?] {
    try prepare()
    var result = [Double?](repeating: nil, count: answers.count)
    var read: [(index: Int, tokens: [Int32])] = []
    var long: [Int] = []
    for (index, answer) in answers.enumerated() {
      do {
        let messages = answer.messages + [ChatMessage(role: "assistant", content: answer.text)]
        let tokens = try files.tokens(messages, tools: answer.prompt["tools"])
        guard !tokens.isEmpty else { throw RewardModelError.empty(index: index) }
        if tokens.count <= files.contextLength {
          read.append((index, tokens))
        } else if onFailure == .skip {
          // Told together, below.
          long.append(tokens.count)
        } else {
          throw RewardModelError.tooLong(index: index, tokens: tokens.count, limit: files.contextLength)
        }
      } catch {
        let reason = (error as? RewardModelError)?.problem ?? "\(error)"
        let failure = RewardError.unread(model: files.name, answer: index + 1, reason: reason)
        guard onFailure == .skip else { throw failure }
        notes.add("\(failure); it is not judged")
      }
    }
    if let most = long.max() {
      notes.add(
        "\(countText(long.count)) of \(countText(answers.count)) answers are longer than the "
          + "\(countText(files.contextLength)) tokens that \(files.name) takes, the longest has \(countText(most)); "
          + (long.count == 1 ? "it is not judged" : "they are not judged"))
    }
    do {
      let scores = try model?.scores(ofTokens: read.map(\.tokens)) ?? []
      for (place, score) in zip(read, scores) { result[place.index] = score }
      return result
    } catch let error as InferenceError {
      guard case .nonFinite = error else { throw error }
      // A pass over several conversations has failed: which of them it was is not known.
      let failure = RewardError.unscored(model: files.name, reason: "\(error)")
      guard onFailure == .skip else { throw failure }
      notes.add("\(failure); none of these answers is judged")
      return answers.map { _ in nil }
    }
  }

  /// What was put up with since this was last asked.
  public func takeNotes() -> [String] {
    notes.take()
  }
}
