// Reading a GGUF header front to back. Nothing is read, and no size believed, before it is compared with the
// bytes that are there; nothing here allocates more than one name.

import ApusBasics

/// A place in the bytes of a file, moving forward.
struct GGUFCursor {
  let bytes: UnsafeRawBufferPointer
  let file: String
  let limits: Limits.GGUF
  private(set) var offset = 0
  /// What is being read, for errors.
  var place: GGUFError.Place?

  init(_ bytes: UnsafeRawBufferPointer, file: String, limits: Limits.GGUF) {
    self.bytes = bytes
    self.file = file
    self.limits = limits
  }

  var remaining: Int { bytes.count - offset }

  func failure(_ fault: GGUFError.Fault) -> GGUFError {
    GGUFError(file, place, fault)
  }

  /// Throws unless `count` more bytes are there.
  func need(_ count: Int?) throws(GGUFError) {
    guard let count, let end = checkedSum(offset, count) else {
      throw failure(.truncated(needs: nil, has: bytes.count))
    }
    guard end <= bytes.count else { throw failure(.truncated(needs: end, has: bytes.count)) }
  }

  mutating func skip(_ count: Int?) throws(GGUFError) {
    try need(count)
    offset += count ?? 0
  }

  mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(GGUFError) -> T {
    try need(MemoryLayout<T>.size)
    defer { offset += MemoryLayout<T>.size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
  }

  /// Reads a count or a length and holds it against its limit and against what the rest of the file can
  /// hold, each item taking at least `itemSize` bytes.
  mutating func readCount(_ what: String, limit: Int, itemSize: Int) throws(GGUFError) -> Int {
    let value = try read(UInt64.self)
    guard value <= UInt64(limit) else {
      throw failure(.overLimit(what: what, value: value, limit: limit))
    }
    let count = Int(value)
    try need(checkedProduct(count, itemSize))
    return count
  }

  /// Reads a key or a tensor's name: not empty, no NUL, valid UTF-8.
  mutating func readName(_ what: String, limit: Int) throws(GGUFError) -> String {
    let length = try readCount("bytes of \(what)", limit: limit, itemSize: 1)
    guard length > 0 else { throw failure(.badName("\(what) is empty")) }
    let text = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    guard !text.contains(0) else { throw failure(.badName("\(what) holds a NUL byte")) }
    guard let name = String(validating: text, as: UTF8.self) else {
      throw failure(.badName("\(what) is not valid UTF-8"))
    }
    offset += length
    return name
  }

  /// Reads the number of a value type.
  mutating func readValueType() throws(GGUFError) -> GGUFValueType {
    let number = try read(UInt32.self)
    guard let type = GGUFValueType(rawValue: number) else { throw failure(.unknownValueType(number)) }
    return type
  }

  /// Passes over a value. Recursion is bounded by the limit on nesting.
  mutating func skipValue(_ type: GGUFValueType, stringLimit: Int, depth: Int = 0) throws(GGUFError) {
    switch type {
    case .string:
      try skip(readCount("bytes of string", limit: stringLimit, itemSize: 1))
    case .array:
      guard depth < limits.nesting else { throw failure(.nesting(limit: limits.nesting)) }
      let element = try readValueType()
      let count = try readCount("array items", limit: limits.arrayItems, itemSize: element.minimumSize)
      if let size = element.size { return try skip(checkedProduct(count, size)) }
      let start = offset
      let short = element == .string ? skipStrings(count, limit: stringLimit) : 0
      for _ in short..<count {
        try skipValue(element, stringLimit: stringLimit, depth: depth + 1)
      }
      // Offsets of elements are kept in 32 bits.
      guard offset - start <= Int(UInt32.max) else {
        throw failure(
          .overLimit(what: "bytes of array", value: UInt64(offset - start), limit: Int(UInt32.max)))
      }
    default:
      try skip(type.size)
    }
  }

  /// Passes over up to `count` strings and returns how many; it stops before one that is not as it should be.
  /// A vocabulary has hundreds of thousands: this is the loop that opening a model waits for.
  private mutating func skipStrings(_ count: Int, limit: Int) -> Int {
    var place = offset
    defer { offset = place }
    for index in 0..<count {
      guard bytes.count - place >= 8 else { return index }
      let length = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      guard length <= UInt64(limit), length <= UInt64(bytes.count - place - 8) else { return index }
      place += 8 + Int(length)
    }
    return count
  }
}
