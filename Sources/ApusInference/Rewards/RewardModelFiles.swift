// A reward model before its weights are loaded: whether it is one, how it reads a conversation, what it will take of memory.

import ApusBasics
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText

/// The files of a reward model, opened and checked.
package struct RewardModelFiles: Sendable {
  /// The path they were opened with.
  package let name: String
  /// The most tokens of a conversation.
  package let contextLength: Int
  let embedding: EmbeddingFiles
  let options: EmbeddingOptions
  /// nil where the files have no template.
  private let formatter: ChatFormatter?

  /// - Parameters:
  ///   - contextLength: the most tokens of a conversation; nil for all that the model takes.
  ///   - chatTemplate: takes the place of the files' own.
  /// - Throws: `RewardModelError.notRewardModel` and `.labels`, `TemplateError`, and what opening files throws.
  package init(_ files: ModelFiles, contextLength: Int? = nil, chatTemplate: String? = nil) throws {
    embedding = try EmbeddingFiles(files)
    let network = embedding.network
    guard files.isScorer, network.isGenerative, network.source.has(ScoreHead.weight) else {
      throw RewardModelError.notRewardModel(name: files.path, architecture: network.architectureName)
    }
    if let head = network.source.tensor(ScoreHead.weight), head.rows != 1 {
      throw RewardModelError.labels(head.rows, name: files.path)
    }
    var options = EmbeddingOptions()
    options.contextLength = contextLength
    self.options = options
    self.contextLength = try TextEncoder.contextLength(embedding, options)
    name = files.path
    let tokenizer = embedding.tokenizer
    var formatter = try (chatTemplate ?? files.chatTemplate()).map {
      try ChatFormatter($0, tokenizer)
    }
    formatter?.time = ChatFormatter.fixedTime
    self.formatter = formatter
  }

  /// What was odd about the files, one line each.
  package var warnings: [String] { embedding.warnings }

  /// Whether something says how conversations are written down.
  package var hasChatTemplate: Bool { formatter != nil }

  /// A conversation as the model reads it, with its own template and its own tokens.
  ///
  /// - Throws: `RewardModelError.noChatTemplate`, `TemplateError`, `TokenizerError`.
  package func tokens(_ messages: [ChatMessage], tools: JSONValue? = nil) throws -> [Int32] {
    guard let formatter else { throw RewardModelError.noChatTemplate(name: name) }
    let tokens = try formatter.tokens(messages, tools: tools, addGenerationPrompt: false)
    // The token that begins a text says nothing of the conversation.
    return tokens == [formatter.tokenizer.vocabulary.special.bos] ? [] : tokens
  }

  /// The steps in which conversations of up to so many tokens are scored, and tokens of one.
  package func plan(tokens: Int) throws -> (network: Network, plan: Plan, capacity: Int) {
    let capacity = EncoderPool.capacity(for: tokens, contextLength: contextLength)
    let network = embedding.network
    return (network, try Encoder.plan(network, pooling: .rank, capacity: capacity), capacity)
  }

  /// Bytes that the model takes once it has scored such conversations.
  ///
  /// - Parameters:
  ///   - tokens: of the longest conversation.
  ///   - shortest: tokens of the shortest.
  package func byteCount(tokens: Int, shortest: Int) throws -> Int {
    let (network, plan, capacity) = try plan(tokens: tokens)
    let weights = WeightStore.footprint(
      try network.graph(contextLength: contextLength, for: .embedding(.rank)), from: network.source)
    // Each text begins a page of its own: a step has most of them when its texts are short, or a little longer than a page.
    // Pages that no step needs stay with the system.
    let pages = min(
      Encoder.pageCount(capacity), max(2 * KVLayout.pages(capacity), capacity / max(1, shortest)))
    return weights.panels + weights.vectors + weights.mapped + plan.memory.byteCount
      + PagePool.byteCount(Encoder.cacheLayout(network), capacity: pages)
  }
}
