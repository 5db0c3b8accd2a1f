// A reward model: reads a conversation and says what its last answer is worth. Christiano et al. 2017, arXiv:1706.03741;
// Stiennon et al. 2020, arXiv:2009.01325. How one is trained is of ApusTraining.

import ApusBasics
import ApusModels
import ApusRuntime
import ApusText

/// A reward model in memory, for any number of threads.
///
///     let model = try RewardModel("reward-model", runtime: Runtime())
///     let scores = try model.scores([[ChatMessage(role: "user", content: "2 + 3?"),
///                                     ChatMessage(role: "assistant", content: "5")]])
///
/// Opens folders of transformers' `…ForSequenceClassification` with one label, of every family that continues texts, and GGUF
/// files with `cls.output.weight` and rank pooling. The score is that of the conversation's last token, a number without
/// bounds; only differences between answers to one prompt mean something.
public final class RewardModel: Sendable {
  /// The machine it runs on.
  public var runtime: Runtime { encoder.runtime }
  /// The path it was opened with.
  public var name: String { files.name }
  /// The family, "llama".
  public var architecture: String { encoder.network.architectureName }
  /// The most tokens of a conversation.
  public var contextLength: Int { encoder.contextLength }
  /// What was odd about the files, one line each.
  public var warnings: [String] { files.warnings }
  package let files: RewardModelFiles
  package let encoder: TextEncoder

  /// Loads a GGUF file or a Hugging Face folder.
  ///
  /// - Parameters:
  ///   - contextLength: the most tokens of a conversation; nil for all that the model takes.
  ///   - chatTemplate: takes the place of the files' own.
  ///   - progress: called with bytes done and bytes in all while weights are packed.
  /// - Throws: `RewardModelError.notRewardModel` and `.labels`, `ModelError` for a head of another shape, `TemplateError`,
  ///   and what opening files throws.
  public convenience init(
    _ path: String, runtime: Runtime, contextLength: Int? = nil, chatTemplate: String? = nil,
    progress: ((Int, Int) -> Void)? = nil
  ) throws {
    try self.init(
      ModelFiles(path), runtime: runtime, contextLength: contextLength, chatTemplate: chatTemplate,
      progress: progress)
  }

  /// Loads files that are open already.
  public convenience init(
    _ files: ModelFiles, runtime: Runtime, contextLength: Int? = nil, chatTemplate: String? = nil,
    progress: ((Int, Int) -> Void)? = nil
  ) throws {
    try self.init(
      RewardModelFiles(files, contextLength: contextLength, chatTemplate: chatTemplate), runtime: runtime,
      progress: progress)
  }

  /// Loads the weights of files that are known to be a reward model's.
  package init(
    _ files: RewardModelFiles, runtime: Runtime, progress: ((Int, Int) -> Void)? = nil
  ) throws {
    self.files = files
    encoder = try TextEncoder(
      files.embedding, runtime, files.options, pooling: .rank, progress: progress)
  }

  /// What the last answer of each conversation is worth, in their order.
  ///
  /// - Throws: `RewardModelError`, `TemplateError`, `TokenizerError`; `InferenceError.nonFinite` for a score that is no number;
  ///   `FileError.changed`.
  public func scores(_ conversations: [[ChatMessage]]) throws -> [Double] {
    try scores(ofTokens: conversations.map { try tokens($0) })
  }

  /// The scores, computed on a thread of the model's own.
  public func scores(_ conversations: [[ChatMessage]]) async throws -> [Double] {
    try await encoder.inBackground { [self] in try scores(conversations) }
  }

  /// A conversation as the model reads it.
  package func tokens(_ messages: [ChatMessage], tools: JSONValue? = nil) throws -> [Int32] {
    try files.tokens(messages, tools: tools)
  }

  /// The scores of conversations that are tokens already. A score does not depend on its neighbours.
  package func scores(ofTokens conversations: [[Int32]]) throws -> [Double] {
    let rows = encoder.network.configuration.vocabularySize
    for (index, tokens) in conversations.enumerated() {
      guard !tokens.isEmpty else { throw RewardModelError.empty(index: index) }
      guard tokens.count <= contextLength else {
        throw RewardModelError.tooLong(index: index, tokens: tokens.count, limit: contextLength)
      }
      if let token = tokens.first(where: { !(0..<Int32(rows)).contains($0) }) {
        throw InferenceError.tokenOutOfRange(id: Int(token), vocabulary: rows)
      }
    }
    var scores = [Double](repeating: 0, count: conversations.count)
    try encoder.run(conversations.map { TokenizedText($0) }) { scores[$0] = Double($1[0]) }
    return scores
  }
}
