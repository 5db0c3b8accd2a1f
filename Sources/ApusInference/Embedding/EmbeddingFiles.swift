// The files of an embedding model, a GGUF file or a Hugging Face folder: weights, tokenizer, and what they say about how
// vectors are made.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusText

/// An opened model before its weights are loaded.
package struct EmbeddingFiles: Sendable {
  package let name: String
  package let network: Network
  package let tokenizer: any Tokenizer
  /// The pooling that the files name.
  package var pooling: Pooling?
  /// Whether vectors are brought to length 1, where the files say.
  package var normalizes: Bool?
  /// The most tokens of a text, where it is less than the network's positions.
  package var maximumLength: Int?
  package var prompts: [String: String] = [:]
  package var defaultPrompt: String?
  /// What was odd and harmless, one line each.
  package private(set) var warnings: [String]
  /// Throws when a file changed since it was opened.
  package let verifyUnchanged: @Sendable () throws -> Void

  /// Opens a GGUF file or a folder.
  package init(_ path: String) throws {
    try self.init(ModelFiles(path))
  }

  package init(_ file: GGUFFile) throws {
    try self.init(ModelFiles(file))
  }

  /// Files that are open already.
  package init(_ files: ModelFiles) throws {
    name = files.path
    network = try files.network()
    let tokenizer = try files.tokenizer()
    self.tokenizer = tokenizer
    warnings = files.warnings + tokenizer.notes.map { "\(files.path): \($0)" }
    verifyUnchanged = { try files.verifyUnchanged() }
    switch files.kind {
    case .gguf:
      pooling = try network.pooling()
      prompts = Self.knownPrompts[network.architectureName] ?? [:]
    case .folder(let folder): try read(folder, isScorer: files.isScorer)
    }
    try checkVocabulary()
  }

  /// What a folder says of its vectors.
  private mutating func read(_ folder: HuggingFaceFolder, isScorer: Bool) throws {
    let settings = folder.sentenceTransformers
    pooling = isScorer ? .rank : settings?.pooling.flatMap(Pooling.init(rawValue:))
    if let named = settings?.pooling, pooling == nil {
      throw HuggingFaceError(folder.path, .unsupported("pooling by \(named) is not supported"))
    }
    normalizes = settings.map(\.normalizes)
    maximumLength = settings?.maximumLength
    prompts = settings?.prompts ?? [:]
    defaultPrompt = settings?.defaultPrompt
  }

  private func checkVocabulary() throws(EmbeddingError) {
    let rows = network.configuration.vocabularySize
    guard tokenizer.vocabulary.count <= rows else {
      throw .vocabulary(tokens: tokenizer.vocabulary.count, rows: rows)
    }
  }

  /// Prompts that a family was trained with, for GGUF files, which do not hold them. From the models' cards.
  private static let knownPrompts: [String: [String: String]] = [
    "gemma-embedding": [
      "query": "task: search result | query: ", "document": "title: none | text: ",
      "similarity": "task: sentence similarity | query: ", "clustering": "task: clustering | query: ",
      "classification": "task: classification | query: ",
    ],
    "nomic-bert": [
      "query": "search_query: ", "document": "search_document: ", "clustering": "clustering: ",
      "classification": "classification: ",
    ],
  ]
}
