// A corpus of tokens: shards one behind the other, or an array. What is trained from it is decided in Batches/.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusText

/// Tokens in documents, in a fixed order.
///
///     let dataset = try TokenDataset(folder: "data", part: .train)
///     try dataset.check(tokenizer)
///     let plan = try BatchPlan(dataset, BatchSettings(sequences: 32, length: 256, seed: 1))
///
/// Immutable; any number of threads may read. Shards are mapped, so a data set may be larger than memory.
public final class TokenDataset: Sendable {
  /// What it is called in messages: the folder, the shard, the file of text, or "tokens in memory".
  public let name: String
  /// Tokens in all documents.
  public let tokenCount: Int
  /// Documents.
  public let documentCount: Int
  /// The size of the vocabulary the ids are from.
  public let vocabularySize: Int
  /// The fingerprint of the tokenizer, nil when the tokens came as an array.
  public let fingerprint: UInt64?
  /// A hash of the shards' order, sizes and checksums: a data cursor means the same only in a data set with the same
  /// identity.
  public let identity: UInt64
  /// The shards, none when the tokens came as an array.
  public let shards: [TokenShard]
  /// What each token is part of, where that matters to what is learned.
  package let kinds: [ConversationPart]?

  private let sections: [TokenSection]
  /// For each section and the end: tokens and documents before it.
  private let tokenStarts: [Int]
  private let documentStarts: [Int]

  private init(
    name: String, sections: [TokenSection], shards: [TokenShard], vocabularySize: Int, fingerprint: UInt64?,
    kinds: [ConversationPart]? = nil
  ) throws(ShardError) {
    self.name = name
    self.kinds = kinds
    self.sections = sections
    self.shards = shards
    self.vocabularySize = vocabularySize
    self.fingerprint = fingerprint
    var hash = StableHash()
    var (tokens, documents) = ([0], [0])
    for section in sections {
      guard let next = checkedSum(tokens.last!, section.tokenCount) else {
        throw .damaged(path: name, what: "its shards have too many tokens")
      }
      tokens.append(next)
      documents.append(documents.last! + section.documentCount)
    }
    hash.add(UInt64(vocabularySize))
    if shards.isEmpty {
      for section in sections {
        hash.add(
          UnsafeRawBufferPointer(start: section.tokens, count: section.tokenCount * section.tokenWidth))
        hash.add(UnsafeRawBufferPointer(start: section.ends, count: 8 * section.documentCount))
      }
    }
    if let kinds { kinds.withUnsafeBytes { hash.add($0) } }
    for shard in shards {
      hash.add(UInt64(shard.tokenCount))
      hash.add(UInt64(shard.documentCount))
      hash.add(UInt64(shard.checksum))
    }
    (tokenStarts, documentStarts) = (tokens, documents)
    (tokenCount, documentCount) = (tokens.last!, documents.last!)
    identity = hash.value
  }

  /// Opens shards as one corpus, in the given order.
  ///
  /// - Parameters:
  ///   - paths: at least one; all from one tokenizer.
  ///   - verifying: read every shard and check it. Without, only headers are checked.
  ///   - pool: threads that check several shards at once.
  /// - Throws: `ShardError`.
  /// - Complexity: O(shards), or O(bytes) when verifying.
  public convenience init(
    shards paths: [String], verifying: Bool = true, pool: WorkerPool? = nil
  ) throws(ShardError) {
    try self.init(name: paths.count == 1 ? paths[0] : "\(paths.count) shards", paths, verifying, pool)
  }

  /// Opens a part of the data set that `apus data tokenize` made in a folder.
  ///
  /// - Parameters:
  ///   - verifying: read every shard and check it. Without, only headers are checked.
  ///   - pool: threads that check several shards at once.
  /// - Throws: `ShardError`, `.noDataset` when it is not finished or has no such part.
  public convenience init(
    folder: String, part: DatasetPart = .train, verifying: Bool = true, pool: WorkerPool? = nil
  ) throws(ShardError) {
    let manifest = try DatasetManifest(folder: folder)
    guard let listed = manifest.parts[part], !listed.isEmpty else {
      throw .noDataset(path: folder, reason: "it has no \(part.rawValue) part")
    }
    try self.init(
      name: "\(folder) (\(part.rawValue))", listed.map { "\(folder)/\($0.name)" }, verifying, pool)
    for (shard, entry) in zip(shards, listed)
    where shard.checksum != entry.checksum || shard.tokenCount != entry.tokens
      || shard.documentCount != entry.documents
    {
      throw .damaged(path: shard.path, what: "it is another shard than \(DatasetManifest.fileName) lists")
    }
  }

