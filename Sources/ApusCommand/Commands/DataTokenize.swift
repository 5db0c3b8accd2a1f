// `apus data tokenize`: text to token shards, for training.

import ApusBasics
import ApusData
import ApusRuntime
import ApusText

enum DataTokenizeCommand: Command {
  static let name = "data tokenize"
  static let summary = "Turn text into token shards to train from"
  static let discussion = [
    "Inputs are text files, each one document unless a separator is given, and JSON lines, each a document; .gz and "
      + ".zst in builds with --traits Compression. They are read as a stream, so they may be larger than memory. "
      + "The result does not depend on the number of threads.",
    "OUTPUT becomes a folder of shards and a dataset.json, which is written last. Documents for validation are "
      + "chosen by a hash of their text: a document stays on its side when others are added. A corpus of one document "
      + "is cut in two.",
  ]
  static let examples = [
    "apus data tokenize corpus.jsonl.zst --tokenizer tokenizer.json --output data --validation 0.01",
    "apus data tokenize stories.txt --separator '<|endoftext|>' --tokenizer gpt2/ --output data",
  ]

  private static let inputs = Positional.rest(
    "INPUT", isFile: true, help: "Files of text or JSON lines; - is standard input")
  private static let tokenizer = Option<String?>.file(
    "tokenizer", help: "A GGUF file, a Hugging Face folder or a tokenizer.json")
  private static let output = Option<String?>.file("output", "o", help: "The folder to write")
  private static let force = Option.flag("force", help: "Replace the data set in the folder")
  private static let shardTokens = Option<Int>.integer(
    "shard-tokens", in: 1...Int.max, default: TokenizingOptions().shardTokens,
    help: "Tokens of a shard; the document that reaches them is its last")
  private static let validation = Option<Double>.number(
    "validation", in: 0...0.99, default: 0, help: "Share of the documents to keep for validation")
  private static let bos = Option<Bool>.toggle(
    "bos", default: true, help: "Begin documents with the tokens the model wants there")
  private static let eos = Option<Bool>.toggle(
    "eos", default: true, help: "End documents with the end-of-text token")
  private static let special = Option.flag(
    "parse-special", help: "Control tokens spelled in the text become control tokens")

  static let arguments = [inputs.row]
  static let options =
    [tokenizer.row, output.row, force.row] + ReadingFlags.rows + [
      validation.row, shardTokens.row, bos.row, eos.row, special.row,
      CommonOptions.threads.row, CommonOptions.json.row,
    ]

  static func run(_ values: Values, _ console: Console) throws {
    let paths = values[inputs]
    guard !paths.isEmpty else { throw CommandError.usage("no input: name files of text or JSON lines") }
    guard let tokenizerPath = values[tokenizer] else {
      throw CommandError.usage("no tokenizer: name one with --tokenizer")
    }
    guard let folder = values[output] else {
      throw CommandError.usage("no output: name a folder with --output")
    }
    let settings = try settings(values)
    let interrupt = Interrupt.install()
    let runtime = try CommonOptions.runtime(values, console)
    let tokenizing = try CorpusTokenizer(
      TokenizerFile.open(tokenizerPath, console), settings, runtime: runtime)
    var bar = ProgressBar("tokenizing", total: ReadingFlags.bytes(of: paths), on: console)
    defer { bar.finish() }
    let start = MonotonicClock.nanoseconds
    let report = try tokenizing.write(
      paths, to: folder, name: tokenizerPath, replacing: values[force]
    ) { report in
      try interrupt.check()
      bar.update(report.reading.fileBytes)
    }
    bar.finish()
    let seconds = Double(MonotonicClock.nanoseconds - start) * 1e-9
    console.notes(notes(report))
    if values[CommonOptions.json] {
      try console.json(json(report, folder, seconds))
    } else {
      try show(report, folder, seconds, console)
    }
  }

  private static func settings(_ values: Values) throws(CommandError) -> TokenizingOptions {
    var options = TokenizingOptions()
    options.reading = try ReadingFlags.options(values)
    options.begins = values[bos] ? nil : false
    options.ends = values[eos]
    options.parsesSpecial = values[special]
    options.validation = values[validation]
    options.shardTokens = values[shardTokens]
    return options
  }

  /// What a careful user should know.
  private static func notes(_ report: TokenizingReport) -> [String] {
    let reading = report.reading
    var notes = ReadingFlags.notes(reading)
    if report.invalidPieces > 0 {
      notes.append("\(countText(report.invalidPieces)) pieces of text hold bytes that are no UTF-8")
    }
    if reading.forcedCuts > 0 {
      notes.append(
        "texts were cut in \(countText(reading.forcedCuts)) places, because they are longer than "
          + sizeText(ReadingOptions().longest))
    }
    if report.isCutForValidation {
      notes.append("the corpus is one document, so its end was kept for validation")
    }
    return notes
  }

  private static func show(
    _ report: TokenizingReport, _ folder: String, _ seconds: Double, _ console: Console
  ) throws {
    var line =
      "\(folder): \(countText(report.train.tokens)) tokens in \(countText(report.train.documents)) documents"
    if report.validation.tokens > 0 {
      line +=
        ", for validation \(countText(report.validation.tokens)) in \(countText(report.validation.documents))"
    }
    try console.line(line)
    let bytes = Double(report.reading.textBytes)
    try console.line(
      "\(sizeText(report.reading.textBytes)) of text, \(fixed(bytes / Double(report.tokens), 2)) bytes a token; "
        + "\(fixed(Double(report.tokens) / seconds, 0)) tokens/s, \(fixed(bytes / seconds * 1e-6, 1)) MB/s")
  }

  private static func json(_ report: TokenizingReport, _ folder: String, _ seconds: Double) -> JSONValue {
    func part(_ part: TokenizingReport.Part) -> JSONValue {
      .members(["documents": .integer(part.documents), "tokens": .integer(part.tokens)])
    }
    return .members([
      "output": .string(folder), "train": part(report.train), "validation": part(report.validation),
      "textBytes": .integer(report.reading.textBytes), "badLines": .integer(report.reading.badLines),
      "firstBad": .array(report.reading.firstBad.map { .string($0) }),
      "emptyDocuments": .integer(report.reading.emptyDocuments),
      "invalidPieces": .integer(report.invalidPieces),
      "forcedCuts": .integer(report.reading.forcedCuts), "seconds": .double(seconds),
      "tokensPerSecond": .double(Double(report.tokens) / seconds),
    ])
  }
}
