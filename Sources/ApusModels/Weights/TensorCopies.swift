// Tensors in memory of their own: those whose values or places differ from the file's, made when they are first asked
// for and given back once they are packed.

import Synchronization

/// Copies of tensors by name.
final class TensorCopies: Sendable {
  private struct Kept {
    var copies: [String: TensorCopy] = [:]
    /// The copy that nobody needs any more. It stays until the next one is released: the parts of a fused tensor are
    /// asked for, and released, one after the other.
    var released: String?
  }

  private let kept = Mutex(Kept())

  /// The copy of a tensor, made by `fill` the first time.
  func copy(
    _ name: String, byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> UnsafeRawPointer {
    kept.withLock { kept in
      if kept.released == name { kept.released = nil }
      if let known = kept.copies[name] { return UnsafeRawPointer(known.base) }
      let copy = TensorCopy(byteCount: byteCount)
      fill(UnsafeMutableRawBufferPointer(start: copy.base, count: byteCount))
      kept.copies[name] = copy
      return UnsafeRawPointer(copy.base)
    }
  }

  /// Says that the copy will not be read any more, unless it is asked for again.
  func release(_ name: String) {
    kept.withLock { kept in
      guard kept.copies[name] != nil, kept.released != name else { return }
      if let last = kept.released { kept.copies[last] = nil }
      kept.released = name
    }
  }
}

/// Bytes in memory of their own.
private final class TensorCopy: @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  init(byteCount: Int) {
    base = .allocate(byteCount: max(64, byteCount), alignment: 64)
  }

  deinit {
    base.deallocate()
  }
}
