// What training gives: the vocabulary, as a tokenizer and as the files of a Hugging Face folder.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusText

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A vocabulary learned from text.
public struct TrainedTokenizer: Sendable {
  /// What was asked for.
  public let options: BPETrainingOptions
  /// Bytes of the text it was trained on.
  public let byteCount: Int
  /// Words of the text, and how many different ones.
  public let wordCount: Int
  /// How many different words the text has.
  public let distinctWords: Int
  let learned: LearnedPieces

  init(
    options: BPETrainingOptions, learned: LearnedPieces, byteCount: Int, wordCount: Int, distinctWords: Int
  ) {
    self.options = options
    self.learned = learned
    self.byteCount = byteCount
    self.wordCount = wordCount
    self.distinctWords = distinctWords
  }

  /// How many tokens there are: fewer than asked for when no more pairs were frequent enough.
  public var vocabularySize: Int { learned.pieces.count }
  /// How many tokens the training text has.
  public var tokenCount: Int { learned.tokenCount }
  /// Why there are fewer tokens than asked for, in one line; nil when there are not.
  public var note: String? {
    guard vocabularySize < options.vocabularySize else { return nil }
    return
      "the vocabulary has \(vocabularySize) tokens, not \(options.vocabularySize): no further pair occurs "
      + "\(options.minimumFrequency) times in the text"
  }

  /// The tokenizer, the one that reading the files gives.
  ///
  /// - Throws: `HuggingFaceTokenizerError`; not to be expected.
  public func tokenizer() throws -> any Tokenizer {
    let config = try JSONValue(parsing: configJSON)
    return try tokenizerJSON.withUnsafeBytes {
      try HuggingFaceTokenizer.make($0, config: config, name: "tokenizer.json")
    }
  }

  /// Writes `tokenizer.json` and `tokenizer_config.json` into a folder, which is made if there is none. Each appears
  /// under its name only when it is complete.
  ///
  /// - Throws: `FileError`, `.exists` when one of the files is there and `replacing` is false.
  public func write(to folder: String, replacing: Bool) throws(FileError) {
    try makeFolder(folder)
    let paths = Self.paths(folder)
    var tokenizer = try AtomicFile(path: paths.tokenizer, replacing: replacing)
    var config = try AtomicFile(path: paths.config, replacing: replacing)
    try tokenizer.write(tokenizerJSON)
    try config.write(configJSON)
    // Whoever looks for a tokenizer looks for tokenizer.json, so it comes last.
    try config.commit()
    try tokenizer.commit()
  }

  /// Throws `FileError.exists` when a folder has one of the files that `write` would write: to know before the training.
  public static func checkFolder(_ folder: String) throws(FileError) {
    for path in [paths(folder).config, paths(folder).tokenizer] where access(path, F_OK) == 0 {
      throw .exists(path: path)
    }
  }

  private static func paths(_ folder: String) -> (tokenizer: String, config: String) {
    (folder + "/tokenizer.json", folder + "/tokenizer_config.json")
  }
}
