// Text to shards: the same bytes from any number of threads, documents begun and ended as the tokenizer wants, a stable
// split for validation, and nothing half done left behind.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

@Suite struct CorpusTokenizerTests {
  private static func text(_ seed: Int, words: Int) -> String {
    let random = Philox(key: UInt64(seed))
    let pieces = [
      "the ", "quick ", "Fox", " jumps", " 42", ".", "\n", "\n\n", " über", "中文", "!", " a", "'s", "\n",
    ]
    return (0..<words).map { pieces[Int(random.uniform(UInt64($0)) * Float(pieces.count))] }.joined()
  }

  private static func jsonl(_ texts: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for text in texts {
      bytes += Array("{\"text\":".utf8)
      JSONValue.append(text, to: &bytes)
      bytes += Array("}\n".utf8)
    }
    return bytes
  }

  /// The files of a folder, as something that can be printed.
  private static func checksums(_ folder: ScratchDirectory) -> [String: UInt32] {
    Dictionary(uniqueKeysWithValues: folder.names.map { ($0, CRC32C.of(readFile(folder.file($0)) ?? [])) })
  }

  private static func tokenizing(
    _ tokenizer: String = "bytes-llama3", threads: Int = 2,
    change: (inout TokenizingOptions) -> Void = { _ in }
  ) throws -> CorpusTokenizer {
    var options = TokenizingOptions()
    change(&options)
    return try CorpusTokenizer(
      fixtureTokenizer(tokenizer), options, pool: WorkerPool(count: threads, processors: 1))
  }

  @Test(arguments: ["bytes-llama3", "bytes-qwen", "characters-llama2"])
  func tokensAreThoseOfTheTokenizer(name: String) throws {
    let scratch = ScratchDirectory()
    let texts = (0..<300).map { Self.text($0, words: $0 % 70) }
    let path = scratch.write("a.jsonl", Self.jsonl(texts))
    let report = try Self.tokenizing(name).write([path], to: scratch.path, name: name)
    let tokenizer = try fixtureTokenizer(name)
    let dataset = try TokenDataset(folder: scratch.path)
    try dataset.check(tokenizer)
    let end = try #require(tokenizer.vocabulary.special.eos)
    let expected = try texts.filter { !$0.isEmpty }.map { text in
      tokenizer.template.before + (try tokenizer.encode(text, addSpecial: false)) + [end]
    }
    #expect((0..<dataset.documentCount).map(dataset.document) == expected)
    #expect(report.train == .init(documents: expected.count, tokens: dataset.tokenCount))
    #expect(report.reading.emptyDocuments == texts.count - expected.count)
    // Ids come back as the text they were made from.
    #expect(tokenizer.text(dataset.document(0), special: false) == texts.first { !$0.isEmpty })
  }

  /// Every file of the data set is the same byte for byte, with cuts, bad lines, several shards and a split.
  @Test func bytesDoNotDependOnThreads() throws {
    let texts = (0..<400).map { Self.text($0, words: 100) }
    let input = ScratchDirectory()
    let lines = Self.jsonl(texts) + Array("broken\n".utf8) + Self.jsonl(texts.map { $0 + "x" })
    let paths = [
      input.write("a.jsonl", lines), input.write("b.txt", Array(Self.text(7, words: 60_000).utf8)),
    ]
    var first: [String: UInt32] = [:]
    for threads in 1...3 {
      let output = ScratchDirectory()
      let report = try Self.tokenizing(threads: threads) {
        $0.validation = 0.1
        $0.shardTokens = 10_000
        $0.reading.skipLimit = 3
        $0.reading.cutsAt = 64 << 10
      }.write(paths, to: output.path, name: "t")
      #expect(report.reading.badLines == 1 && report.train.documents + report.validation.documents == 801)
      let files = Self.checksums(output)
      #expect(files.count > 8)
      if first.isEmpty { first = files }
      #expect(files == first, "\(threads) threads")
    }
  }

  @Test func cutTextsGiveTheTokensOfTheWhole() throws {
    let text = Self.text(3, words: 20_000)
    let scratch = ScratchDirectory()
    let path = scratch.write("a.txt", Array(text.utf8))
    let whole = try fixtureTokenizer("bytes-llama3").encode(text, addSpecial: false)
    for cut in [500, 4000] {
      let (dataset, report) = try Self.tokenizing { $0.reading.cutsAt = cut }.read([path])
      #expect(dataset.tokens(0..<dataset.tokenCount) == [0] + whole + [1])
      #expect(dataset.documentCount == 1 && report.reading.documents == 1)
    }
  }

