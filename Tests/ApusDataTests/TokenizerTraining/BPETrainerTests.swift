// Training against Hugging Face's BpeTrainer: Tests/Fixtures/bpe.py trains on the same documents; pieces, merges and ids
// must be equal, whatever the number of workers and however the documents come.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

/// What the library learned.
struct TrainingCase: Sendable, CustomTestStringConvertible {
  var options: BPETrainingOptions
  var documents: [[UInt8]]
  var tokens: Int
  var merges: [String]
  var ids: [[Int32]]

  var testDescription: String {
    "\(options.pattern), \(options.vocabularySize) tokens, frequency \(options.minimumFrequency), \(documents.count) documents"
  }

  static let samples: [String] =
    (try? JSONValue(parsing: readFile(Fixtures.path("bpe/expected.json")) ?? []))?["samples"]?
    .array?.compactMap(\.string) ?? []

  static let all: [TrainingCase] = {
    let documents = (readFile(Fixtures.path("bpe/documents.bin")) ?? [])
      .split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
    let expected = try? JSONValue(parsing: readFile(Fixtures.path("bpe/expected.json")) ?? [])
    return (expected?["cases"]?.array ?? []).map { value in
      var options = BPETrainingOptions(vocabularySize: value["vocabulary"]!.int!)
      options.pattern = WordPattern(rawValue: value["pattern"]!.string!)!
      options.minimumFrequency = value["frequency"]!.int!
      options.specialTokens = value["specials"]!.array!.map { $0.string! }
      return TrainingCase(
        options: options, documents: value["documents"]!.array!.map { documents[$0.int!] },
        tokens: value["tokens"]!.int!, merges: value["merges"]!.array!.map { $0.string! },
        ids: value["ids"]!.array!.map { $0.array!.map { Int32($0.int!) } })
    }
  }()
}

/// Trains on documents, each in one chunk.
func train(
  _ options: BPETrainingOptions, _ documents: [[UInt8]], workers: Int = 2
) throws -> TrainedTokenizer {
  var trainer = try BPETrainer(options, pool: WorkerPool(count: workers))
  var rest = documents[...]
  try trainer.add { rest.popFirst() }
  return try trainer.train()
}

@Suite struct BPETrainerTests {
  @Test func fixtureIsThere() {
    #expect(TrainingCase.all.count == 8)
    #expect(TrainingCase.samples.count == 11)
  }

  @Test(arguments: TrainingCase.all)
  func learnsWhatTheLibraryLearns(_ expected: TrainingCase) throws {
    let trained = try train(expected.options, expected.documents)
    let vocabulary = try vocabulary(trained)
    #expect(trained.vocabularySize == expected.tokens)
    #expect(vocabulary.merges == expected.merges)
    #expect((trained.note == nil) == (expected.tokens == expected.options.vocabularySize))
    // Special tokens, the alphabet in its order, and then what merges made, each once.
    let specials = expected.options.specialTokens
    var pieces = specials + ByteAlphabet().bytesInOrder.map { ByteAlphabet().spelling([$0]) }
    for merge in expected.merges {
      let piece = merge.split(separator: " ").joined()
      if !specials.contains(piece) { pieces.append(piece) }
    }
    #expect(vocabulary.pieces == pieces)
  }

  @Test(arguments: TrainingCase.all)
  func givesTheIdsOfTheLibrary(_ expected: TrainingCase) throws {
    let trained = try train(expected.options, expected.documents)
    let folder = ScratchDirectory()
    try trained.write(to: folder.path, replacing: false)
    let json = try #require(readFile(folder.file("tokenizer.json")))
    let config = try JSONValue(parsing: try #require(readFile(folder.file("tokenizer_config.json"))))
    let read = try json.withUnsafeBytes { try HuggingFaceTokenizer.make($0, config: config, name: "t") }
    for tokenizer in [try trained.tokenizer(), read] {
      for (sample, ids) in zip(TrainingCase.samples, expected.ids) {
        let encoded = try tokenizer.encode(sample, addSpecial: true, parseSpecial: true)
        #expect(encoded == ids, "\(sample.debugDescription)")
        #expect(tokenizer.decode(encoded, special: true) == Array(sample.utf8))
      }
      #expect(tokenizer.vocabulary.special.eos == (expected.options.specialTokens.isEmpty ? nil : 0))
    }
  }

  /// The training text has as many tokens as training says.
  @Test(arguments: TrainingCase.all)
  func countsTokensAndWords(_ expected: TrainingCase) throws {
    let trained = try train(expected.options, expected.documents)
    let tokenizer = try trained.tokenizer()
    // Special tokens spelled in the text are text in training.
    let tokens = try expected.documents.reduce(0) { try $0 + tokenizer.encode($1, addSpecial: false).count }
    if tokenizer.notes.isEmpty { #expect(trained.tokenCount == tokens) }
    var words: [[UInt8]: Int] = [:]
    for document in expected.documents {
      document.withUnsafeBufferPointer { text in
        expected.options.pattern.split(text, 0..<text.count) { words[Array(text[$0..<$1]), default: 0] += 1 }
      }
    }
    #expect(trained.wordCount == words.values.reduce(0, +))
    #expect(trained.distinctWords == words.count)
    #expect(trained.byteCount == expected.documents.reduce(0) { $0 + $1.count })
  }

  @Test(arguments: TrainingCase.all, [1, 3, 8])
  func dependsOnNothingElse(_ expected: TrainingCase, workers: Int) throws {
    let plain = try train(expected.options, expected.documents).tokenizerJSON
    let documents = expected.documents.reversed()
    var trainer = try BPETrainer(expected.options, pool: WorkerPool(count: workers))
    let folder = ScratchDirectory()
    for (index, document) in documents.enumerated() {
      if index % 2 == 0 {
        try trainer.add(file: folder.write("text", document))
        continue
      }
      // In chunks that end anywhere.
      var random = Seeded(workers * 100 + index)
      var start = 0
      while start < document.count {
        let end = min(document.count, start + Int.random(in: 1...300, using: &random))
        try document[start..<end].withUnsafeBytes { try trainer.append($0) }
        start = end
      }
      try trainer.endDocument()
    }
    #expect(try trainer.train().tokenizerJSON == plain)
    // The trainer is as new.
    #expect(throws: BPETrainingError.noText) { try trainer.train() }
  }

  /// Whatever the pieces in which a reader hands out documents.
  @Test(arguments: [1, 17, 1 << 20])
  func learnsFromAReader(cutsAt: Int) throws {
    let expected = TrainingCase.all[0]
    let folder = ScratchDirectory()
    var paths: [String] = []
    for (index, document) in expected.documents.enumerated() where !document.isEmpty {
      paths.append(folder.write("\(index).txt", document))
    }
    var reading = ReadingOptions()
    reading.cutsAt = cutsAt
    var trainer = try BPETrainer(expected.options, pool: WorkerPool(count: 2))
    try trainer.add(DocumentReader(paths, reading))
    #expect(try trainer.train().tokenizerJSON == train(expected.options, expected.documents).tokenizerJSON)
  }

  private func vocabulary(_ trained: TrainedTokenizer) throws -> (pieces: [String], merges: [String]) {
    let model = try #require(JSONValue(parsing: trained.tokenizerJSON)["model"])
    let vocabulary = try #require(model["vocab"]?.object)
    let ids = vocabulary.map(\.value.int)
    #expect(ids == Array(0..<vocabulary.count))
    let merges = try #require(model["merges"]?.array)
    return (vocabulary.keys, merges.map { $0.array!.map { $0.string! }.joined(separator: " ") })
  }
}
