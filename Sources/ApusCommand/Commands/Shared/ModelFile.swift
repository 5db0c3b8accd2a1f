// What every command about a model file shares: how it is named, opened, and its tokenizer made.

import ApusBasics
import ApusFiles
import ApusModels
import ApusText

/// A model on the command line: the first argument, or `-m`.
enum ModelFile {
  static let option = Option<String?>.file("model", "m", help: "The model, instead of the first argument")
  static let argument = Positional<String?>.optional(
    "MODEL", isFile: true, replacedBy: "model", help: "A GGUF file or a Hugging Face folder")

  /// The path given either way.
  static func path(_ values: Values) throws(CommandError) -> String {
    guard let path = values[option] ?? values[argument], !path.isEmpty else {
      throw .usage("no model: name a GGUF file or a Hugging Face folder")
    }
    return path
  }

  /// The tokenizer of a file or a folder, with what is odd about it told. A folder need not hold a model.
  static func tokenizer(_ path: String, _ console: Console) throws -> any Tokenizer {
    let tokenizer: any Tokenizer
    if HuggingFaceFolder.isFolder(path) {
      tokenizer = try makeTokenizer(inFolder: path)
    } else {
      let file = try GGUFFile.open(path)
      console.notes(file.warnings)
      tokenizer = try naming(path) { try makeTokenizer(from: file) }
    }
    console.notes(tokenizer.notes.map { "\(path): \($0)" })
    return tokenizer
  }

  /// Puts the file's name before errors that do not know it.
  static func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as any ApusError {
      let text = error.description
      throw text.hasPrefix(name) ? error : CommandError.failure("\(name): \(text)")
    }
  }
}

extension Console {
  /// Tells the user each of `lines` on standard error.
  func notes(_ lines: [String]) {
    for line in lines { note("note: \(oneLine(line))") }
  }
}
