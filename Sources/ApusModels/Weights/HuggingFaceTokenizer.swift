// The tokenizer of a Hugging Face folder, from its `tokenizer.json` and `tokenizer_config.json`.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusText

/// The tokenizer a folder describes, which need not hold a model.
///
/// - Throws: `HuggingFaceError` for a missing file, and what `HuggingFaceTokenizer.make` throws.
/// - Complexity: O(bytes of the vocabulary).
package func makeTokenizer(inFolder path: String) throws -> any Tokenizer {
  guard let file = try HuggingFaceFolder.file(path, "tokenizer.json") else {
    throw HuggingFaceError(path, .missing("tokenizer.json"))
  }
  return try withExtendedLifetime(file) {
    try HuggingFaceTokenizer.make(
      file.bytes, config: HuggingFaceFolder.json(path, "tokenizer_config.json"),
      name: "\(path)/tokenizer.json")
  }
}

/// How conversations are written down by the word of a GGUF file, of a folder, or of the settings beside a `tokenizer.json`;
/// nil when it is not said.
///
/// - Throws: `GGUFError`, `HuggingFaceError`, `FileError`.
package func chatTemplate(at path: String) throws -> String? {
  if path.hasSuffix(".json") {
    return try HuggingFaceFolder.chatTemplate(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
  }
  if HuggingFaceFolder.isFolder(path) { return try HuggingFaceFolder.chatTemplate(path) }
  return try GGUFFile.open(path).metadata.string("tokenizer.chat_template")
}

/// The tokenizer of a `tokenizer.json` under any name; the settings that name its special tokens lie beside it or not at
/// all.
///
/// - Throws: as for a folder.
package func makeTokenizer(json path: String) throws -> any Tokenizer {
  let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  let file = try MappedFile(path: path)
  return try withExtendedLifetime(file) {
    try HuggingFaceTokenizer.make(
      file.bytes, config: HuggingFaceFolder.json(folder, "tokenizer_config.json"), name: path)
  }
}
