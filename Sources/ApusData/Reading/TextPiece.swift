// What a reader hands out: a document's text, or a part of a very long one.

import ApusBasics

/// The text of a document, or a piece of it.
public struct TextPiece: Sendable, Equatable {
  /// The text, UTF-8 where the file is.
  public var bytes: [UInt8]
  /// Where it begins.
  public var place: InputPlace
  /// Whether a document begins here.
  public var beginsDocument = true
  /// Whether the document ends here.
  public var endsDocument = true
}

/// A piece as it stands in the file. Taking it apart is left to whoever has time: the threads that tokenise.
struct RawPiece: Sendable {
  /// What the bytes are.
  enum Content: Equatable {
    /// The text itself.
    case text
    /// An object with the text as this member.
    case json(field: String)
    /// No document, for this reason.
    case bad(String)
  }

  var piece: TextPiece
  var content: Content

  /// The text, or why there is none.
  func text() -> Result<[UInt8], BadLine> {
    switch content {
    case .text: return .success(piece.bytes)
    case .bad(let problem): return .failure(BadLine(problem: problem))
    case .json(let field):
      return piece.bytes.withUnsafeBytes { bytes in
        do throws(JSONError) {
          return try Self.member(field, of: bytes)
        } catch {
          return .failure(BadLine(problem: "column \(error.column): \(error.message)"))
        }
      }
    }
  }

  /// The text of a member of a JSON object.
  private static func member(
    _ field: String, of bytes: UnsafeRawBufferPointer
  ) throws(JSONError) -> Result<[UInt8], BadLine> {
    func bad(_ problem: String) -> Result<[UInt8], BadLine> { .failure(BadLine(problem: problem)) }
    var reader = try JSONReader(bytes)
    guard try reader.peek() == .object else { return bad("is no JSON object") }
    var text: String?
    var others: [String] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      // By bytes: Swift's == takes different spellings of an accent for the same.
      guard key.utf8.elementsEqual(field.utf8) else {
        if others.count < BadLine.mostMembers { others.append(key) }
        try reader.skip()
        continue
      }
      guard text == nil else { return bad("has the member \"\(field)\" twice") }
      guard try reader.peek() == .string else { return bad("\"\(field)\" is no text") }
      text = try reader.string()
    }
    try reader.finish()
    if let text { return .success(Array(text.utf8)) }
    return .failure(BadLine(without: "\"\(field)\"", butWith: others))
  }
}

/// Why a line is no document; the place is added at the door.
struct BadLine: Error {
  let problem: String

  init(problem: String) {
    self.problem = problem
  }

  /// Members of a line that are told, and characters of each name.
  static let mostMembers = 8
  private static let mostCharacters = 40

  /// A line that lacks a member, with the names of those it has: who wrote it may know them better.
  init(without member: String, butWith others: [String]) {
    let found = others.prefix(Self.mostMembers).map { "\"\($0.prefix(Self.mostCharacters))\"" }
    problem = "has no member \(member)" + (found.isEmpty ? "" : ", but " + found.joined(separator: ", "))
  }
}
