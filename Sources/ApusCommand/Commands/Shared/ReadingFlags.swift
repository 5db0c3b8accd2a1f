// How the commands about training data read texts: which documents there are in which files.

import ApusBasics
import ApusData
import ApusRuntime

enum ReadingFlags {
  static let format = Option<ReadingOptions.Format>.choice(
    "format", placeholder: "FORMAT", default: .automatic, help: "What files hold; auto goes by their names")
  static let field = Option<String?>.text(
    "field", placeholder: "NAME", defaultText: "text", help: "The member of a JSON line that is the text")
  static let separator = Option<String?>.text(
    "separator", help: "Text between the documents of a text file, such as '<|endoftext|>'")
  static let separatorLine = Option<String?>.text(
    "separator-line", help: "A line between the documents of a text file; '' for paragraphs")
  static let skipBad = Option<Int>.integer(
    "skip-bad", in: 0...Int.max, default: 0, help: "Bad lines to skip and count before stopping")

  static let rows = [format.row, field.row, separator.row, separatorLine.row, skipBad.row]

  static func options(_ values: Values) throws(CommandError) -> ReadingOptions {
    var options = ReadingOptions()
    options.format = values[format]
    options.field = values[field] ?? options.field
    switch (values[separator], values[separatorLine]) {
    case (nil, nil): break
    case (let text?, nil):
      guard !text.isEmpty else { throw .usage("--separator is empty; --separator-line '' is for paragraphs") }
      options.separator = .text(text)
    case (nil, let line?):
      guard !line.utf8.contains(0x0A) else { throw .usage("--separator-line holds the end of a line") }
      options.separator = .line(line)
    case (_?, _?): throw .usage("--separator and --separator-line exclude each other")
    }
    options.skipLimit = values[skipBad]
    return options
  }

  /// What the files hold together; pipes count nothing.
  static func bytes(of paths: [String]) -> Int {
    paths.reduce(0) { total, path in
      total + (FileKind(path) == .file ? (try? MappedFile(path: path).byteCount) ?? 0 : 0)
    }
  }

  /// What a careful user should know of what was read.
  static func notes(_ reading: ReadingReport) -> [String] {
    var notes: [String] = []
    if reading.badLines > 0 {
      notes.append("\(countText(reading.badLines)) bad lines were skipped, the first:")
      notes += reading.firstBad
    }
    if reading.emptyDocuments > 0 {
      notes.append("\(countText(reading.emptyDocuments)) documents without text were left out")
    }
    return notes
  }
}
