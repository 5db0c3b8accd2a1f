// `apus search`: the passages of a folder that are closest to a question, by meaning.

import ApusBasics
import ApusInference
import ApusRuntime
import ApusSearch

enum SearchCommand: Command {
  static let name = "search"
  static let summary = "Search a folder of texts by meaning"
  static let discussion = [
    "The first search embeds every passage of the folder's texts and keeps the vectors in an index, .apus-index in the "
      + "folder unless --index names another place; later ones embed only what has changed. The index is replaced as a "
      + "whole: an interrupted search leaves the old one.",
    "Every vector is compared with the question. Queries are arguments, or lines of standard input.",
  ]
  static let examples = [
    "apus search embeddinggemma-300m-Q8_0.gguf notes \"how do swifts sleep?\"",
    "apus search all-MiniLM-L6-v2 docs --precision int8 --top 3 < questions.txt",
  ]

  /// Passages embedded between two looks at Ctrl-C: enough to fill dozens of steps.
  private static let textsAtOnce = 32

  private static let folder = Positional.one(
    "FOLDER", isFile: true, help: "A folder of texts, or an index file to search as it is")
  private static let queries = Positional.rest(
    "QUERY", help: "Questions; without any, lines of standard input")
  private static let index = Option<String?>.file("index", help: "Where the index is")
  private static let update = Option<Bool>.toggle(
    "update", default: true, help: "Bring the index up to date with the folder first")
  private static let rebuild = Option.flag("rebuild", help: "Build the index anew, whatever is there")
  private static let top = Option<Int>.integer(
    "top", "k", in: 1...100_000, default: 5, help: "Passages to show for each question")
  private static let precision = Option<ScanPrecision>.choice(
    "precision", placeholder: "KIND", default: .f32,
    help: "Read all vectors as they are, or in 8 bits and the best of them as they are")
  private static let similarity = Option<Similarity>.choice(
    "similarity", placeholder: "KIND", default: .cosine, help: "How vectors are compared")
  private static let passage = Option<Int>.integer(
    "passage", placeholder: "BYTES", in: 64...100_000, default: 800, help: "Bytes a passage should have")

  private static let longTexts = EmbeddingFlags.longTexts(default: .split)

  static let arguments = [ModelFile.argument.row, folder.row, queries.row]
  static let options =
    [
      index.row, update.row, rebuild.row, top.row, precision.row, similarity.row, passage.row,
      EmbeddingFlags.pooling.row, EmbeddingFlags.dimension.row,
    ] + EmbeddingFlags.loading(longTexts: longTexts)

  static func run(_ values: Values, _ console: Console) throws {
    let path = try indexPath(values)
    if values[queries].contains(where: isBlank) { throw CommandError.failure("a query is empty") }
    let interrupt = Interrupt.install()
    let model = try EmbeddingFlags.load(values, console, longTexts: longTexts)
    // Models that were trained with prompts tell questions from passages by them.
    let (asking, passages) = (prompt("query", model), prompt("document", model))
    let identity = try model.fingerprint() + (passages.map { "-\($0)" } ?? "")
    if FileKind(values[folder]) == .folder, values[update] || values[rebuild] {
      try refresh(path, values, console, identity, model, passages, interrupt)
    }
    guard FileKind(path) != .none else {
      throw CommandError.failure("\(path): there is no index; leave out --no-update to build it")
    }
    let scanner = try VectorScanner(VectorIndex.open(path, model: identity), runtime: model.runtime)
    if values.has(similarity), scanner.index.similarity != values[similarity] {
      throw CommandError.failure(
        "\(path): the index compares vectors by \(scanner.index.similarity.rawValue); let it be updated for \(values[similarity].rawValue)"
      )
    }
    if scanner.index.count == 0 { console.note("note: \(oneLine(values[folder])) holds no text to search") }
    if values[precision] == .int8, !scanner.index.hasBytes {
      throw CommandError.failure(
        "\(path): the index has no 8-bit vectors; let it be updated with --precision int8, or scan in f32")
    }
    for query in values[queries] { try answer(query, asking, scanner, model, values, console) }
    guard values[queries].isEmpty else { return }
    while true {
      if console.input.isTerminal {
        try console.write("> ")
        try console.output.flush()
      }
      let line = try console.input.readLine()
      try interrupt.check()
      guard case .text(let query) = line else { return }
      if isBlank(query) { continue }
      try answer(query, asking, scanner, model, values, console)
      try console.output.flush()
    }
  }

  private static func prompt(_ name: String, _ model: EmbeddingModel) -> String? {
    model.prompts[name] == nil ? nil : name
  }

