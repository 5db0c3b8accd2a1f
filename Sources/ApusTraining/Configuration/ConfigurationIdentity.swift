// Whether two runs are the same run: one spelling of each configuration, a number for it, and the list of what differs.
// A checkpoint keeps the spelling; a run that goes on compares (F81).

import ApusBasics

/// A key whose value differs between a checkpoint and the run that wants to go on from it.
public struct ConfigurationDifference: Sendable, Equatable, CustomStringConvertible {
  /// The key's path.
  public var key: String
  /// Its value then, as JSON.
  public var old: String
  /// Its value now, as JSON.
  public var new: String
  /// Whether the run may go on all the same.
  public var isAllowed: Bool

  /// Such as `"optimizer.beta1": 0.9 then, 0.8 now`.
  public var description: String { "\"\(key)\": \(old) then, \(new) now" }
}

extension TrainingConfiguration {
  /// Every key with its value, in the table's order; two configurations are equal when these are.
  public var canonical: JSONValue { document { _ in true } }

  /// A hash (FNV-1a, 64 bits, in hexadecimal) of all keys that must not change while a run goes on.
  public var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in document({ !$0.mayChange }).serialized().utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// What this configuration says otherwise than `canonical`, the spelling a checkpoint has kept. A key that one of the
  /// two does not know differs from `null`.
  public func differences(from canonical: JSONValue) -> [ConfigurationDifference] {
    let old = Self.flattened(canonical)
    let known = Set(Self.keys.map(\.path))
    var differences: [ConfigurationDifference] = []
    for key in Self.keys {
      let (before, now) = (old[key.path] ?? .null, key.write(self))
      guard before != now else { continue }
      differences.append(
        ConfigurationDifference(
          key: key.path, old: before.serialized(), new: now.serialized(), isAllowed: key.mayChange))
    }
    for (path, value) in old where !known.contains(path) && !value.isNull {
      differences.append(
        ConfigurationDifference(key: path, old: value.serialized(), new: "null", isAllowed: false))
    }
    return differences
  }

  private func document(_ isWanted: (ConfigurationKey) -> Bool) -> JSONValue {
    Self.nested(Self.keys.filter(isWanted).map { ($0.path, $0.write(self)) })
  }

  /// An object of objects from values at paths such as `a.b.c`.
  static func nested(_ entries: [(path: String, value: JSONValue)]) -> JSONValue {
    var root = JSONObject()
    func set(_ parts: ArraySlice<Substring>, _ value: JSONValue, in object: inout JSONObject) {
      let name = String(parts[parts.startIndex])
      guard parts.count > 1 else {
        object[name] = value
        return
      }
      var inner = object[name]?.object ?? JSONObject()
      set(parts.dropFirst(), value, in: &inner)
      object[name] = .object(inner)
    }
    for entry in entries { set(entry.path.split(separator: ".")[...], entry.value, in: &root) }
    return .object(root)
  }

  static func flattened(_ value: JSONValue, _ prefix: String = "") -> JSONObject {
    var result = JSONObject()
    for (name, value) in value.object ?? JSONObject() {
      let path = prefix + name
      if value.object == nil {
        result[path] = value
      } else {
        for (path, value) in flattened(value, path + ".") { result[path] = value }
      }
    }
    return result
  }
}
