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
    "apus embed model.gguf --jsonl --prompt-name document --format jsonl < texts.jsonl",
  ]

  private static let texts = Positional.rest("TEXT", help: "Texts; without any, lines of standard input")
  private static let files = Option<[String]>.list(
    "file", "f", placeholder: "FILE", help: "Read a file; - is standard input; may be repeated")
  private static let lines = Option.flag("lines", help: "Every line of a file is a text")
  private static let jsonl = Option.flag("jsonl", help: "Every line of a file is a text in JSON")
  private static let field = Option<String?>.text(
    "field", placeholder: "NAME", defaultText: "text", help: "The member of a JSON line that holds the text")
  private static let format = Option<VectorFormat>.choice(
    "format", placeholder: "FORMAT", default: .json,
    help: "How vectors are written; --out's suffix decides, too")
  private static let out = Option<String?>.file(
    "out", "o", help: "Write to a file, which appears when complete")
  private static let skip = Option<Int>.integer(
    "skip-bad", in: 0...Int.max, default: 0, help: "Leave out up to N bad texts, and count them")

  static let arguments = [EmbeddingFlags.model.row, texts.row]
  static let options =
    [files.row, lines.row, jsonl.row, field.row, format.row, out.row, skip.row] + EmbeddingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    var input = try input(values, console)
    let interrupt = Interrupt.install()
    let model = try EmbeddingFlags.load(values, console)
    let path = values[out]
    let format =
      values.has(Self.format) ? values[Self.format] : path.flatMap(VectorFormat.init(suffixOf:)) ?? .json
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
    try output.finish()
    if count == 0, skipped.count == 0 { throw CommandError.usage("no text") }
    if let note = skipped.note { console.note(note) }
    if let path { console.note("wrote \(count) × \(model.dimension) float32 to \(path)") }
  }

  private static func input(_ values: Values, _ console: Console) throws(CommandError) -> TextInput {
    guard !(values[lines] && values[jsonl]) else { throw .usage("--lines and --jsonl exclude each other") }
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
    var batch = batch
    while !batch.isEmpty {
      do {
        return Array(zip(batch, try model.embed(batch.map(\.bytes), prompt: prompt)))
      } catch let error as EmbeddingError {
        guard let index = error.textIndex else { throw error }
        try skipped.add(batch.remove(at: index).place, error.problem)
      }
    }
    return []
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
      throw .failure("\(place): \(problem)" + (limit > 0 ? "; \(limit) bad texts were left out before" : ""))
    }
    if places.count < 5 { places.append(place) }
  }

  var note: String? {
    guard count > 0 else { return nil }
    let more = count > places.count ? " and \(count - places.count) more" : ""
    return
      "note: \(count) bad text\(count == 1 ? " was" : "s were") left out: \(places.joined(separator: ", "))\(more)"
  }
}