  private static func indexPath(_ values: Values) throws(CommandError) -> String {
    let place = values[folder]
    switch FileKind(place) {
    case .none: throw .failure("\(place): there is no such folder")
    case .other: throw .failure("\(place): is neither a folder nor an index")
    case .file: return values[index] ?? place
    case .folder: return values[index] ?? place + (place.hasSuffix("/") ? "" : "/") + ".apus-index"
    }
  }

  private static func refresh(
    _ path: String, _ values: Values, _ console: Console, _ identity: String, _ model: EmbeddingModel,
    _ prompt: String?, _ interrupt: Interrupt
  ) throws {
    if values[rebuild], values[index] != nil { try checkReplaceable(path, identity) }
    var options = FolderIndexOptions(model: identity, dimension: model.dimension)
    options.similarity = values[similarity]
    options.storesBytes = values[precision] == .int8
    options.passageBytes = values[passage]
    options.rebuilds = values[rebuild]
    var bar: ProgressBar?
    defer { bar?.finish() }
    let report: FolderIndexReport
    do {
      report = try FolderIndex.update(path, of: TextFolder(values[folder]), options) { texts in
        try stride(from: 0, to: texts.count, by: textsAtOnce).flatMap { start in
          try interrupt.check()
          return try model.embed(Array(texts[start...].prefix(textsAtOnce)), prompt: prompt)
        }
      } progress: { done, total in
        if bar == nil { bar = ProgressBar("indexing", total: total, on: console) }
        bar?.update(done)
      }
    } catch let error as VectorIndexError {
      switch error {
      case .size, .damaged, .otherModel: throw CommandError.failure("\(error) (--rebuild)")
      case .notAnIndex where values[index] == nil: throw CommandError.failure("\(error) (--rebuild)")
      default: throw error
      }
    }
    bar?.finish()
    guard report.isWritten || values[CommonOptions.verbose] else { return }
    console.note(
      "\(path): \(counted(report.passages, "passage")) of \(counted(report.files, "file")), "
        + "\(report.embedded) embedded now")
    let shown = values[CommonOptions.verbose] ? report.skipped.count : 3
    for file in report.skipped.prefix(shown) {
      console.note("note: left out: \(oneLine(file.name)) \(file.reason)")
    }
    if report.skipped.count > shown {
      console.note("note: \(report.skipped.count - shown) more files were left out; -v lists them")
    }
  }

  /// Throws when a file that the user named is something else than an index: it might be dear to them.
  private static func checkReplaceable(_ path: String, _ identity: String) throws {
    guard FileKind(path) == .file else { return }
    do {
      _ = try VectorIndex.open(path, model: identity)
    } catch VectorIndexError.notAnIndex(_, let reason) {
      throw CommandError.failure(
        "\(path): is no index of vectors: \(reason); delete it first, or let --index name another place")
    } catch is VectorIndexError {}
  }

  private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

  private static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  private static func answer(
    _ query: String, _ prompt: String?, _ scanner: VectorScanner, _ model: EmbeddingModel, _ values: Values,
    _ console: Console
  ) throws {
    let vector = try model.embed([query], prompt: prompt)[0]
    let start = MonotonicClock.nanoseconds
    let matches = try scanner.search(vector, count: values[top], precision: values[precision])
    let seconds = Double(MonotonicClock.nanoseconds - start) * 1e-9
    if values[CommonOptions.verbose] {
      let rate = Double(scanner.bytesPerScan(values[precision])) / seconds * 1e-9
      console.note(
        "scanned \(scanner.index.count) vectors in \(fixed(seconds * 1e3, 2)) ms, \(fixed(rate, 1)) GB/s")
    }
    if values[CommonOptions.json] {
      let results = try matches.map { match -> JSONValue in
        let entry = try scanner.index.entry(match.row)
        return .members([
          "score": .double(Double(match.score)), "source": .string(entry.source),
          "start": .integer(entry.range.lowerBound), "end": .integer(entry.range.upperBound),
          "text": .string(entry.text),
        ])
      }
      return try console.json(.members(["query": .string(query), "results": .array(results)]))
    }
    for match in matches {
      let entry = try scanner.index.entry(match.row)
      try console.write(fixed(Double(match.score), 3) + "  ")
      try console.foreign("\(oneLine(entry.source)):\(entry.range.lowerBound)\n")
      try console.foreign("       \(shortened(oneLine(entry.text), to: max(40, 2 * (console.width - 8))))\n")
    }
  }

  private static func shortened(_ text: String, to count: Int) -> String {
    text.count <= count ? text : text.prefix(count - 1) + "…"
  }
}
