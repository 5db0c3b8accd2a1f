// Options that cannot be met, files that cannot be read or written, and texts that are no text.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

#if DEBUG
  private let isOptimised = false
#else
  private let isOptimised = true
#endif

@Suite struct TrainingMisuseTests {
  private func options(
    _ vocabulary: Int = 300, specials: [String] = ["<|endoftext|>"], frequency: Int = 2
  ) -> BPETrainingOptions {
    var options = BPETrainingOptions(vocabularySize: vocabulary)
    options.specialTokens = specials
    options.minimumFrequency = frequency
    return options
  }

  private func refusal(_ options: BPETrainingOptions) throws -> String? {
    do {
      _ = try train(options, [Array("some text".utf8)])
      return nil
    } catch let error as BPETrainingError {
      return error.description
    }
  }

  @Test func impossibleOptionsAreRefused() throws {
    #expect(
      try refusal(options(256))
        == "a vocabulary of 256 tokens is too small: 256 bytes and 1 special tokens need 257")
    #expect(try refusal(options(-1))?.contains("too small") == true)
    #expect(try refusal(options(Int.max))?.contains("4194304 is the most") == true)
    #expect(try refusal(options(frequency: 0))?.contains("1 is the least") == true)
    #expect(try refusal(options(specials: [""])) == "the special token '' is empty")
    #expect(try refusal(options(specials: ["<a>", "<a>"])) == "the special token '<a>' is given twice")
    #expect(try refusal(options(specials: ["Ġ"]))?.contains("piece of a single byte") == true)
    #expect(
      try refusal(options(specials: [String(repeating: "x", count: 40_000)]))?.contains("40000 bytes") == true
    )
    #expect(try refusal(options(257)) == nil)
  }

  @Test func textsThatAreHardlyText() throws {
    #expect(throws: BPETrainingError.noText) { try train(options(), []) }
    #expect(throws: BPETrainingError.noText) { try train(options(), [[], []]) }
    let one = try train(options(), [Array("a".utf8)])
    #expect(one.vocabularySize == 257 && one.tokenCount == 1 && one.wordCount == 1)
    #expect(
      one.note == "the vocabulary has 257 tokens, not 300: no further pair occurs 2 times in the text")
    // Bytes that are no UTF-8, NUL, a byte order mark.
    let junk: [UInt8] = [
      0xFF, 0xFE, 0, 0xC3, 0x28, 0xED, 0xA0, 0x80, 0xEF, 0xBB, 0xBF, 0, 0xF4, 0x90, 0x80, 0x80,
    ]
    let text = Array(repeatElement(junk + [0x20], count: 30).joined())
    let trained = try train(options(270), [text])
    #expect(trained.note == nil)
    let tokenizer = try trained.tokenizer()
    let ids = try tokenizer.encode(text, addSpecial: false)
    #expect(tokenizer.decode(ids) == text)
    #expect(ids.count == trained.tokenCount && ids.count < text.count / 3)
  }

  /// Ten megabytes of the same, in chunks, by one thread (F30).
  @Test(
    .enabled(if: isOptimised, "times mean something in release builds only"), .serialized,
    arguments: [
      ("a", WordPattern.gpt2), (" ", .gpt2), ("^", .llama3), ("👩‍🚀", .qwen2), ("e\u{301}\u{302}", .llama3),
    ])
  func tenMegabytesOfTheSame(_ unit: String, _ pattern: WordPattern) throws {
    let chunk = Array(repeatElement(Array(unit.utf8), count: 1000).joined())
    var options = options(16_384)
    options.pattern = pattern
    var trained: TrainedTokenizer?
    let duration = try processorTime {
      var trainer = try BPETrainer(options, pool: WorkerPool(count: 1))
      for _ in 0..<10_000_000 / chunk.count { try chunk.withUnsafeBytes { try trainer.append($0) } }
      trained = try trainer.train()
    }
    #expect(duration < .seconds(2))
    #expect(trained?.byteCount == 10_000_000 / chunk.count * chunk.count)
  }

  @Test func filesThatCannotBeRead() throws {
    let folder = ScratchDirectory()
    var trainer = try BPETrainer(options(), pool: WorkerPool(count: 1))
    #expect(throws: FileError.self) { try trainer.add(file: folder.file("missing.txt")) }
    #expect(throws: FileError.notRegular(path: folder.path, kind: "a directory")) {
      try trainer.add(file: folder.path)
    }
    // Nothing was added by them.
    #expect(throws: BPETrainingError.noText) { try trainer.train() }
    try trainer.add(file: folder.write("empty.txt", []))
    #expect(throws: BPETrainingError.noText) { try trainer.train() }
  }

  @Test func filesAreNotOverwrittenUnasked() throws {
    let folder = ScratchDirectory()
    let trained = try train(options(), [Array("abab abab".utf8)])
    folder.write("tokenizer_config.json", [1])
    #expect(throws: FileError.exists(path: folder.file("tokenizer_config.json"))) {
      try trained.write(to: folder.path, replacing: false)
    }
    #expect(folder.names == ["tokenizer_config.json"])
    try trained.write(to: folder.path, replacing: true)
    #expect(folder.names == ["tokenizer.json", "tokenizer_config.json"])
    #expect(readFile(folder.file("tokenizer.json")) == trained.tokenizerJSON)
    #expect(throws: FileError.self) {
      try trained.write(to: folder.file("tokenizer.json/x"), replacing: true)
    }
  }

  @Test func whatReadsDocumentsMayFail() throws {
    struct Broken: Error {}
    var trainer = try BPETrainer(options(), pool: WorkerPool(count: 1))
    var count = 0
    #expect(throws: Broken.self) {
      try trainer.add {
        count += 1
        if count == 3 { throw Broken() }
        return Array("abab".utf8)
      }
    }
    #expect(try trainer.train().wordCount == 2)
  }
}
