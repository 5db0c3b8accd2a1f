// A `tokenizer.json` pulled apart: the vocabulary and the merges stream into flat tables without a value per entry,
// everything else is small and becomes JSON values. What the parts mean is for others.

import ApusBasics

/// Byte strings in one buffer.
struct PackedStrings {
  private(set) var bytes = ContiguousArray<UInt8>()
  private var ends: ContiguousArray<Int> = []

  var count: Int { ends.count }

  mutating func append(_ text: String) {
    append(partial: text)
    finish()
  }

  /// Appends a part of the string that `finish` ends.
  mutating func append(partial text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func finish() { ends.append(bytes.count) }

  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  func text(_ index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }
}

/// The parts of a `tokenizer.json`.
struct TokenizerDocument {
  /// The pieces of the model in the order of the file, and the id of each.
  var pieces = PackedStrings()
  var ids: ContiguousArray<Int64> = []
  /// The scores, where pieces have them.
  var scores: [Double] = []
  /// Each `left right`; `nil` where the model has no merges.
  var merges: PackedStrings?
  /// The rest of the model, and the rest of the file.
  var model = JSONObject()
  var rest = JSONObject()

  /// The parts of a text.
  ///
  /// - Complexity: O(bytes).
  init(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = try JSONReader(bytes)
    guard try reader.peek() == .object else { throw EntryError("the file", "is not a JSON object") }
    var hasModel = false
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if rest[key] != nil || key == "model" && hasModel { throw EntryError(key, "occurs twice") }
      if key == "model" {
        hasModel = true
        try readModel(&reader)
      } else {
        rest[key] = try reader.value()
      }
    }
    try reader.finish()
    guard hasModel else { throw EntryError("model", "is missing") }
  }

  private mutating func readModel(_ reader: inout JSONReader) throws {
    guard try reader.peek() == .object else { throw EntryError("model", "is not an object") }
    var hasVocabulary = false
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if model[key] != nil || key == "vocab" && hasVocabulary || key == "merges" && merges != nil {
        throw EntryError("model.\(key)", "occurs twice")
      }
      switch (key, try reader.peek()) {
      case ("vocab", .object):
        hasVocabulary = true
        try readPieces(&reader)
      case ("vocab", .array):
        hasVocabulary = true
        try readScoredPieces(&reader)
      case ("vocab", _): throw EntryError("model.vocab", "is neither an object nor an array")
      case ("merges", .array): merges = try readMerges(&reader)
      case ("merges", _): throw EntryError("model.merges", "is not an array")
      default: model[key] = try reader.value()
      }
    }
    guard hasVocabulary else { throw EntryError("model.vocab", "is missing") }
  }

  /// `{"piece": id, …}`
  private mutating func readPieces(_ reader: inout JSONReader) throws {
    try reader.beginObject()
    while let piece = try reader.nextKey() {
      try checkCount()
      guard try reader.peek() == .number, let id = try reader.number().int else {
        throw EntryError(
          "model.vocab entry \(pieces.count) \(EntryError.shown(piece))", "its id is not an integer")
      }
      pieces.append(piece)
      ids.append(Int64(id))
    }
  }

  /// `[["piece", score], …]`
  private mutating func readScoredPieces(_ reader: inout JSONReader) throws {
    try reader.beginArray()
    while try reader.nextElement() {
      try checkCount()
      let index = pieces.count
      func bad() -> EntryError { EntryError("model.vocab entry \(index)", "is not a piece and its score") }
      guard try reader.peek() == .array else { throw bad() }
      try reader.beginArray()
      guard try reader.nextElement(), try reader.peek() == .string else { throw bad() }
      pieces.append(try reader.string())
      guard try reader.nextElement(), try reader.peek() == .number else { throw bad() }
      guard let score = try reader.number().double else { throw bad() }
      scores.append(score)
      guard try !reader.nextElement() else { throw bad() }
      ids.append(Int64(index))
    }
  }

  private func checkCount() throws {
    guard pieces.count < Vocabulary.maximumCount else {
      throw EntryError("model.vocab", "has more than the limit of \(Vocabulary.maximumCount) entries")
    }
  }

  /// `["left right", …]` or `[["left", "right"], …]`
  private func readMerges(_ reader: inout JSONReader) throws -> PackedStrings {
    var merges = PackedStrings()
    try reader.beginArray()
    while try reader.nextElement() {
      let index = merges.count
      guard index < BytePairTokenizer.maximumMerges else {
        throw EntryError(
          "model.merges", "has more than the limit of \(BytePairTokenizer.maximumMerges) entries")
      }
      func bad(_ problem: String = "is not two texts") -> EntryError {
        EntryError("model.merges entry \(index)", problem)
      }
      switch try reader.peek() {
      case .string: merges.append(partial: try reader.string())
      case .array:
        try reader.beginArray()
        guard try reader.nextElement(), try reader.peek() == .string else { throw bad() }
        let left = try reader.string()
        // A space separates the two in what follows.
        if left.utf8.contains(0x20) { throw bad("a space in \(EntryError.shown(left)) is not supported") }
        guard !left.isEmpty else { throw bad("its first part is empty") }
        merges.append(partial: left)
        merges.append(partial: " ")
        guard try reader.nextElement(), try reader.peek() == .string else { throw bad() }
        merges.append(partial: try reader.string())
        guard try !reader.nextElement() else { throw bad() }
      default: throw bad()
      }
      merges.finish()
    }
    return merges
  }
}
