// Texts to embed: words of the command line, whole files, lines, or members of JSON lines. They come in batches, so that
// a million lines need no more memory than a thousand; every text knows where it came from.

import ApusBasics

/// A text and where it came from.
struct InputText {
  /// "argument 1", "notes.txt", "standard input:17".
  var place: String
  var bytes: [UInt8]
  /// The "id" of a JSON line.
  var id: JSONValue?
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

  /// Enough texts to fill many steps, few enough to show progress and to hold in memory.
  static let batchCount = 2048
  static let batchBytes = 4 << 20
  /// The longest line.
  static let lineLimit = 64 << 20

  private var words: [String]
  private var files: [String]
  private let form: Form
  private let field: String
  private let console: Console
  private var reader: (channel: InputChannel, name: String, line: Int)?
  private var wordNumber = 0

  init(words: [String], files: [String], form: Form, field: String, _ console: Console) {
    self.words = words.reversed()
    self.files = files.reversed()
    self.form = form
    self.field = field
    self.console = console
  }

  /// The next texts, none at the end.
  mutating func next() throws -> [InputText] {
    var batch: [InputText] = []
    var bytes = 0
    while batch.count < Self.batchCount, bytes < Self.batchBytes, let text = try nextText() {
      bytes += text.bytes.count
      batch.append(text)
    }
    return batch
  }

  private mutating func nextText() throws -> InputText? {
    while true {
      if let word = words.popLast() {
        wordNumber += 1
        return InputText(place: "text \(wordNumber)", bytes: Array(word.utf8))
      }
      if reader != nil {
        if let text = try nextLine() { return text }
        continue
      }
      guard let path = files.popLast() else { return nil }
      if form == .whole { return try check(InputText(place: path, bytes: InputFile.read(path, console))) }
      let channel = try InputFile.open(path, console)
      reader = (channel, path == "-" ? "standard input" : path, 0)
    }
  }

  private mutating func nextLine() throws -> InputText? {
    guard let (channel, name, line) = reader else { return nil }
    switch try channel.readBytes(limit: Self.lineLimit, name: "\(name):\(line + 1)") {
    case .end:
      reader = nil
      return nil
    case .interrupted:
      throw CommandError.interrupted(signal: 2)
    case .text(let bytes):
      reader?.line += 1
      let place = "\(name):\(line + 1)"
      guard form == .jsonl else { return try check(InputText(place: place, bytes: bytes)) }
      return try member(bytes, place)
    }
  }

  private func member(_ bytes: [UInt8], _ place: String) throws -> InputText {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw CommandError.failure("\(place): \(error)")
    }
    guard let text = value.string ?? value[field]?.string else {
      throw CommandError.failure("\(place): neither a text nor an object with a text \"\(field)\"")
    }
    return InputText(place: place, bytes: Array(text.utf8), id: value["id"])
  }

  private func check(_ text: InputText) throws(CommandError) -> InputText {
    if let offset = firstInvalidUTF8(text.bytes) {
      throw .failure("\(text.place): is not UTF-8 at byte \(offset)")
    }
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
