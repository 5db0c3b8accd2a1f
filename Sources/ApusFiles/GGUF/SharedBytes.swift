// Bytes and whoever keeps them alive. Values of a file's metadata are such views into the mapping; values made
// by a program own a copy.

/// Read-only bytes, alive as long as this value.
package struct SharedBytes: @unchecked Sendable {
  /// The bytes. Use them only while the `SharedBytes` they came from is alive.
  package let buffer: UnsafeRawBufferPointer
  private let owner: any AnyObject & Sendable

  /// `buffer`, kept alive and unchanged by `owner`.
  package init(_ buffer: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
    self.buffer = buffer
    self.owner = owner
  }

  /// A copy of `bytes`.
  package init(_ bytes: [UInt8]) {
    let copy = OwnedBytes(bytes)
    self.init(UnsafeRawBufferPointer(copy.buffer), owner: copy)
  }

  /// The part at `range`.
  package subscript(range: Range<Int>) -> SharedBytes {
    SharedBytes(UnsafeRawBufferPointer(rebasing: buffer[range]), owner: owner)
  }
}

private final class OwnedBytes: @unchecked Sendable {
  let buffer: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    buffer = .allocate(byteCount: bytes.count, alignment: 64)
    buffer.copyBytes(from: bytes)
  }

  deinit { buffer.deallocate() }
}
