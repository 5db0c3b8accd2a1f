// The metadata of a GGUF file: keys in the file's order, values as typed views.

/// The keys and values of a GGUF file.
///
///     let name = try file.metadata.string("general.name") ?? "unnamed"
///     let layers = try file.metadata.int("llama.block_count")
///
/// The typed accessors return `nil` for a key that is not there and throw for one of another type.
public struct GGUFMetadata: Sendable {
  /// The keys in the file's order.
  public private(set) var keys: [String] = []
  private var values: [GGUFValue] = []
  private var places: [String: Int] = [:]
  private let file: String

  package init(file: String) {
    self.file = file
  }

  /// The number of keys.
  public var count: Int { keys.count }

  /// The value of `key`, or `nil`.
  public subscript(key: String) -> GGUFValue? {
    places[key].map { values[$0] }
  }

  /// Adds `key`; returns false when it is there already.
  package mutating func append(_ key: String, _ value: GGUFValue) -> Bool {
    guard places.updateValue(keys.count, forKey: key) == nil else { return false }
    keys.append(key)
    values.append(value)
    return true
  }

  /// The string of `key`.
  ///
  /// - Throws: `GGUFError.Fault.wrongType`, as all accessors here.
  public func string(_ key: String) throws(GGUFError) -> String? {
    try read(key, "a string") { $0.string }
  }

  /// The integer of `key`, of any width and sign.
  public func int(_ key: String) throws(GGUFError) -> Int? {
    try read(key, "an integer") { $0.int }
  }

  /// The floating-point number of `key`.
  public func float(_ key: String) throws(GGUFError) -> Double? {
    try read(key, "a floating-point number") { $0.float }
  }

  /// The Boolean of `key`.
  public func bool(_ key: String) throws(GGUFError) -> Bool? {
    try read(key, "a bool") { $0.bool }
  }

  /// The strings of `key`, as views into the file.
  ///
  /// - Complexity: O(*n*) to find where each starts.
  public func strings(_ key: String) throws(GGUFError) -> GGUFStringArray? {
    try read(key, "an array of strings") { $0.array?.strings }
  }

  /// The integers of `key`, of any width and sign.
  public func ints(_ key: String) throws(GGUFError) -> [Int]? {
    try read(key, "an array of integers") { $0.array?.ints }
  }

  /// The floating-point numbers of `key`.
  public func floats(_ key: String) throws(GGUFError) -> [Float]? {
    try read(key, "an array of floating-point numbers") { $0.array?.floats }
  }

  /// The Booleans of `key`.
  public func bools(_ key: String) throws(GGUFError) -> [Bool]? {
    try read(key, "an array of bools") { $0.array?.bools }
  }

  private func read<T>(_ key: String, _ expected: String, _ view: (GGUFValue) -> T?) throws(GGUFError) -> T? {
    guard let value = self[key] else { return nil }
    guard let result = view(value) else {
      throw GGUFError(file, .key(key, offset: nil), .wrongType(found: value.kindText, expected: expected))
    }
    return result
  }
}

extension GGUFValue {
  /// Its type in words, such as `uint32` or `array of string`, for messages.
  package var kindText: String {
    guard let array else { return "\(type)" }
    return "array of \(array.elementType)"
  }
}
