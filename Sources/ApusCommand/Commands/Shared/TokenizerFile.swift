// A tokenizer on the command line: of a GGUF file, of a Hugging Face folder, or a `tokenizer.json` alone.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusText

enum TokenizerFile {
  /// The tokenizer at `path`, with what is odd about it told.
  static func open(_ path: String, _ console: Console) throws -> any Tokenizer {
    if FileKind(path) == .folder {
      let file = "\(path)/tokenizer.json"
      guard FileKind(file) == .file else { throw CommandError.failure("\(path): has no tokenizer.json") }
      return try json(file, folder: path, console)
    }
    if path.hasSuffix(".json") {
      let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
      return try json(path, folder: folder, console)
    }
    return try ModelFile.tokenizer(of: ModelFile.open(path, console), console)
  }

  /// The tokenizer of a `tokenizer.json`; the settings that name its special tokens lie beside it or not at all.
  private static func json(
    _ path: String, folder: String, _ console: Console
  ) throws -> any Tokenizer {
    let config = "\(folder)/tokenizer_config.json"
    let settings = FileKind(config) == .file ? try value(config) : nil
    let file = try MappedFile(path: path)
    let tokenizer = try withExtendedLifetime(file) {
      try HuggingFaceTokenizer.make(file.bytes, config: settings, name: path)
    }
    console.notes(tokenizer.notes.map { "\(path): \($0)" })
    return tokenizer
  }

  private static func value(_ path: String) throws -> JSONValue {
    let file = try MappedFile(path: path)
    return try ModelFile.naming(path) {
      try withExtendedLifetime(file) { try JSONValue(parsing: file.bytes) }
    }
  }
}
