// All tokens of a `tokenizer.json` in the order of their ids: the pieces of its model and the tokens added to it.
// Every id from 0 up must be taken once, and every piece be there once.

import ApusBasics

/// A token that is matched in a text as a whole.
struct AddedToken {
  var id: Int32
  var content: String
  var isSpecial: Bool
  var stripsLeft: Bool
  var stripsRight: Bool
  var isSingleWord: Bool
  /// It is looked for once the text is normalised.
  var isNormalized: Bool
}

/// The tokens of a file.
struct TokenList {
  /// The pieces by id, one after the other, and where each begins.
  private let bytes: FixedArray<UInt8>
  private let offsets: FixedArray<UInt32>
  /// Ids below it are pieces of the model.
  let modelCount: Int
  let added: [AddedToken]
  private let table: PieceTable

  init(_ document: TokenizerDocument) throws(EntryError) {
    guard document.pieces.count > 0 else { throw EntryError("model.vocab", "has no entries") }
    let added = try Self.addedTokens(document)
    var entryOfID = try Self.places(document)
    let modelCount = entryOfID.count
    // Ids above the model's, in any order.
    let limit = modelCount + added.count
    for (index, token) in added.enumerated() where Int(token.id) >= modelCount {
      let place = "added_tokens entry \(index) \(EntryError.shown(token.content))"
      guard Int(token.id) < limit else {
        throw EntryError(
          place, "no token has the ids from \(modelCount) up to its id \(token.id) without a gap")
      }
      while entryOfID.count <= Int(token.id) { entryOfID.append(-1) }
      guard entryOfID[Int(token.id)] < 0 else {
        throw EntryError(place, "its id \(token.id) is that of another added token")
      }
      entryOfID[Int(token.id)] = Int32(document.pieces.count + index)
    }
    self.modelCount = modelCount
    self.added = added

    offsets = FixedArray(repeating: 0, count: entryOfID.count + 1)
    var bytes = ContiguousArray<UInt8>()
    bytes.reserveCapacity(document.pieces.bytes.count)
    for (id, entry) in entryOfID.enumerated() {
      let start = bytes.count
      if entry < 0 {
        throw EntryError("added_tokens", "no token has id \(id), but ids run up to \(entryOfID.count - 1)")
      } else if Int(entry) < document.pieces.count {
        bytes.append(contentsOf: document.pieces.bytes[document.pieces.range(Int(entry))])
      } else {
        bytes.append(contentsOf: added[Int(entry) - document.pieces.count].content.utf8)
      }
      guard bytes.count - start <= Vocabulary.maximumPieceLength, bytes.count < Int(Int32.max) else {
        throw EntryError(
          "token \(id)",
          "is \(bytes.count - start) bytes long, more than the limit of \(Vocabulary.maximumPieceLength)")
      }
      offsets[id + 1] = UInt32(bytes.count)
    }
    self.bytes = FixedArray(bytes)
    var table = PieceTable(bytes: self.bytes, offsets: offsets)
    for id in entryOfID.indices {
      let duplicates = table.duplicates
      table.insert(id)
      if table.duplicates > duplicates {
        let piece = String(decoding: self.bytes.slice(Int(offsets[id]), Int(offsets[id + 1])), as: UTF8.self)
        throw EntryError("token \(id) \(EntryError.shown(piece))", "the vocabulary has this piece twice")
      }
    }
    self.table = table
    for (index, token) in added.enumerated() {
      let known = id(of: token.content)
      guard known == token.id else {
        throw EntryError(
          "added_tokens entry \(index) \(EntryError.shown(token.content))",
          "its id \(token.id) is that of another piece" + (known.map { "; its piece has id \($0)" } ?? ""))
      }
    }
  }

  var count: Int { offsets.count - 1 }

  /// The id of a piece.
  func id(of piece: String) -> Int32? {
    var piece = piece
    let id = piece.withUTF8 { bytes in bytes.isEmpty ? -1 : table.id(bytes.baseAddress!, bytes.count) }
    return id < 0 ? nil : id
  }

  /// The pieces by id.
  var pieces: ByteStrings {
    ByteStrings(count: count) { [bytes, offsets] id in
      UnsafeRawBufferPointer(bytes.slice(Int(offsets[id]), Int(offsets[id + 1])))
    }
  }

  /// The entry of each id of the model.
  private static func places(_ document: TokenizerDocument) throws(EntryError) -> ContiguousArray<Int32> {
    let count = document.pieces.count
    func shown(_ entry: Int) -> String { EntryError.shown(document.pieces.text(entry)) }
    var entryOfID = ContiguousArray<Int32>(repeating: -1, count: count)
    var beyond: (entry: Int, id: Int64)?
    for (entry, id) in document.ids.enumerated() {
      guard id >= 0, id < Int64(Vocabulary.maximumCount) else {
        throw EntryError(
          "model.vocab entry \(entry) \(shown(entry))",
          "its id \(id) is not between 0 and \(Vocabulary.maximumCount - 1)")
      }
      guard id < Int64(count) else {
        beyond = beyond ?? (entry, id)
        continue
      }
      let other = entryOfID[Int(id)]
      guard other < 0 else {
        throw EntryError(
          "model.vocab entry \(entry) \(shown(entry))", "its id \(id) is also that of \(shown(Int(other)))")
      }
      entryOfID[Int(id)] = Int32(entry)
    }
    if let beyond, let gap = entryOfID.firstIndex(of: -1) {
      throw EntryError(
        "model.vocab entry \(beyond.entry) \(shown(beyond.entry))",
        "its id is \(beyond.id), but no entry has id \(gap)")
    }
    return entryOfID
  }

  private static func addedTokens(_ document: TokenizerDocument) throws(EntryError) -> [AddedToken] {
    guard let value = document.rest["added_tokens"], !value.isNull else { return [] }
    guard let list = value.array else { throw EntryError("added_tokens", "is not an array") }
    var tokens: [AddedToken] = []
    for (index, value) in list.enumerated() {
      let path = "added_tokens entry \(index)"
      let entry = try Entry(value, path)
      guard let content = try entry.string("content"), !content.isEmpty else {
        throw EntryError(path, "has no content")
      }
      guard let id = try entry.int("id") else { throw EntryError(path, "has no id") }
      guard 0..<Vocabulary.maximumCount ~= id else {
        throw EntryError(
          "\(path) \(EntryError.shown(content))",
          "its id \(id) is not between 0 and \(Vocabulary.maximumCount - 1)")
      }
      let isSpecial = try entry.bool("special", default: false)
      tokens.append(
        AddedToken(
          id: Int32(id), content: content, isSpecial: isSpecial,
          stripsLeft: try entry.bool("lstrip", default: false),
          stripsRight: try entry.bool("rstrip", default: false),
          isSingleWord: try entry.bool("single_word", default: false),
          isNormalized: try entry.bool("normalized", default: !isSpecial)))
    }
    return tokens
  }
}