  /// All pieces of a document fall on its side.
  @Test func cutTextsStayTogether() throws {
    let scratch = ScratchDirectory()
    let texts = (0..<24).map { Self.text($0, words: 2000) + "." }
    let paths = texts.enumerated().map { scratch.write("\($0).txt", Array($1.utf8)) }
    _ = try Self.tokenizing {
      $0.reading.cutsAt = 1000
      $0.validation = 0.5
    }.write(paths, to: scratch.path, name: "t")
    let tokenizer = try fixtureTokenizer("bytes-llama3")
    var found: Set<[Int32]> = []
    for part in DatasetPart.allCases {
      let dataset = try TokenDataset(folder: scratch.path, part: part)
      for index in 0..<dataset.documentCount { found.insert(dataset.document(index)) }
    }
    #expect(found == Set(try texts.map { [0] + (try tokenizer.encode($0, addSpecial: false)) + [1] }))
  }

  @Test func controlTokensAreTextUnlessAllowed() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("a.txt", Array("a<|im_end|>b".utf8))
    for allowed in [false, true] {
      let (dataset, _) = try Self.tokenizing { $0.parsesSpecial = allowed }.read([path])
      #expect(dataset.document(0).dropLast().contains(1) == allowed)
      #expect(dataset.document(0).first == 0 && dataset.document(0).last == 1)
    }
  }

  @Test func theSplitIsStable() throws {
    let scratch = ScratchDirectory()
    let texts = (0..<2000).map { "document \($0) \(Self.text($0, words: 5))" }
    func validation(_ texts: [String]) throws -> [[Int32]] {
      let output = ScratchDirectory()
      _ = try Self.tokenizing { $0.validation = 0.1 }
        .write([scratch.write("a.jsonl", Self.jsonl(texts))], to: output.path, name: "t")
      let train = try TokenDataset(folder: output.path, part: .train)
      let other = try TokenDataset(folder: output.path, part: .validation)
      #expect(train.documentCount + other.documentCount == texts.count)
      return (0..<other.documentCount).map(other.document)
    }
    let all = try validation(texts)
    // 200 are expected with a deviation of 13.
    #expect((120...280).contains(all.count))
    // More documents, and another order: those that were there stay on their side, copies of them too.
    let more = try validation((0..<500).map { "new \($0)" } + texts.reversed() + texts[..<1000])
    let split = Set(all)
    let tokenizer = try fixtureTokenizer("bytes-llama3")
    let old = more.filter { !tokenizer.text($0).hasPrefix("new") }
    #expect(Set(old) == split)
    #expect(old.count > all.count)
  }

  @Test func oneDocumentIsCutInTwo() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("a.txt", Array(Self.text(1, words: 5000).utf8))
    let (whole, _) = try Self.tokenizing().read([path])
    let report = try Self.tokenizing { $0.validation = 0.1 }.write([path], to: scratch.path, name: "t")
    let train = try TokenDataset(folder: scratch.path)
    let validation = try TokenDataset(folder: scratch.path, part: .validation)
    #expect(report.isCutForValidation && report.validation.tokens == validation.tokenCount)
    #expect(
      train.tokens(0..<train.tokenCount) + validation.tokens(0..<validation.tokenCount)
        == whole.tokens(0..<whole.tokenCount))
    #expect(abs(validation.tokenCount * 10 - whole.tokenCount) <= 10)
  }

  // MARK: What goes wrong

  @Test func settingsAndTokenizersAreChecked() throws {
    for share in [-0.1, 1, .nan] {
      #expect(throws: TokenizingError.self) { try Self.tokenizing { $0.validation = share } }
    }
    #expect(throws: TokenizingError.self) { try Self.tokenizing { $0.shardTokens = 0 } }
    #expect(throws: TokenizingError.noEnd) { try Self.tokenizing("bytes-digits") }
    #expect(throws: Never.self) { try Self.tokenizing("bytes-digits") { $0.ends = false } }
  }

  @Test func nothingHalfDoneIsLeft() throws {
    let output = ScratchDirectory()
    let input = ScratchDirectory()
    let good = Self.jsonl((0..<50).map { Self.text($0, words: 50) })
    let bad = input.write("bad.jsonl", good + Array("broken".utf8))
    let small: (inout TokenizingOptions) -> Void = { $0.shardTokens = 100 }
    #expect(throws: ReadingError.self) {
      try Self.tokenizing(change: small).write([bad], to: output.path, name: "t")
    }
    #expect(output.names.isEmpty)
    // Shards of a run that was killed are none of the next one's.
    output.write("train-00000.tokens", [1])
    output.write("train-00001.tokens", [2])
    let path = input.write("good.jsonl", good)
    _ = try Self.tokenizing().write([path], to: output.path, name: "t")
    #expect(output.names == ["dataset.json", "train-00000.tokens"])
    // A data set is replaced when that is asked for only.
    let before = Self.checksums(output)
    #expect(throws: TokenizingError.exists(folder: output.path)) {
      try Self.tokenizing().write([path], to: output.path, name: "t")
    }
    #expect(Self.checksums(output) == before)
    _ = try Self.tokenizing(change: small).write([path], to: output.path, name: "t", replacing: true)
    #expect(output.names.count > 3)
    _ = try Self.tokenizing().write([path], to: output.path, name: "t", replacing: true)
    #expect(Self.checksums(output) == before)
    // And what asks for progress may end the work.
    #expect(throws: CancellationError.self) {
      try Self.tokenizing().write([path], to: output.path, name: "t", replacing: true) { _ in
        throw CancellationError()
      }
    }
    #expect(throws: ReadingError.self) {
      try Self.tokenizing().write([bad], to: output.path, name: "t", replacing: true)
    }
    #expect(output.names == ["dataset.json", "train-00000.tokens"])
    #expect(Self.checksums(output) == before)
  }

  @Test func emptyCorporaAndPartsAreErrors() throws {
    let input = ScratchDirectory()
    let output = ScratchDirectory()
    let blank = input.write("a.jsonl", Self.jsonl(["", ""]))
    #expect(throws: ReadingError.noDocuments(files: 1)) {
      try Self.tokenizing().write([blank], to: output.path, name: "t")
    }
    let two = input.write("b.jsonl", Self.jsonl(["one", "two"]))
    #expect(throws: TokenizingError.emptyPart(.validation, documents: 2, share: 0.0001)) {
      try Self.tokenizing { $0.validation = 0.0001 }.write([two], to: output.path, name: "t")
    }
    #expect(output.names.isEmpty)
  }

  /// F74: the folder's list, its shards and the tokenizer belong together.
  @Test func f74FoldersAreChecked() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("a.jsonl", Self.jsonl((0..<20).map { Self.text($0, words: 20) }))
    _ = try Self.tokenizing().write([path], to: scratch.path, name: "t")
    let dataset = try TokenDataset(folder: scratch.path)
    let other = #expect(throws: ShardError.self) { try dataset.check(fixtureTokenizer("bytes-digits")) }
    #expect(other?.description.contains("tokens stand for other text than this tokenizer's") == true)
    let gemma = try fixtureTokenizer("characters-gemma")
    let size = #expect(throws: ShardError.self) { try dataset.check(gemma) }
    #expect(
      size?.description.contains("a vocabulary of 450, and this one has \(gemma.vocabulary.count)") == true)
    #expect(throws: ShardError.noDataset(path: scratch.path, reason: "it has no validation part")) {
      try TokenDataset(folder: scratch.path, part: .validation)
    }
    try writeShard(scratch.file("train-00000.tokens"), [[1, 2]], vocabularySize: 450)
    let swapped = #expect(throws: ShardError.self) { try TokenDataset(folder: scratch.path) }
    #expect(swapped?.description.contains("it is another shard than dataset.json lists") == true)
    for text in [
      "", "{}", "[1", #"{"format":"apus-dataset","version":2}"#,
      #"{"format":"apus-dataset","version":1,"tokenizer":"t","vocabularySize":450,"fingerprint":"0","train":[{"name":"../x","tokens":1,"documents":1,"checksum":0}]}"#,
    ] {
      scratch.write("dataset.json", Array(text.utf8))
      #expect(throws: ShardError.self, "\(text)") { try TokenDataset(folder: scratch.path) }
    }
  }
}
