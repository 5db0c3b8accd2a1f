// One metadata value. It is kept as its bytes in the file, so that opening a file builds nothing, copying a
// file changes nothing, and an array of 150,000 strings costs no object each. Arrays are in GGUFArray.

/// The types of metadata values, by their numbers in the file.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
  case uint8 = 0
  case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// Bytes of a value, or `nil` for strings and arrays.
  package var size: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// The fewest bytes a value takes: a string at least its length, an array its element type and count.
  package var minimumSize: Int { size ?? (self == .string ? 8 : 12) }
}

/// A Swift type that is a GGUF value type: the fixed-width integers, `Float`, `Double` and `Bool`.
public protocol GGUFScalar: Sendable, BitwiseCopyable {
  /// Its type in a file.
  static var ggufType: GGUFValueType { get }
}

extension UInt8: GGUFScalar {
  /// `uint8`.
  public static var ggufType: GGUFValueType { .uint8 }
}
extension Int8: GGUFScalar {
  /// `int8`.
  public static var ggufType: GGUFValueType { .int8 }
}
extension UInt16: GGUFScalar {
  /// `uint16`.
  public static var ggufType: GGUFValueType { .uint16 }
}
extension Int16: GGUFScalar {
  /// `int16`.
  public static var ggufType: GGUFValueType { .int16 }
}
extension UInt32: GGUFScalar {
  /// `uint32`.
  public static var ggufType: GGUFValueType { .uint32 }
}
extension Int32: GGUFScalar {
  /// `int32`.
  public static var ggufType: GGUFValueType { .int32 }
}
extension UInt64: GGUFScalar {
  /// `uint64`.
  public static var ggufType: GGUFValueType { .uint64 }
}
extension Int64: GGUFScalar {
  /// `int64`.
  public static var ggufType: GGUFValueType { .int64 }
}
extension Float: GGUFScalar {
  /// `float32`.
  public static var ggufType: GGUFValueType { .float32 }
}
extension Double: GGUFScalar {
  /// `float64`.
  public static var ggufType: GGUFValueType { .float64 }
}
extension Bool: GGUFScalar {
  /// `bool`.
  public static var ggufType: GGUFValueType { .bool }
}

/// One metadata value of a GGUF file.
///
///     header.set("llama.block_count", .scalar(UInt32(32)))
///     header.set("general.name", .string("swift"))
///     header.set("tokenizer.ggml.tokens", .strings(["<s>", "a", "b"]))
public struct GGUFValue: Sendable {
  /// Its type.
  public let type: GGUFValueType
  /// Its bytes as in the file. Strings begin with their length, arrays with element type and count.
  package let wire: SharedBytes

  /// The value whose bytes in a file are `wire`, checked by the parser.
  package init(type: GGUFValueType, wire: SharedBytes) {
    self.type = type
    self.wire = wire
  }

  // MARK: Making values

  /// A number or a Boolean.
  public static func scalar<T: GGUFScalar>(_ value: T) -> GGUFValue {
    var wire = GGUFBytes()
    wire.append(value)
    return GGUFValue(type: T.ggufType, wire: SharedBytes(wire.bytes))
  }

  /// A string.
  public static func string(_ text: String) -> GGUFValue {
    var wire = GGUFBytes()
    wire.append(text)
    return GGUFValue(type: .string, wire: SharedBytes(wire.bytes))
  }

  /// An array of numbers or Booleans.
  public static func scalars<T: GGUFScalar>(_ values: [T]) -> GGUFValue {
    var wire = GGUFBytes()
    wire.append(T.ggufType.rawValue)
    wire.append(UInt64(values.count))
    for value in values { wire.append(value) }
    return GGUFValue(type: .array, wire: SharedBytes(wire.bytes))
  }

  /// An array of strings.
  public static func strings(_ values: some Collection<String>) -> GGUFValue {
    var wire = GGUFBytes()
    wire.append(GGUFValueType.string.rawValue)
    wire.append(UInt64(values.count))
    for value in values { wire.append(value) }
    return GGUFValue(type: .array, wire: SharedBytes(wire.bytes))
  }

  /// An array of arrays.
  public static func arrays(_ values: [GGUFValue]) -> GGUFValue {
    precondition(values.allSatisfy { $0.type == .array })
    var wire = GGUFBytes()
    wire.append(GGUFValueType.array.rawValue)
    wire.append(UInt64(values.count))
    for value in values { wire.bytes.append(contentsOf: value.wire.buffer) }
    return GGUFValue(type: .array, wire: SharedBytes(wire.bytes))
  }

  // MARK: Reading values

  /// The integer, of any width and sign, or `nil` for another type or a number beyond `Int.max`.
  public var int: Int? {
    switch type {
    case .uint8: Int(load(UInt8.self))
    case .int8: Int(load(Int8.self))
    case .uint16: Int(load(UInt16.self))
    case .int16: Int(load(Int16.self))
    case .uint32: Int(load(UInt32.self))
    case .int32: Int(load(Int32.self))
    case .uint64: Int(exactly: load(UInt64.self))
    case .int64: Int(load(Int64.self))
    case .float32, .float64, .bool, .string, .array: nil
    }
  }

  /// The floating-point number, or `nil` for another type.
  public var float: Double? {
    switch type {
    case .float32: Double(Float(bitPattern: load(UInt32.self)))
    case .float64: Double(bitPattern: load(UInt64.self))
    default: nil
    }
  }

  /// The Boolean (any byte but 0 is true), or `nil` for another type.
  public var bool: Bool? { type == .bool ? load(UInt8.self) != 0 : nil }

  /// The string, malformed UTF-8 repaired, or `nil` for another type.
  ///
  /// - Complexity: O(*n*): the string is made anew each time.
  public var string: String? { type == .string ? String(decoding: wire.buffer[8...], as: UTF8.self) : nil }

  /// The array, or `nil` for another type.
  ///
  /// - Complexity: O(1) for numbers; O(*n*) for strings and arrays, whose places are looked up once.
  public var array: GGUFArray? { type == .array ? GGUFArray(wire) : nil }

  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T {
    T(littleEndian: wire.buffer.loadUnaligned(as: type))
  }
}

/// The bytes of values being put together.
package struct GGUFBytes {
  package var bytes: [UInt8] = []

  package init() {}

  package mutating func append<T: GGUFScalar>(_ value: T) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  package mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }
}
