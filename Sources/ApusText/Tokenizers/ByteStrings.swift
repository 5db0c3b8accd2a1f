// How lists of byte strings (pieces, merges) come in: a count and a way to look at each in place. A file reader
// gives views of its mapped bytes, so a vocabulary of 150,000 pieces costs no allocation per piece.

/// A list of byte strings that are read where they lie.
public struct ByteStrings {
  /// How many strings there are.
  public let count: Int
  private let element: (Int) -> UnsafeRawBufferPointer

  /// A list whose string `i` is `element(i)`, for `i` in `0 ..< count`.
  ///
  /// The pointers need to stay valid only until the next call or the end of the call this list is passed to,
  /// whichever comes first.
  public init(count: Int, element: @escaping (Int) -> UnsafeRawBufferPointer) {
    self.count = count
    self.element = element
  }

  /// A list of the UTF-8 bytes of `strings`, for tests and small vocabularies.
  public init(_ strings: [String]) {
    self.init(strings.map { Array($0.utf8) })
  }

  /// A list of copies of `strings`.
  public init(_ strings: [[UInt8]]) {
    let storage = FixedArray<UInt8>(strings.joined())
    var starts = [0]
    starts.reserveCapacity(strings.count + 1)
    for string in strings { starts.append(starts[starts.count - 1] + string.count) }
    self.init(count: strings.count) { [starts] index in
      UnsafeRawBufferPointer(storage.slice(starts[index], starts[index + 1]))
    }
  }

  /// String `index`.
  package subscript(index: Int) -> UnsafeRawBufferPointer { element(index) }
}
