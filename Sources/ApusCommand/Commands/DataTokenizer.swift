// `apus data tokenizer`: a byte-pair tokenizer learned from texts.

import ApusBasics
import ApusData
import ApusRuntime
import ApusText

enum DataTokenizerCommand: Command {
  static let name = "data tokenizer"
  static let summary = "Learn a byte-pair tokenizer from texts"
  static let discussion = [
    "Every TEXT is a file of plain text and one document. The tokenizer is written as tokenizer.json and "
      + "tokenizer_config.json, as Hugging Face's libraries read them, and is the one that their BpeTrainer learns "
      + "from the same documents. It does not depend on the number of threads."
  ]
  static let examples = [
    "apus data tokenizer corpus.txt --vocabulary 16384 --output tokenizer",
    "apus data tokenizer a.txt b.txt -o tokenizer --special '<s>' --special '</s>' --pattern llama3",
  ]

  private static let texts = Positional.rest("TEXT", isFile: true, help: "Files to learn from")
  private static let vocabulary = Option<Int>.integer(
    "vocabulary", default: 16_384, help: "Tokens to reach: special tokens, 256 bytes, and pieces")
  private static let output = Option<String?>.file(
    "output", "o", placeholder: "DIR", help: "The folder to write to, made if it is not there")
  private static let frequency = Option<Int>.integer(
    "min-frequency", default: 2, help: "How often a pair must occur to become a piece")
  private static let special = Option<[String]>.list(
    "special", placeholder: "TOKEN",
    help:
      "A special token; may be given several times, the first one ends documents. <|endoftext|> if there is none"
  )
  private static let pattern = Option<WordPattern>.choice(
    "pattern", placeholder: "NAME", default: .gpt2, help: "How text is cut into words")
  private static let force = Option.flag("force", help: "Replace a tokenizer that is in DIR")

  static let arguments = [texts.row]
  static let options = [
    vocabulary.row, output.row, frequency.row, special.row, pattern.row, force.row, CommonOptions.threads.row,
    CommonOptions.json.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    guard let output = values[output] else { throw CommandError.usage("--output DIR is missing") }
    let paths = values[texts]
    guard !paths.isEmpty else { throw CommandError.usage("TEXT is missing") }
    var asked = BPETrainingOptions(vocabularySize: values[vocabulary])
    asked.minimumFrequency = values[frequency]
    asked.pattern = values[pattern]
    if values.has(special) { asked.specialTokens = values[special] }

    let runtime = try CommonOptions.runtime(values, console)
    let start = MonotonicClock.nanoseconds
    var trainer = try BPETrainer(asked, pool: runtime.workers)
    let total = try checkedSizes(paths)
    if !values[force] { try TrainedTokenizer.checkFolder(output) }
    try read(paths, total, into: &trainer, console)
    let trained = try learn(&trainer, asked, console)
    try trained.write(to: output, replacing: values[force])
    let seconds = Double(MonotonicClock.nanoseconds - start) * 1e-9
    try report(trained, output, seconds, values, runtime, console)
  }

  /// How many bytes the files have together. A file that is missing or empty shows before hours of reading others.
  private static func checkedSizes(_ paths: [String]) throws -> Int {
    var total = 0
    for path in paths {
      let size = try MappedFile(path: path).byteCount
      guard size > 0 else { throw CommandError.failure("\(path) is empty, there is nothing to learn from") }
      total += size
    }
    return total
  }

  private static func read(
    _ paths: [String], _ total: Int, into trainer: inout BPETrainer, _ console: Console
  ) throws {
    var bar = ProgressBar("reading", total: total, on: console)
    var done = 0
    for path in paths {
      var last = 0
      try trainer.add(file: path) { position in
        bar.update(done + position)
        last = position
      }
      done += last
    }
    bar.finish()
  }

  private static func learn(
    _ trainer: inout BPETrainer, _ asked: BPETrainingOptions, _ console: Console
  ) throws -> TrainedTokenizer {
    var bar = ProgressBar("learning", total: asked.vocabularySize, unit: .items("tokens"), on: console)
    let trained = try trainer.train { tokens in
      // Looking at the clock at every merge would cost more than most merges.
      if tokens % 64 == 0 { bar.update(tokens) }
    }
    bar.finish()
    return trained
  }

  private static func report(
    _ trained: TrainedTokenizer, _ output: String, _ seconds: Double, _ values: Values, _ runtime: Runtime,
    _ console: Console
  ) throws {
    if let note = trained.note { console.note("note: \(note)") }
    let bytesPerToken = Double(trained.byteCount) / Double(trained.tokenCount)
    try console.line(
      "\(output): \(countText(trained.vocabularySize)) tokens from \(countText(trained.wordCount)) words, "
        + "\(countText(trained.distinctWords)) different, in \(fixed(seconds, 1)) s; "
        + "\(fixed(bytesPerToken, 2)) bytes per token of this text")
    guard values[CommonOptions.json] else { return }
    try console.json(
      .members([
        "output": .string(output), "vocabulary": .integer(trained.vocabularySize),
        "bytes": .integer(trained.byteCount), "words": .integer(trained.wordCount),
        "distinctWords": .integer(trained.distinctWords), "tokens": .integer(trained.tokenCount),
        "bytesPerToken": .double(bytesPerToken), "seconds": .double(seconds),
        "threads": .integer(runtime.workers.count),
      ]))
  }
}
