// Texts to embed: words of the command line, whole files, lines, or members of JSON lines. They come in batches, so that
// a million lines need no more memory than a thousand; every text knows where it came from.

import ApusBasics

/// A text and where it came from.
struct InputText {
  /// "text 1", "notes.txt", "standard input:17".
  var place: String
  /// Its number among all texts of the input, from 0.
  var index = 0
  var bytes: [UInt8]
  /// The "id" of a JSON line.
  var id: JSONValue?
  /// Why there is no text at this place, nil where there is one.
  var problem: String?
}

/// A source of texts.
struct TextInput {
  /// How a file becomes texts.
  enum Form: String, CaseIterable {
    /// Each file is one text.
    case whole
    /// Each line is one text.
    case lines
    /// Each line is a JSON text or an object with the text as a member.
    case jsonl
  }

  /// Enough texts to fill dozens of steps, few enough for Ctrl-C to be heard within seconds on a large model.
  static let batchCount = 2048
  static let batchBytes = 64 << 10
  /// The longest line.
  static let lineLimit = 64 << 20

  private var words: [String]
  private var files: [String]
  private let form: Form
  private let field: String
  private let console: Console
  private var reader: (channel: InputChannel, name: String, line: Int)?
  private var count = 0

  init(words: [String], files: [String], form: Form, field: String, _ console: Console) {
    self.words = words.reversed()
    self.files = files.reversed()
    self.form = form
    self.field = field
    self.console = console
  }

  /// All texts; the first that is none is an error.
  mutating func all() throws -> [InputText] {
    var texts: [InputText] = []
    while true {
      let batch = try next()
      if batch.isEmpty { return texts }
      for text in batch {
        if let problem = text.problem { throw CommandError.failure("\(text.place): \(problem)") }
      }
      texts += batch
    }
  }

  /// The next texts, none at the end.
  mutating func next() throws -> [InputText] {
    var batch: [InputText] = []
    var bytes = 0
    while batch.count < Self.batchCount, bytes < Self.batchBytes, var text = try nextText() {
      text.index = count
      count += 1
      bytes += text.bytes.count
      batch.append(text)
    }
    return batch
  }

  private mutating func nextText() throws -> InputText? {
    while true {
      if let word = words.popLast() {
        return InputText(place: "text \(count + 1)", bytes: Array(word.utf8))
      }
      if reader != nil {
        if let text = try nextLine() { return text }
        continue
      }
      guard let path = files.popLast() else { return nil }
      let name = path == "-" ? "standard input" : path
      if form == .whole { return checked(InputText(place: name, bytes: try InputFile.read(path, console))) }
      reader = (try InputFile.open(path, console), name, 0)
    }
  }

  private mutating func nextLine() throws -> InputText? {
    guard let (channel, name, line) = reader else { return nil }
    switch try channel.readBytes(limit: Self.lineLimit, name: "\(name):\(line + 1)") {
    case .end:
      reader = nil
      return nil
    case .interrupted:
      // A signal that asks for no end, such as a window's new size, ends a wait, too.
      try Interrupt().check()
      return nil
    case .text(let bytes):
      reader?.line += 1
      let place = "\(name):\(line + 1)"
      let text = InputText(place: place, bytes: bytes)
      return form == .jsonl ? member(text) : checked(text)
    }
  }

  /// The text of a JSON line.
  private func member(_ line: InputText) -> InputText {
    var text = line
    text.bytes = []
    do {
      let value = try JSONValue(parsing: line.bytes)
      text.id = value["id"]
      if let string = value.string ?? value[field]?.string {
        text.bytes = Array(string.utf8)
      } else {
        text.problem = "neither a text nor an object with a text \"\(field)\""
      }
    } catch {
      text.problem = "column \(error.column): \(error.message)"
    }
    return text
  }

  private func checked(_ text: InputText) -> InputText {
    var text = text
    if let offset = firstInvalidUTF8(text.bytes) { text.problem = "is not UTF-8 at byte \(offset)" }
    return text
  }
}

/// Where `bytes` stop being UTF-8, or nil.
func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
  if bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil { return nil }
  var offset = 0
  var iterator = bytes.makeIterator()
  var decoder = UTF8()
  while true {
    switch decoder.decode(&iterator) {
    case .scalarValue(let scalar): offset += UTF8.width(scalar)
    case .emptyInput: return nil
    case .error: return offset
    }
  }
}
