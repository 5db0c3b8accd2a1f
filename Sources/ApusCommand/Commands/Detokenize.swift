// `apus detokenize`: the text of token ids.

import ApusText

enum DetokenizeCommand: Command {
  static let name = "detokenize"
  static let summary = "Show the text of token ids"
  static let discussion = [
    "Ids are whole numbers with spaces or commas between them; brackets are ignored, so that the output of "
      + "apus tokenize --ids can be given back. The bytes of the text are written as they are."
  ]
  static let examples = [
    "apus detokenize model.gguf 1 9038 2501", "apus detokenize model.gguf --stdin < ids.txt",
  ]

  private static let ids = Positional.rest("IDS", help: "Token ids; none, or -, is standard input")
  private static let stdin = Option.flag("stdin", help: "Read the ids from standard input")
  private static let special = Option.flag("special", help: "Show control tokens, too")

  static let arguments = [ModelFile.argument.row, ids.row]
  static let options = [ModelFile.option.row, stdin.row, special.row]

  static func run(_ values: Values, _ console: Console) throws {
    let path = try ModelFile.path(values)
    let tokens = try tokens(values, console)
    let tokenizer = try ModelFile.tokenizer(path, console)
    for (index, token) in tokens.enumerated() where !tokenizer.vocabulary.contains(token) {
      throw CommandError.failure(
        "id \(token) (number \(index + 1) given) is no token of \(path): ids run from 0 to "
          + "\(tokenizer.vocabulary.count - 1)")
    }
    let bytes = tokenizer.decode(tokens, special: values[special])
    try console.output.writeForeign(bytes)
    if console.output.isTerminal { try console.line() }
  }

  private static func tokens(_ values: Values, _ console: Console) throws(CommandError) -> [Int32] {
    let words = values[ids]
    if !words.isEmpty, words != ["-"] {
      guard !values[stdin] else { throw .usage("the ids are given twice") }
      return try parse(Array(words.joined(separator: " ").utf8)) { .usage($0) }
    }
    if words.isEmpty, !values[stdin], console.input.isTerminal { throw .usage("no ids") }
    return try parse(try InputFile.read("-", console)) { .failure("standard input: \($0)") }
  }

  /// The numbers in a list such as `[1, 2, 3]` or `1 2 3`.
  private static func parse(
    _ bytes: [UInt8], _ problem: (String) -> CommandError
  ) throws(CommandError) -> [Int32] {
    var tokens: [Int32] = []
    for part in bytes.split(whereSeparator: { " ,[]\n\r\t".utf8.contains($0) }) {
      let text = String(decoding: part, as: UTF8.self)
      guard let token = Int32(text), token >= 0 else { throw problem("'\(visible(text))' is no token id") }
      tokens.append(token)
    }
    return tokens
  }
}
