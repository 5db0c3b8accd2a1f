// What an index knows of a vector beside its values: the passage it stands for and where that is.

import ApusBasics

/// How vectors are compared.
public enum Similarity: String, Sendable, CaseIterable {
  /// The cosine of the angle between them; vectors are stored with length 1.
  case cosine
  /// The sum of products; vectors are stored as they are.
  case dot
}

/// The passage behind a vector.
public struct IndexEntry: Sendable, Hashable {
  /// The file it is from, or any name the builder gives.
  public var source: String
  /// Its bytes in the source.
  public var range: Range<Int>
  /// The passage itself.
  public var text: String
  /// A number that changes when the source does.
  public var sourceStamp: UInt64

  /// An entry with the given fields.
  public init(source: String, range: Range<Int> = 0..<0, text: String, sourceStamp: UInt64 = 0) {
    self.source = source
    self.range = range
    self.text = text
    self.sourceStamp = sourceStamp
  }
}

extension IndexEntry {
  private static let fixedBytes = 28

  /// Bytes that `encode` appends.
  var encodedBytes: Int { Self.fixedBytes + source.utf8.count + text.utf8.count }

  /// Appends u64 lower, u64 upper, u64 stamp, u32 bytes of the source's name, the name, then the text to the end.
  func encode(into bytes: inout [UInt8]) {
    func put<Value: FixedWidthInteger>(_ value: Value) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    put(UInt64(range.lowerBound))
    put(UInt64(range.upperBound))
    put(sourceStamp)
    put(UInt32(source.utf8.count))
    bytes += source.utf8
    bytes += text.utf8
  }

  /// Reads an entry; nil when its lengths contradict each other.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.fixedBytes else { return nil }
    func get<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
    let name = Int(get(24, UInt32.self))
    guard name <= bytes.count - Self.fixedBytes, let lower = Int(exactly: get(0, UInt64.self)),
      let upper = Int(exactly: get(8, UInt64.self)), lower <= upper
    else { return nil }
    range = lower..<upper
    sourceStamp = get(16, UInt64.self)
    source = String(decoding: bytes[Self.fixedBytes..<Self.fixedBytes + name], as: UTF8.self)
    text = String(decoding: bytes[(Self.fixedBytes + name)...], as: UTF8.self)
  }
}
