// A tokenizer on the command line: of a GGUF file, of a Hugging Face folder, or a `tokenizer.json` alone.

import ApusBasics
import ApusModels
import ApusText

enum TokenizerFile {
  /// The tokenizer at `path`, with what is odd about it told.
  static func open(_ path: String, _ console: Console) throws -> any Tokenizer {
    guard path.hasSuffix(".json") else { return try ModelFile.tokenizer(path, console) }
    let tokenizer = try ModelFile.naming(path) { try makeTokenizer(json: path) }
    console.notes(tokenizer.notes.map { "\(path): \($0)" })
    return tokenizer
  }
}
