// An array of fixed size that never moves and is never written after it was built, so that the inner loops of the
// tokenizers can hold plain pointers to it from any thread.

/// Memory for `count` elements of a trivial type at one address, freed with its owner.
package final class FixedArray<Element: BitwiseCopyable>: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Element>
  package let count: Int

  package init(repeating element: Element, count: Int) {
    base = .allocate(capacity: max(count, 1))
    base.initialize(repeating: element, count: count)
    self.count = count
  }

  package init(_ elements: some Sequence<Element>) {
    let array = ContiguousArray(elements)
    base = .allocate(capacity: max(array.count, 1))
    count = array.count
    array.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { base.initialize(from: start, count: source.count) }
    }
  }

  deinit { base.deallocate() }

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
