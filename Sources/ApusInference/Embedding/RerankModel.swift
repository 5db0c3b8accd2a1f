// A cross-encoder: reads a query together with a text and gives one score.        Nogueira and Cho 2019, arXiv:1901.04085

import ApusModels
import ApusRuntime
import ApusText
import CApusKernels

/// A reranker in memory.
///
///     let model = try RerankModel("bge-reranker-v2-m3", runtime: Runtime())
///     let scores = try model.scores(query: "What is a swift?", texts: passages)
///
/// Opens GGUF files and Hugging Face folders of BERT and XLM-RoBERTa with a classifier, such as BGE-reranker.
public final class RerankModel: Sendable {
  /// The machine it runs on.
  public var runtime: Runtime { encoder.runtime }
  /// The path it was opened with.
  public let name: String
  /// The family, "bert".
  public var architecture: String { encoder.network.architectureName }
  /// The most tokens of a query and a text together, special ones included.
  public var contextLength: Int { encoder.contextLength }
  /// What was odd about the files, one line each.
  public let warnings: [String]
  private let encoder: TextEncoder

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
    guard files.pooling == .rank, !network.isGenerative, network.source.tensor("cls.output.weight") != nil
    else {
      if files.pooling == .rank, network.isGenerative { throw EmbeddingError.rewardModel(name: files.name) }
      throw EmbeddingError.notReranker(name: files.name, architecture: network.architectureName)
    }
    encoder = try TextEncoder(files, runtime, options, pooling: .rank, progress: progress)
    name = files.name
    warnings = files.warnings
    let labels = encoder.dimension
    guard labels == 1 else {
      throw EmbeddingError.invalidOption(
        name: "the classifier's number of labels", value: "\(labels)", expected: "1, a score")
    }
  }

  /// How well each text answers the query: the classifier's output as it is (a logit), higher is better.
  ///
  /// - Throws: `EmbeddingError`, `TokenizerError`, `InferenceError`, `FileError.changed`.
  public func scores(query: String, texts: [String]) throws -> [Float] {
    let query = Array(query.utf8)
    let passes = try TextPasses(count: texts.count) {
      try encoder.texts.passes(query: query, text: Array(texts[$0].utf8), index: $0)
    }
    return try scores(passes.passes, passes.owners, count: texts.count)
  }

  /// The scores, computed on a thread of the model's own.
  public func scores(query: String, texts: [String]) async throws -> [Float] {
    try await encoder.inBackground { [self] in try scores(query: query, texts: texts) }
  }

  /// A score between 0 and 1: 1 / (1 + exp(−score)).
  public static func probability(of score: Double) -> Double { 1 / (1 + apus_exp(-score)) }

  /// The best score among the passes of each owner.
  package func scores(_ passes: [TokenizedText], _ owners: [Int], count: Int) throws -> [Float] {
    var result = Array(repeating: -Float.infinity, count: count)
    try encoder.run(passes) { index, row in result[owners[index]] = max(result[owners[index]], row[0]) }
    return result
  }
}
