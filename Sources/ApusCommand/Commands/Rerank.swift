// `apus rerank`: texts in the order in which they answer a query.

import ApusBasics
import ApusInference

enum RerankCommand: Command {
  static let name = "rerank"
  static let summary = "Order texts by how well they answer a query"
  static let discussion = [
    "The model is a cross-encoder such as BGE-reranker: it reads the query together with each text and gives a score. "
      + "Scores are the classifier's output; --sigmoid brings them between 0 and 1.",
    "Texts are arguments, files (-f, each one text), or lines of standard input or of files (--lines).",
  ]
  static let examples = [
    "apus rerank bge-reranker-v2-m3 \"What is a swift?\" --lines -f texts.txt --top 5"
  ]

  private static let query = Positional.one("QUERY", help: "What the texts should answer")
  private static let texts = Positional.rest("TEXT", help: "Texts; without any, lines of standard input")
  private static let files = Option<[String]>.list(
    "file", "f", placeholder: "FILE", help: "Read a file; - is standard input")
  private static let lines = Option.flag("lines", help: "Every line of a file is a text")
  private static let top = Option<Int?>.integer(
    "top", in: 1...Int.max, defaultText: "all", help: "Show the best N only")
  private static let sigmoid = Option.flag("sigmoid", help: "Show 1 / (1 + exp(-score))")

  static let arguments = [ModelFile.argument.row, query.row, texts.row]
  static let options = [files.row, lines.row, top.row, sigmoid.row] + EmbeddingFlags.loading()

  static func run(_ values: Values, _ console: Console) throws {
    let texts = try readTexts(values, console)
    guard !texts.isEmpty else { throw CommandError.failure("no text to order") }
    guard !values[query].allSatisfy(\.isWhitespace) else { throw CommandError.failure("the query is empty") }
    let model = try EmbeddingFlags.loadReranker(values, console)
    let words = texts.map { String(decoding: $0.bytes, as: UTF8.self) }
    var scores: [Double]
    do {
      scores = try model.scores(query: values[query], texts: words).map(Double.init)
    } catch let error as EmbeddingError {
      guard let index = error.textIndex else { throw error }
      throw CommandError.failure("\(texts[index].place): \(error.problem)")
    }
    if values[sigmoid] { scores = scores.map(RerankModel.probability) }
    let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(values[top] ?? .max)
    if values[CommonOptions.json] {
      return try console.json(
        .members([
          "model": .string(model.name), "query": .string(values[query]),
          "results": .array(
            order.map { index in
              .members([
                "index": .integer(index), "score": .double(scores[index]), "text": .string(words[index]),
              ])
            }),
        ]))
    }
    for index in order {
      let score = fixed(scores[index], 4)
      try console.write(String(repeating: " ", count: max(0, 9 - score.count)) + score + "  ")
      try console.foreign(oneLine(words[index]) + "\n")
    }
  }

  private static func readTexts(_ values: Values, _ console: Console) throws -> [InputText] {
    var files = values[files]
    if files.isEmpty, values[texts].isEmpty {
      if console.input.isTerminal {
        throw CommandError.usage("no text: name some, a file (-f), or pipe lines in")
      }
      files = ["-"]
    }
    var input = TextInput(
      words: values[texts], files: files,
      form: values[lines] || values[Self.files].isEmpty ? .lines : .whole, field: "text", console)
    return try input.all()
  }
}
