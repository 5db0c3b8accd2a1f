// `apus data tokenizer`: a byte-pair tokenizer learned from texts.

import ApusBasics
import ApusData
import ApusRuntime
import ApusText

enum DataTokenizerCommand: Command {
  static let name = "data tokenizer"
  static let summary = "Learn a byte-pair tokenizer from texts"
  static let discussion = [
    "Inputs are those of 'apus data tokenize': text files, each one document unless a separator is given, and JSON "
      + "lines, each a document; .gz and .zst in builds with --traits Compression. Memory grows with the different words, "
      + "not with the text.",
    "DIR gets tokenizer.json and tokenizer_config.json, as Hugging Face's libraries read them. The tokenizer is the "
      + "one that their BpeTrainer learns from the same documents, for any number of threads.",
  ]
  static let examples = [
    "apus data tokenizer corpus.txt --vocabulary 16384 --output tokenizer",
    "apus data tokenizer a.jsonl b.txt -o tokenizer --special '<s>' --special '</s>' --pattern llama3",
  ]

  private static let inputs = Positional.rest(
    "INPUT", isFile: true, help: "Files of text or JSON lines; - is standard input")
  private static let vocabulary = Option<Int>.integer(
    "vocabulary", default: 16_384, help: "Tokens to reach: special tokens, 256 bytes, and pieces")
  private static let output = Option<String?>.file(
    "output", "o", placeholder: "DIR", help: "The folder to write to, made if it is not there")
  private static let frequency = Option<Int>.integer(
    "min-frequency", default: 2, help: "How often a pair must occur to become a piece")
  private static let special = Option<[String]>.list(
    "special", placeholder: "TOKEN",
    help: "A special token, <|endoftext|> if none is given; the first one ends documents")
  private static let pattern = Option<WordPattern>.choice(
    "pattern", placeholder: "NAME", default: .gpt2, help: "How text is cut into words")
  private static let force = Option.flag("force", help: "Replace a tokenizer that is in DIR")

  static let arguments = [inputs.row]
  static let options =
    [vocabulary.row, output.row, frequency.row, special.row, pattern.row, force.row] + ReadingFlags.rows
    + [CommonOptions.threads.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let paths = values[inputs]
    guard !paths.isEmpty else { throw CommandError.usage("no input: name files of text or JSON lines") }
    guard let output = values[output] else {
      throw CommandError.usage("no output: name a folder with --output")
    }
    var asked = BPETrainingOptions(vocabularySize: values[vocabulary])
    asked.minimumFrequency = values[frequency]
    asked.pattern = values[pattern]
    if values.has(special) { asked.specialTokens = values[special] }
    var reading = try ReadingFlags.options(values)
    // Long texts come in parts, so that little is held of them.
    reading.cutsAt = 1 << 20

    let runtime = try CommonOptions.runtime(values, console)
    let start = MonotonicClock.nanoseconds
    var trainer = try BPETrainer(asked, pool: runtime.workers)
    // What would fail at the end, or after hours of reading other files, fails now.
    if !values[force] { try TrainedTokenizer.checkFolder(output) }
    for path in paths where path != "-" && FileKind(path) == .none {
      throw CommandError.failure("\(path): there is no such file")
    }
    try read(paths, reading, into: &trainer, console)
    let trained = try learn(&trainer, asked, console)
    try trained.write(to: output, replacing: values[force])
    let seconds = Double(MonotonicClock.nanoseconds - start) * 1e-9
    try report(trained, output, seconds, values, runtime, console)
  }

  private static func read(
    _ paths: [String], _ options: ReadingOptions, into trainer: inout BPETrainer, _ console: Console
  ) throws {
    let reader = DocumentReader(paths, options)
    var bar = ProgressBar("reading", total: ReadingFlags.bytes(of: paths), on: console)
    defer { bar.finish() }
    try trainer.add(reader) { bar.update($0.fileBytes) }
    bar.finish()
    console.notes(ReadingFlags.notes(reader.report))
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
