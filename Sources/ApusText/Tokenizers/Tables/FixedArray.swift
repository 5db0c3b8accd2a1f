// An array of fixed size that never moves and is never written after it was built, so that the inner loops of the
// tokenizers can hold plain pointers to it from any thread.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory for `count` elements of a trivial type at one address, freed with its owner.
package final class FixedArray<Element: BitwiseCopyable>: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Element>
  package let count: Int

  package init(repeating element: Element, count: Int) {
    base = Self.allocate(count)
    base.initialize(repeating: element, count: count)
    self.count = count
  }

  package init(_ elements: some Sequence<Element>) {
    let array = ContiguousArray(elements)
    base = Self.allocate(array.count)
    count = array.count
    array.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { base.initialize(from: start, count: source.count) }
    }
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  /// Memory of its own; from 2 MiB on in huge pages where the system has them, because tables of that size are read
  /// at random and would miss the address cache at every step.
  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Element> {
    let size = max(count, 1) * MemoryLayout<Element>.stride
    let hugePage = 1 << 21
    guard size >= hugePage else { return .allocate(capacity: max(count, 1)) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: hugePage)
    #if os(Linux)
      _ = madvise(memory, size & ~(hugePage - 1), 14)  // MADV_HUGEPAGE; advice only
    #endif
    return memory.bindMemory(to: Element.self, capacity: count)
  }

  @inline(__always)
  package subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      return base[index]
    }
    set {
      assert(index >= 0 && index < count)
      base[index] = newValue
    }
  }

  /// The elements from `start` up to `end`.
  @inline(__always)
  package func slice(_ start: Int, _ end: Int) -> UnsafeBufferPointer<Element> {
    assert(start >= 0 && start <= end && end <= count)
    return UnsafeBufferPointer(start: base + start, count: end - start)
  }
}
