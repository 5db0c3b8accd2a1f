// `apus tokenize`: a text as a model's tokens.

import ApusBasics
import ApusText

enum TokenizeCommand: Command {
  static let name = "tokenize"
  static let summary = "Show the tokens of a text"
  static let discussion = [
    "The text is the second argument, a file (-f), or standard input (--stdin, or no text at all). Bytes are "
      + "taken as they are, a final newline included."
  ]
  static let examples = [
    "apus tokenize model.gguf \"Once upon a time\"", "apus tokenize model.gguf --ids < story.txt",
  ]

  private static let text = Positional.optional("TEXT", help: "The text; - is standard input")
  private static let stdin = Option.flag("stdin", help: "Read the text from standard input")
  private static let file = Option.file("file", "f", help: "Read the text from a file; - is standard input")
  private static let ids = Option.flag("ids", help: "Print only the ids, as [1, 2, 3]")
  private static let bos = Option<Bool>.toggle(
    "bos", default: true, help: "Begin and end with the tokens the model wants there")
  private static let special = Option.flag(
    "parse-special", help: "Control tokens spelled in the text become control tokens")
  private static let json = Option.flag("json", help: "Print one JSON document")

  static let arguments = [ModelFile.argument.row, text.row]
  static let options = [ModelFile.option.row, stdin.row, file.row, ids.row, bos.row, special.row, json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let path = try ModelFile.path(values)
    let bytes = try input(values, console)
    let tokenizer = try ModelFile.tokenizer(path, console)
    let tokens = try ModelFile.naming(path) {
      try tokenizer.encode(bytes, addSpecial: values[bos], parseSpecial: values[special])
    }
    if values[json] {
      try console.json(
        .members([
          "model": .string(path), "count": .integer(tokens.count),
          "ids": .array(tokens.map { .integer(Int($0)) }),
          "pieces": .array(tokens.map { .string(text(of: $0, tokenizer)) }),
        ]))
    } else if values[ids] {
      try console.line("[" + tokens.map(String.init).joined(separator: ", ") + "]")
    } else {
      let width = String(max(0, tokenizer.vocabulary.count - 1)).count
      for token in tokens {
        let number = String(token)
        let padding = String(repeating: " ", count: max(0, width - number.count))
        try console.line("\(padding)\(number)  '\(visible(text(of: token, tokenizer), limit: .max))'")
      }
    }
  }

  private static func input(_ values: Values, _ console: Console) throws(CommandError) -> [UInt8] {
    let sources = [values[text] != nil, values[file] != nil, values[stdin]].count { $0 }
    guard sources <= 1 else { throw .usage("the text is given twice") }
    if let path = values[file] { return try InputFile.read(path, console) }
    if let word = values[text], word != "-" { return Array(word.utf8) }
    if sources == 0, console.input.isTerminal { throw .usage("no text") }
    return try InputFile.read("-", console)
  }

  private static func text(of token: Int32, _ tokenizer: any Tokenizer) -> String {
    var bytes: [UInt8] = []
    tokenizer.appendBytes(of: token, special: true, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
