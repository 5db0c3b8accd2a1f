// How files become documents.

/// Settings of a `DocumentReader`.
public struct ReadingOptions: Sendable, Equatable {
  /// What a file holds.
  public enum Format: String, Sendable, CaseIterable {
    /// JSON lines where the name ends in .jsonl, .ndjson or .json, text otherwise; .gz and .zst behind that do not count.
    case automatic = "auto"
    /// Plain text.
    case text
    /// A JSON object on each line.
    case jsonl
  }

  /// What ends a document in a text file. The separator is part of no document, nor is the end of a line on either side of
  /// it.
  public enum Separator: Sendable, Equatable {
    /// The end of the file.
    case none
    /// This text, anywhere.
    case text(String)
    /// A line that is this text and nothing else; an empty one for paragraphs.
    case line(String)
  }

  /// What files hold.
  public var format = Format.automatic
  /// The member of a JSON line that is the document's text.
  public var field = "text"
  /// What ends a document in a text file.
  public var separator = Separator.none
  /// How many bad lines are skipped and counted; the next one is an error.
  public var skipLimit = 0
  /// The most bytes of a JSON line, and of a text in one piece; longer texts come in several.
  public var longest = 64 << 20

  /// The size from which on a text is cut where that makes no difference to how words are split; nil cuts only at
  /// `longest`.
  package var cutsAt: Int?

  /// The defaults.
  public init() {}

  /// Whether the file at `path` holds JSON lines.
  func isJSONL(_ path: String) -> Bool {
    switch format {
    case .text: return false
    case .jsonl: return true
    case .automatic:
      var name = path[...]
      for suffix in [".gz", ".zst"] where name.hasSuffix(suffix) { name = name.dropLast(suffix.count) }
      return [".jsonl", ".ndjson", ".json"].contains { name.hasSuffix($0) }
    }
  }
}

/// What a reader has met so far.
public struct ReadingReport: Sendable, Equatable {
  /// Documents with text.
  public var documents = 0
  /// Bytes of their text.
  public var textBytes = 0
  /// Documents without any text, which are left out.
  public var emptyDocuments = 0
  /// Lines and files that were skipped.
  public var badLines = 0
  /// The first of them, and what is wrong with each.
  public var firstBad: [String] = []
  /// Texts that were cut at `ReadingOptions.longest`, in the middle of whatever stands there.
  public var forcedCuts = 0
  /// Bytes of the files read so far, as they are on the disk.
  public var fileBytes = 0

  static let listedBad = 5
}
