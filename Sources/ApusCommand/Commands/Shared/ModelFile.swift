// What every command about a model file shares: how it is named, opened, and its tokenizer made.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusText

/// A model on the command line: the first argument, or `-m`.
enum ModelFile {
  static let option = Option<String?>.file("model", "m", help: "The model, instead of the first argument")
  static let argument = Positional<String?>.optional(
    "MODEL", isFile: true, replacedBy: "model",
    help: "A GGUF file, a Hugging Face folder, or \(DefaultModel.name), which is in the program")
  /// For commands that need not be told: a word alone that names no model is the next argument.
  static let defaultedArgument = Positional<String?>.optional(
    "MODEL", isFile: true, replacedBy: "model",
    help: "A GGUF file or a Hugging Face folder; without it \(DefaultModel.name), which is in the program",
    leaves: { !looksLikeModel($0) })

  /// Whether a word is rather the name of a model than the beginning of a text.
  private static func looksLikeModel(_ word: String) -> Bool {
    // Nothing is what an unset variable leaves of a model's name.
    if word.isEmpty || word == DefaultModel.name || FileKind(word) != .none { return true }
    return !word.contains { $0.isWhitespace } && (word.hasSuffix(".gguf") || word.contains("/"))
  }

  /// The path given either way, or the model in the program.
  static func pathOrDefault(_ values: Values) throws(CommandError) -> String {
    values[option] == nil && values[defaultedArgument] == nil ? DefaultModel.name : try path(values)
  }

  /// The path given either way.
  static func path(_ values: Values) throws(CommandError) -> String {
    guard let path = values[option] ?? values[argument], !path.isEmpty else {
      throw .usage("no model: name a GGUF file or a Hugging Face folder")
    }
    return path
  }

  /// A GGUF file; by its name the one in the program.
  static func gguf(_ path: String) throws(GGUFError) -> GGUFFile {
    try path == DefaultModel.name ? DefaultModel.file() : GGUFFile.open(path)
  }

  /// The files of a model, opened.
  static func open(_ path: String) throws -> ModelFiles {
    try path == DefaultModel.name ? ModelFiles(DefaultModel.file()) : ModelFiles(path)
  }

  /// The tokenizer of a file or a folder, with what is odd about it told. A folder need not hold a model.
  static func tokenizer(_ path: String, _ console: Console) throws -> any Tokenizer {
    let tokenizer: any Tokenizer
    if HuggingFaceFolder.isFolder(path) {
      tokenizer = try makeTokenizer(inFolder: path)
    } else {
      let file = try gguf(path)
      console.notes(file.warnings)
      tokenizer = try naming(path) { try makeTokenizer(from: file) }
    }
    console.notes(tokenizer.notes.map { "\(path): \($0)" })
    return tokenizer
  }

  /// Puts the file's name before errors that do not know it.
  ///
  /// - Parameter others: files that errors may be about, too.
  static func naming<Result>(
    _ name: String, or others: [String] = [], _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as any ApusError {
      let text = error.description
      let isNamed = ([name] + others).contains { text.hasPrefix($0) }
      throw isNamed ? error : CommandError.failure("\(name): \(text)")
    }
  }
}

extension Console {
  /// Tells the user each of `lines` on standard error.
  func notes(_ lines: [String]) {
    for line in lines { note("note: \(oneLine(line))") }
  }
}
