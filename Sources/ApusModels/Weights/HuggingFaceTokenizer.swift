// The tokenizer of a Hugging Face folder, from its `tokenizer.json` and `tokenizer_config.json`.

import ApusBasics
import ApusFiles
import ApusText

/// The tokenizer a folder describes.
///
/// - Throws: `HuggingFaceError` for a missing file, and what `HuggingFaceTokenizer.make` throws.
/// - Complexity: O(bytes of the vocabulary).
package func makeTokenizer(from folder: HuggingFaceFolder) throws -> any Tokenizer {
  guard let file = try folder.file("tokenizer.json") else {
    throw HuggingFaceError(folder.path, .missing("tokenizer.json"))
  }
  return try withExtendedLifetime(file) {
    try HuggingFaceTokenizer.make(
      file.bytes, config: folder.json("tokenizer_config.json"), name: "\(folder.path)/tokenizer.json")
  }
}
