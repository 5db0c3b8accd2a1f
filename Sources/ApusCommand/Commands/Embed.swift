// `apus embed`: texts as vectors.

import ApusBasics
import ApusInference

enum EmbedCommand: Command {
  static let name = "embed"
  static let summary = "Turn texts into vectors"
  static let discussion = [
    "Texts are arguments, files (-f, each one text), or lines of standard input. --lines and --jsonl read a text from "
      + "every line instead; a line of JSON is a text or an object with the text as a member.",
    "A text's vector is the same alone and in any batch. A bad text stops the command with its place and leaves no "
      + "file behind; --skip-bad leaves out up to so many and counts them.",
  ]
  static let examples = [
    "apus embed embeddinggemma-300m-Q8_0.gguf \"Hello world\"",
    "apus embed all-MiniLM-L6-v2 --lines -f sentences.txt --out vectors.npy",
    "apus embed model.gguf --jsonl --prompt-name document -o v.jsonl < texts.jsonl",
  ]

  private static let texts = Positional.rest("TEXT", help: "Texts; without any, lines of standard input")
  private static let files = Option<[String]>.list(
    "file", "f", placeholder: "FILE", help: "Read a file; - is standard input")
  private static let lines = Option.flag("lines", help: "Every line of a file is a text")
  private static let jsonl = Option.flag("jsonl", help: "Every line of a file is a text in JSON")
  private static let field = Option<String?>.text(
    "field", placeholder: "NAME", defaultText: "text", help: "The member of a JSON line that holds the text")
  private static let format = Option<VectorFormat>.choice(
    "format", placeholder: "FORMAT", default: .json,
    help: "How vectors are written; without it, --out's suffix (.jsonl, .npy, .bin) says so")
  private static let out = Option<String?>.file(
    "out", "o", help: "Write to a file, which appears when complete")
  private static let skip = Option<Int>.integer(
    "skip-bad", in: 0...Int.max, default: 0, help: "Leave out up to N bad texts, and count them")

  static let arguments = [ModelFile.argument.row, texts.row]
  static let options =
    [files.row, lines.row, jsonl.row, field.row, format.row, out.row, skip.row] + EmbeddingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    var input = try input(values, console)
    let path = values[out]
    let format = try format(values)
    try VectorOutput.check(format, to: path, console)
    let interrupt = Interrupt.install()
    let model = try EmbeddingFlags.load(values, console)
    var output = try VectorOutput(format, to: path, model: model.name, dimension: model.dimension, console)
    var skipped = SkippedTexts(limit: values[skip])
    while true {
      let batch = try input.next()
      if batch.isEmpty { break }
      try interrupt.check()
      for (text, vector) in try vectors(batch, model, prompt: values[EmbeddingFlags.promptName], &skipped) {
        try output.append(vector, text)
      }
    }
    let count = output.count
    if count == 0, skipped.count == 0 { throw CommandError.failure("no text: the input is empty") }
    try output.finish()
    if let note = skipped.note { console.note(note) }
    guard let path else { return }
    console.note("wrote \(count) × \(model.dimension) float32 as \(format.rawValue) to \(path)")
    guard values[CommonOptions.json] else { return }
    try console.json(
      .members([
        "model": .string(model.name), "dimension": .integer(model.dimension), "texts": .integer(count),
        "leftOut": .integer(skipped.count), "out": .string(path), "format": .string(format.rawValue),
      ]))
  }

  private static func format(_ values: Values) throws(CommandError) -> VectorFormat {
    if values.has(format) {
      // What goes to standard output is either the vectors or the document.
      if values[CommonOptions.json], values[out] == nil, values[format] != .json {
        throw .usage("--json and --format \(values[format].rawValue) exclude each other without --out")
      }
      return values[format]
    }
    return values[out].flatMap(VectorFormat.init(suffixOf:)) ?? .json
  }

  private static func input(_ values: Values, _ console: Console) throws(CommandError) -> TextInput {
    guard !(values[lines] && values[jsonl]) else { throw .usage("--lines and --jsonl exclude each other") }
    guard values[jsonl] || !values.has(field) else { throw .usage("--field names a member of --jsonl lines") }
    var files = values[files]
    if files.isEmpty, values[texts].isEmpty {
      if console.input.isTerminal { throw .usage("no text: name one, a file (-f), or pipe lines in") }
      files = ["-"]
    }
    let form: TextInput.Form =
      values[jsonl] ? .jsonl : values[lines] || values[Self.files].isEmpty ? .lines : .whole
    return TextInput(
      words: values[texts], files: files, form: form, field: values[field] ?? "text", console)
  }

  /// The vectors of a batch; texts that are bad are left out as far as that is allowed.
  private static func vectors(
    _ batch: [InputText], _ model: EmbeddingModel, prompt: String?, _ skipped: inout SkippedTexts
  ) throws -> [(InputText, [Float])] {
    var rest = try batch.filter { text in
      if let problem = text.problem { try skipped.add(text.place, problem) }
      return text.problem == nil
    }[...]
    // Before a bad text all are good: they wait for the rest, so that no text is embedded twice.
    var good: [InputText] = []
    while true {
      do {
        let vectors = try model.embed(rest.map(\.bytes), prompt: prompt)
        let before = try model.embed(good.map(\.bytes), prompt: prompt)
        return Array(zip(good + rest, before + vectors))
      } catch let error as EmbeddingError {
        guard let index = error.textIndex else { throw error }
        let bad = rest.index(rest.startIndex, offsetBy: index)
        good += rest[..<bad]
        try skipped.add(rest[bad].place, error.problem)
        rest = rest[(bad + 1)...]
      }
    }
  }
}

/// The texts that were left out.
private struct SkippedTexts {
  let limit: Int
  private(set) var count = 0
  private var places: [String] = []

  init(limit: Int) {
    self.limit = limit
  }

  /// Leaves out a text, or throws when no more may be.
  mutating func add(_ place: String, _ problem: String) throws(CommandError) {
    count += 1
    guard count <= limit else {
      throw .failure("\(place): \(problem)" + (limit > 0 ? "; \(Self.leftOut(limit)) before" : ""))
    }
    if places.count < 5 { places.append(place) }
  }

  var note: String? {
    guard count > 0 else { return nil }
    let more = count > places.count ? " and \(count - places.count) more" : ""
    return "note: \(Self.leftOut(count)): \(places.joined(separator: ", "))\(more)"
  }

  private static func leftOut(_ count: Int) -> String {
    "\(count) bad text\(count == 1 ? " was" : "s were") left out"
  }
}
