// As much of Protocol Buffers' encoding as the files need that Apus writes, TensorBoard's events and pprof's profiles: https://protobuf.dev/programming-guides/encoding.

/// A message being written.
package struct ProtocolBuffer: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func key(_ field: Int, _ wireType: UInt64) { varint(UInt64(field) << 3 | wireType) }

  /// A whole number that is not negative.
  package mutating func add(_ field: Int, _ value: Int) {
    key(field, 0)
    varint(UInt64(value))
  }

  package mutating func add(_ field: Int, _ value: Double) {
    key(field, 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func add(_ field: Int, _ value: Float) {
    key(field, 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func add(_ field: Int, _ text: String) {
    key(field, 2)
    varint(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  /// A message within this one.
  package mutating func add(_ field: Int, _ build: (inout ProtocolBuffer) -> Void) {
    var inner = ProtocolBuffer()
    build(&inner)
    key(field, 2)
    varint(UInt64(inner.bytes.count))
    bytes += inner.bytes
  }
}
