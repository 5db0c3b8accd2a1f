// Arrays among metadata values: typed views over the file's bytes.

/// An array of a GGUF file, unboxed: numbers lie side by side, strings are found through a table of offsets.
public struct GGUFArray: Sendable {
  /// The type of its elements.
  public let elementType: GGUFValueType
  /// The number of its elements.
  public let count: Int
  /// The elements' bytes.
  private let data: SharedBytes
  /// Where each element of no fixed size starts, and where the last ends.
  private let offsets: [UInt32]

  /// The array whose bytes, from the element type on, are `wire`; `nil` when they are not the array the parser
  /// has checked (a file can be overwritten while it is mapped).
  init?(_ wire: SharedBytes) {
    guard wire.buffer.count >= 12,
      let type = GGUFValueType(rawValue: UInt32(littleEndian: wire.buffer.loadUnaligned(as: UInt32.self))),
      let count = Int(
        exactly: UInt64(littleEndian: wire.buffer.loadUnaligned(fromByteOffset: 4, as: UInt64.self)))
    else { return nil }
    let data = wire[12..<wire.buffer.count]
    guard count <= data.buffer.count / type.minimumSize else { return nil }
    if type.size != nil {
      offsets = []
    } else {
      guard let found = elementOffsets(data.buffer, type, count) else { return nil }
      offsets = found
    }
    self.elementType = type
    self.count = count
    self.data = data
  }

  /// The elements, or `nil` when they are no strings.
  public var strings: GGUFStringArray? { elementType == .string ? GGUFStringArray(array: self) : nil }

  /// The elements as exactly the type they have, or `nil` when that is another.
  ///
  /// - Complexity: O(*n*), one copy.
  public func scalars<T: GGUFScalar>(of type: T.Type) -> [T]? {
    guard elementType == T.ggufType else { return nil }
    let bytes = count * MemoryLayout<T>.stride
    guard bytes <= data.buffer.count else { return nil }
    return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: data.buffer[..<bytes]))
      initialized = count
    }
  }

  /// The elements as integers, whatever their width and sign, or `nil` when they are no integers or one is
  /// beyond `Int.max`.
  ///
  /// - Complexity: O(*n*).
  public var ints: [Int]? {
    switch elementType {
    case .uint8: scalars(of: UInt8.self)?.map { Int($0) }
    case .int8: scalars(of: Int8.self)?.map { Int($0) }
    case .uint16: scalars(of: UInt16.self)?.map { Int($0) }
    case .int16: scalars(of: Int16.self)?.map { Int($0) }
    case .uint32: scalars(of: UInt32.self)?.map { Int($0) }
    case .int32: scalars(of: Int32.self)?.map { Int($0) }
    case .int64: scalars(of: Int64.self)?.map { Int($0) }
    case .uint64: scalars(of: UInt64.self).flatMap(exactInts)
    case .float32, .float64, .bool, .string, .array: nil
    }
  }

  /// The elements as floats (doubles are rounded), or `nil` when they are no floating-point numbers.
  ///
  /// - Complexity: O(*n*).
  public var floats: [Float]? {
    switch elementType {
    case .float32: scalars(of: Float.self)
    case .float64: scalars(of: Double.self)?.map { Float($0) }
    default: nil
    }
  }

  /// The elements as Booleans, or `nil`.
  ///
  /// - Complexity: O(*n*).
  public var bools: [Bool]? {
    elementType == .bool ? data.buffer.prefix(count).map { $0 != 0 } : nil
  }

  /// The element at `index`, of whatever type.
  public subscript(index: Int) -> GGUFValue {
    GGUFValue(type: elementType, wire: data[range(index)])
  }

  /// The bytes of an element as in the file.
  fileprivate func range(_ index: Int) -> Range<Int> {
    precondition(index >= 0 && index < count)
    if let size = elementType.size { return index * size..<(index + 1) * size }
    return Int(offsets[index])..<Int(offsets[index + 1])
  }

  fileprivate func bytes(at index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: data.buffer[range(index)])
  }
}

/// An array of strings in a GGUF file, such as a vocabulary.
public struct GGUFStringArray: Sendable, RandomAccessCollection {
  fileprivate let array: GGUFArray

  /// 0.
  public var startIndex: Int { 0 }
  /// The number of strings.
  public var endIndex: Int { array.count }

  /// The string at `index`, malformed UTF-8 repaired.
  ///
  /// - Complexity: O(*n*) in its length: it is made anew each time.
  public subscript(index: Int) -> String {
    String(decoding: bytes(at: index), as: UTF8.self)
  }

  /// The bytes of the string at `index`, in the mapped file: use them only while this array is alive.
  package func bytes(at index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: array.bytes(at: index)[8...])
  }
}

private func exactInts(_ values: [UInt64]) -> [Int]? {
  values.allSatisfy { $0 <= UInt64(Int.max) } ? values.map { Int($0) } : nil
}

/// Where each of `count` strings or arrays in `data` starts, and where the last ends; `nil` when they do not
/// fit in it.
private func elementOffsets(_ data: UnsafeRawBufferPointer, _ type: GGUFValueType, _ count: Int) -> [UInt32]?
{
  guard data.count <= Int(UInt32.max) else { return nil }
  var offsets: [UInt32] = []
  offsets.reserveCapacity(count + 1)
  var offset = 0
  for _ in 0..<count {
    offsets.append(UInt32(offset))
    guard let size = valueSize(data, at: offset, type), size <= data.count - offset else { return nil }
    offset += size
  }
  offsets.append(UInt32(offset))
  return offsets
}

/// Bytes of the value at `offset`, or `nil` when its head is not inside `data` or the number is impossible.
/// The depth of arrays is what the parser has let pass.
private func valueSize(_ data: UnsafeRawBufferPointer, at offset: Int, _ type: GGUFValueType) -> Int? {
  guard data.count - offset >= type.minimumSize else { return nil }
  switch type {
  case .string:
    let length = UInt64(littleEndian: data.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    return length <= UInt64(data.count) ? 8 + Int(length) : nil
  case .array:
    let number = UInt32(littleEndian: data.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    let count = UInt64(littleEndian: data.loadUnaligned(fromByteOffset: offset + 4, as: UInt64.self))
    guard let element = GGUFValueType(rawValue: number), count <= UInt64(data.count) else { return nil }
    if let size = element.size { return 12 + Int(count) * size }
    var size = 12
    for _ in 0..<count {
      guard let next = valueSize(data, at: offset + size, element) else { return nil }
      size += next
      guard size <= data.count - offset else { return nil }
    }
    return size
  default:
    return type.size
  }
}
