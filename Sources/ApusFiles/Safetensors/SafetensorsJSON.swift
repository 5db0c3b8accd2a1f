// The JSON of safetensors headers and of the index of a set, read one token at a time, with errors that say the
// offset in the file. Nothing here keeps more than the name or the few numbers it returns.

import ApusBasics

/// A reader over JSON inside a file.
struct SafetensorsJSON {
  let file: String
  private let text: UnsafeRawBufferPointer
  /// Where the text starts in the file.
  private let start: Int
  private var reader: JSONReader
  /// What is being read, for errors.
  var place: SafetensorsError.Place?

  init(_ text: UnsafeRawBufferPointer, start: Int, file: String) throws(SafetensorsError) {
    self.file = file
    self.text = text
    self.start = start
    var limits = JSONLimits()
    limits.bytes = text.count
    do {
      reader = try JSONReader(text, limits: limits)
    } catch {
      throw SafetensorsError(file, .json(error.message, offset: start))
    }
  }

  func failure(_ fault: SafetensorsError.Fault) -> SafetensorsError {
    SafetensorsError(file, place, fault)
  }

  mutating func beginObject() throws(SafetensorsError) {
    try read { (reader) throws(JSONError) in try reader.beginObject() }
  }

  mutating func nextKey() throws(SafetensorsError) -> String? {
    try read { (reader) throws(JSONError) in try reader.nextKey() }
  }

  mutating func string() throws(SafetensorsError) -> String {
    try read { (reader) throws(JSONError) in try reader.string() }
  }

  mutating func isNull() throws(SafetensorsError) -> Bool {
    try read { (reader) throws(JSONError) in try reader.peek() } == .null
  }

  mutating func finish() throws(SafetensorsError) {
    try read { (reader) throws(JSONError) in try reader.finish() }
  }

  /// Reads an array of at most `limit` integers that are not negative.
  mutating func sizes(_ field: String, limit: Int) throws(SafetensorsError) -> [Int] {
    try read { (reader) throws(JSONError) in try reader.beginArray() }
    var sizes: [Int] = []
    while try read({ (reader) throws(JSONError) in try reader.nextElement() }) {
      guard sizes.count < limit else {
        throw failure(.field(field, problem: "has more than \(limit) numbers"))
      }
      let value = try read { (reader) throws(JSONError) in try reader.number() }
      guard case .int(let number) = value, number >= 0, let size = Int(exactly: number) else {
        throw failure(
          .field(field, problem: "has \(value.serialized()), not an integer from 0 to \(Int.max)"))
      }
      sizes.append(size)
    }
    return sizes
  }

  /// Passes over the next value, checking it and keeping nothing. The reader bounds the recursion.
  mutating func skip() throws(SafetensorsError) {
    try read { (reader) throws(JSONError) in try skipValue(&reader) }
  }

  private mutating func read<Value>(
    _ body: (inout JSONReader) throws(JSONError) -> Value
  ) throws(SafetensorsError) -> Value {
    do throws(JSONError) {
      return try body(&reader)
    } catch {
      throw failure(.json(error.message, offset: start + offset(of: error)))
    }
  }

  /// Where in the text an error is.
  private func offset(of error: JSONError) -> Int {
    var offset = 0
    for _ in 1..<error.line {
      guard let end = text[offset...].firstIndex(of: 0x0A) else { break }
      offset = end + 1
    }
    return offset + error.column - 1
  }
}

private func skipValue(_ reader: inout JSONReader) throws(JSONError) {
  switch try reader.peek() {
  case .null, .bool: _ = try reader.literal()
  case .number: _ = try reader.number()
  case .string: _ = try reader.string()
  case .array:
    try reader.beginArray()
    while try reader.nextElement() { try skipValue(&reader) }
  case .object:
    try reader.beginObject()
    while try reader.nextKey() != nil { try skipValue(&reader) }
  }
}