  private convenience init(
    name: String, _ paths: [String], _ verifying: Bool, _ pool: WorkerPool?
  ) throws(ShardError) {
    guard !paths.isEmpty else { throw .noDataset(path: name, reason: "no shard is named") }
    var shards: [TokenShard] = []
    for path in paths {
      let shard = try TokenShard(path: path)
      let first = shards.first ?? shard
      guard shard.vocabularySize == first.vocabularySize, shard.fingerprint == first.fingerprint else {
        throw .otherTokenizer(path: path, what: "it was made with another tokenizer than \(first.path)")
      }
      shards.append(shard)
    }
    if verifying { try Self.verify(shards, pool) }
    try self.init(
      name: name, sections: shards.map(\.section), shards: shards, vocabularySize: shards[0].vocabularySize,
      fingerprint: shards[0].fingerprint)
  }

  /// The first error in the shards' order, whichever thread finds one first.
  private static func verify(_ shards: [TokenShard], _ pool: WorkerPool?) throws(ShardError) {
    let errors = ResultTable<ShardError?>(repeating: nil, count: shards.count)
    forEachUnit(shards.count, on: pool) { index in
      do throws(ShardError) {
        try shards[index].verify()
      } catch {
        errors[index] = error
      }
    }
    for index in shards.indices {
      if let error = errors[index] { throw error }
    }
  }

  /// A corpus from ids in memory, which are copied: training without shards.
  ///
  /// - Parameters:
  ///   - tokens: at least one.
  ///   - documentEnds: for each document the number of tokens up to and with its last; nil for one document.
  ///   - vocabularySize: every id is below it.
  ///   - fingerprint: the tokenizer's, if it should be checked later.
  ///   - name: what it is called in messages.
  ///   - kinds: what each token is part of: then losses count by it.
  /// - Throws: `ShardError.damaged`, `.tokenOutOfRange`.
  public convenience init(
    tokens: [Int32], documentEnds: [Int]? = nil, vocabularySize: Int, fingerprint: UInt64? = nil,
    name: String = "tokens in memory", kinds: [ConversationPart]? = nil
  ) throws(ShardError) {
    guard !tokens.isEmpty else { throw .noDataset(path: name, reason: "there are none") }
    let ends = documentEnds ?? [tokens.count]
    guard ends.last == tokens.count, zip([0] + ends, ends).allSatisfy(<) else {
      throw .damaged(path: name, what: "document ends do not ascend to \(tokens.count)")
    }
    if let kinds, kinds.count != tokens.count {
      throw .damaged(path: name, what: "there are \(kinds.count) kinds for \(tokens.count) tokens")
    }
    if let index = tokens.firstIndex(where: { $0 < 0 || Int($0) >= vocabularySize }) {
      throw .tokenOutOfRange(
        path: name, token: Int(tokens[index]), index: index, vocabularySize: vocabularySize)
    }
    try self.init(
      name: name, sections: [TokenMemory(tokens: tokens, ends: ends).section], shards: [],
      vocabularySize: vocabularySize, fingerprint: fingerprint, kinds: kinds)
  }

  /// Throws when the ids do not mean to `tokenizer` what they meant to the one that made them.
  ///
  /// - Throws: `ShardError.otherTokenizer`.
  public func check(_ tokenizer: any Tokenizer) throws(ShardError) {
    guard tokenizer.vocabulary.count == vocabularySize else {
      throw .otherTokenizer(
        path: name,
        what: "its tokens are of a vocabulary of \(vocabularySize), and this one has "
          + "\(tokenizer.vocabulary.count)")
    }
    if let fingerprint, fingerprint != tokenizer.fingerprint {
      throw .otherTokenizer(path: name, what: "its tokens stand for other text than this tokenizer's")
    }
  }

  // MARK: Reading

  /// Copies `target.count` tokens, counted over the whole corpus, from `start` on.
  ///
  /// - Complexity: O(*count* + log *shards*), no allocation.
  package func copyTokens(from start: Int, to target: UnsafeMutableBufferPointer<Int32>) {
    precondition(start >= 0 && target.count <= tokenCount - start)
    var section = Self.place(of: start, in: tokenStarts)
    var done = 0
    while done < target.count {
      let first = start + done - tokenStarts[section]
      let count = min(target.count - done, sections[section].tokenCount - first)
      sections[section].copy(first, count, to: target.baseAddress! + done)
      done += count
      section += 1
    }
  }

  /// The tokens of a document, counted over the whole corpus.
  ///
  /// - Complexity: O(log *shards*), no allocation.
  package func range(ofDocument index: Int) -> Range<Int> {
    precondition(index >= 0 && index < documentCount)
    let section = Self.place(of: index, in: documentStarts)
    let range = sections[section].range(ofDocument: index - documentStarts[section])
    return range.lowerBound + tokenStarts[section]..<range.upperBound + tokenStarts[section]
  }

  /// The tokens of `range`.
  public func tokens(_ range: Range<Int>) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: range.count) { buffer, count in
      copyTokens(
        from: range.lowerBound, to: UnsafeMutableBufferPointer(rebasing: buffer[..<range.count]))
      count = range.count
    }
  }

  /// The tokens of a document.
  public func document(_ index: Int) -> [Int32] { tokens(range(ofDocument: index)) }

  /// The section whose first token or document is the last not after `position`.
  private static func place(of position: Int, in starts: [Int]) -> Int {
    var (low, high) = (0, starts.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }
}
