// A JSON document as values. Objects keep their order, integers stay exact, text is valid UTF-8 only.
// RFC 8259.

/// A JSON value.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number written without fraction or exponent that fits.
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// The value of `true` or `false`.
  public var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  /// An exact integer; 1.0 is none.
  public var int: Int? {
    if case .int(let value) = self { return Int(exactly: value) }
    return nil
  }

  /// A number of either kind.
  public var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The text of a string.
  public var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  /// The elements of an array.
  public var array: [JSONValue]? {
    if case .array(let value) = self { return value }
    return nil
  }

  /// The members of an object.
  public var object: JSONObject? {
    if case .object(let value) = self { return value }
    return nil
  }

  /// Whether it is `null`.
  public var isNull: Bool { self == .null }

  /// The member of an object.
  public subscript(key: String) -> JSONValue? { object?[key] }
}

/// A JSON object: members in the order they were written.
public struct JSONObject: Sendable {
  /// The keys in order.
  public private(set) var keys: [String] = []
  private var values: [JSONValue] = []
  /// Only for objects large enough that looking through the keys would be slow.
  private var places: [String: Int] = [:]

  private static let indexedCount = 12

  /// No members.
  public init() {}

  /// How many members there are.
  public var count: Int { keys.count }
  /// Whether there are none.
  public var isEmpty: Bool { keys.isEmpty }

  /// The member called `key`. Setting nil removes it; setting a new one appends it.
  ///
  /// - Complexity: O(1); removing is O(*n*).
  public subscript(key: String) -> JSONValue? {
    get { place(key).map { values[$0] } }
    set {
      switch (place(key), newValue) {
      case (let place?, let value?): values[place] = value
      case (let place?, nil):
        keys.remove(at: place)
        values.remove(at: place)
        reindex()
      case (nil, let value?): append(key, value)
      case (nil, nil): break
      }
    }
  }

  private mutating func append(_ key: String, _ value: JSONValue) {
    keys.append(key)
    values.append(value)
    if keys.count == Self.indexedCount { reindex() }
    if keys.count > Self.indexedCount { places[key] = keys.count - 1 }
  }

  private mutating func reindex() {
    places = [:]
    guard keys.count >= Self.indexedCount else { return }
    for (index, key) in keys.enumerated() { places[key] = index }
  }

  private func place(_ key: String) -> Int? {
    // Compared by bytes: Swift's == would call canonically equivalent keys the same.
    keys.count >= Self.indexedCount
      ? places[key].flatMap { Array(keys[$0].utf8) == Array(key.utf8) ? $0 : slowPlace(key) }
        ?? slowPlace(key)
      : slowPlace(key)
  }

  private func slowPlace(_ key: String) -> Int? {
    guard keys.count < Self.indexedCount || places[key] != nil else { return nil }
    return keys.firstIndex { $0.utf8.elementsEqual(key.utf8) }
  }
}

extension JSONObject: RandomAccessCollection {
  /// The place of the first member.
  public var startIndex: Int { 0 }
  /// The place after the last member.
  public var endIndex: Int { keys.count }
  /// The member at a place.
  public subscript(index: Int) -> (key: String, value: JSONValue) { (keys[index], values[index]) }
}

extension JSONObject: Equatable {
  /// The same members, in whatever order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
  }
}
