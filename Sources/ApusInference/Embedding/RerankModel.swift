// A cross-encoder: reads a query together with a text and gives one score.        Nogueira and Cho 2019, arXiv:1901.04085

import ApusModels
import ApusRuntime
import ApusText
import CApusKernels
import Synchronization

/// A reranker in memory.
///
///     let model = try RerankModel("bge-reranker-v2-m3")
///     let scores = try model.scores(query: "What is a swift?", texts: passages)
///
/// Opens GGUF files and Hugging Face folders of BERT and XLM-RoBERTa with a classifier, such as BGE-reranker.
public final class RerankModel: @unchecked Sendable {
  /// The machine it runs on.
  public let runtime: Runtime
  /// The path it was opened with.
  public let name: String
  /// The family, "bert".
  public let architecture: String
  /// The most tokens of a query and a text together, special ones included.
  public let contextLength: Int
  /// What was odd about the files, one line each.
  public let warnings: [String]

  private let texts: TextTokens
  private let verifyUnchanged: @Sendable () throws -> Void
  /// Guarded by `turn`.
  private let pool: EncoderPool
  private let turn = Mutex(())
  private let thread = Mutex<JobThread?>(nil)

  /// Loads a GGUF file or a Hugging Face folder.
  ///
  /// - Parameter options: the context length and the policy for long texts; the rest is not used.
  /// - Throws: `EmbeddingError.notReranker` and what `EmbeddingModel` throws.
  public convenience init(
    _ path: String, runtime: Runtime, options: EmbeddingOptions = EmbeddingOptions(),
    progress: ((Int, Int) -> Void)? = nil
  ) throws {
    try self.init(EmbeddingFiles(path), runtime: runtime, options: options, progress: progress)
  }

  package init(
    _ files: EmbeddingFiles, runtime: Runtime, options: EmbeddingOptions = EmbeddingOptions(),
    progress: ((Int, Int) -> Void)? = nil
  ) throws {
    let network = files.network
    guard files.pooling == .rank, network.source.tensor("cls.output.weight") != nil else {
      throw EmbeddingError.notReranker(name: files.name, architecture: network.architectureName)
    }
    self.runtime = runtime
    name = files.name
    architecture = network.architectureName
    contextLength = try EmbeddingModel.contextLength(files, options)
    warnings = files.warnings
    verifyUnchanged = files.verifyUnchanged
    texts = TextTokens(files.tokenizer, limit: contextLength, policy: options.longTexts)
    let weights = try WeightStore(
      network.graph(contextLength: contextLength, for: .embedding(.rank)), from: network.source,
      workers: runtime.workers, progress: progress)
    pool = try EncoderPool(network, weights, runtime, pooling: .rank, contextLength: contextLength)
    guard pool.dimension == 1 else {
      throw EmbeddingError.invalidOption(
        name: "the classifier's number of labels", value: "\(pool.dimension)", expected: "1, a score")
    }
  }

  /// How well each text answers the query: the classifier's output as it is (a logit), higher is better.
  ///
  /// - Throws: `EmbeddingError`, `TokenizerError`, `InferenceError`, `FileError.changed`.
  public func scores(query: String, texts: [String]) throws -> [Float] {
    let query = Array(query.utf8)
    var passes: [TokenizedText] = []
    var owners: [Int] = []
    for (index, text) in texts.enumerated() {
      for pass in try self.texts.passes(query: query, text: Array(text.utf8), index: index) {
        passes.append(pass)
        owners.append(index)
      }
    }
    return try scores(passes, owners, count: texts.count)
  }

  /// The scores, computed on a thread of the model's own.
  public func scores(query: String, texts: [String]) async throws -> [Float] {
    let thread = try jobThread()
    return try await withCheckedThrowingContinuation { continuation in
      thread.perform { [self] _ in
        continuation.resume(with: Result { () throws -> [Float] in try scores(query: query, texts: texts) })
      }
    }
  }

  /// A score between 0 and 1: 1 / (1 + exp(−score)).
  public static func probability(of score: Double) -> Double { 1 / (1 + apus_exp(-score)) }

  private func jobThread() throws -> JobThread {
    try thread.withLock { thread in
      if let thread { return thread }
      let started = try JobThread()
      thread = started
      return started
    }
  }

  /// The best score among the passes of each owner.
  package func scores(_ passes: [TokenizedText], _ owners: [Int], count: Int) throws -> [Float] {
    try verifyUnchanged()
    var result = Array(repeating: -Float.infinity, count: count)
    try turn.withLock { _ in
      try pool.run(passes) { index, row in result[owners[index]] = max(result[owners[index]], row[0]) }
    }
    return result
  }
}
