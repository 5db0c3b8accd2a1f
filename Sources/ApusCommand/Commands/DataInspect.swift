// `apus data inspect`: what a data set or a shard holds, and whether it is whole.

import ApusBasics
import ApusData
import ApusRuntime
import ApusText

enum DataInspectCommand: Command {
  static let name = "data inspect"
  static let summary = "Show and check a data set or a shard"
  static let discussion = [
    "Every shard is read as a whole: checksums, ids inside the vocabulary, documents one behind the other. The "
      + "beginning of each part is shown as text when the tokenizer is still where it was, or is named."
  ]
  static let examples = [
    "apus data inspect data", "apus data inspect data/train-00000.tokens --tokenizer tokenizer.json",
  ]

  private static let path = Positional.one(
    "PATH", isFile: true, help: "A folder of apus data tokenize, or a shard")
  private static let tokenizer = Option<String?>.file(
    "tokenizer",
    help: "The tokenizer it was made with: a GGUF file, a Hugging Face folder or a tokenizer.json")
  private static let tokens = Option<Int>.integer(
    "tokens", "n", in: 0...1_000_000, default: 64, help: "Tokens to show of each part")

  static let arguments = [path.row]
  static let options = [tokenizer.row, tokens.row, CommonOptions.threads.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let runtime = try CommonOptions.runtime(values, console)
    let path = values[path]
    var parts: [(name: String, dataset: TokenDataset)] = []
    var tokenizerPath = values[tokenizer]
    if FileKind(path) == .folder {
      let manifest = try DatasetManifest(folder: path)
      for part in DatasetPart.allCases where manifest.parts[part]?.isEmpty == false {
        parts.append((part.rawValue, try TokenDataset(folder: path, part: part, pool: runtime.workers)))
      }
      // A tokenizer that has moved since is no reason to show nothing.
      if tokenizerPath == nil, FileKind(manifest.tokenizer) != .none { tokenizerPath = manifest.tokenizer }
    } else {
      parts.append(("shard", try TokenDataset(shards: [path], pool: runtime.workers)))
    }
    let decoder = try tokenizerPath.map { try TokenizerFile.open($0, console) }
    var isOther = false
    if let decoder, let dataset = parts.first?.dataset {
      do {
        try dataset.check(decoder)
      } catch {
        guard !values.has(tokenizer) else { throw error }
        console.note("note: \(oneLine(error.description))")
        isOther = true
      }
    }
    let shown = parts.map { part in
      Shown(
        name: part.name, dataset: part.dataset,
        tokens: part.dataset.tokens(0..<min(values[tokens], part.dataset.tokenCount)),
        decoder: isOther ? nil : decoder)
    }
    if values[CommonOptions.json] {
      try console.json(.members(["path": .string(path), "parts": .array(shown.map(\.json))]))
    } else {
      for part in shown { try part.write(console) }
    }
  }

  /// A part on its way to the screen.
  private struct Shown {
    let name: String
    let dataset: TokenDataset
    let tokens: [Int32]
    let decoder: (any Tokenizer)?

    var fingerprint: String { String(dataset.fingerprint ?? 0, radix: 16) }

    var json: JSONValue {
      .members([
        "name": .string(name), "tokens": .integer(dataset.tokenCount),
        "documents": .integer(dataset.documentCount),
        "vocabularySize": .integer(dataset.vocabularySize), "fingerprint": .string(fingerprint),
        "shards": .array(
          dataset.shards.map { shard in
            .members([
              "path": .string(shard.path), "tokens": .integer(shard.tokenCount),
              "documents": .integer(shard.documentCount), "bytes": .integer(shard.byteCount),
            ])
          }),
        "first": .array(tokens.map { .integer(Int($0)) }),
        "text": decoder.map { .string($0.text(tokens, special: true)) } ?? .null,
      ])
    }

    func write(_ console: Console) throws {
      var sheet = Sheet()
      sheet.add("part", name)
      sheet.add("tokens", countText(dataset.tokenCount))
      sheet.add("documents", countText(dataset.documentCount))
      sheet.add("tokens a document", fixed(Double(dataset.tokenCount) / Double(dataset.documentCount), 1))
      sheet.add("vocabulary", countText(dataset.vocabularySize))
      sheet.add("tokenizer", fingerprint)
      let bytes = dataset.shards.reduce(0) { $0 + $1.byteCount }
      sheet.add("shards", "\(dataset.shards.count), \(sizeText(bytes)), all checked")
      sheet.add("first tokens", tokens.map(String.init).joined(separator: " "))
      for line in sheet.lines(width: console.width) { try console.line(line) }
      if let decoder {
        try console.line()
        try console.foreign(decoder.text(tokens, special: true))
        try console.line()
      }
      try console.line()
    }
  }
}
