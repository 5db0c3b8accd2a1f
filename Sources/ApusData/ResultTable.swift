// Where the units of parallel work leave what they found, each at its own place.

/// A table of fixed size whose places are written by different threads, never two of them the same place.
final class ResultTable<Value>: @unchecked Sendable {
  private let values: UnsafeMutableBufferPointer<Value>

  init(repeating value: Value, count: Int) {
    values = .allocate(capacity: count)
    values.initialize(repeating: value)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }

  subscript(index: Int) -> Value {
    get { values[index] }
    set { values[index] = newValue }
  }
}
