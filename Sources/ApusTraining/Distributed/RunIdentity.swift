// Whether the processes of a run do the same: the same build, the same configuration, the same data. They say so before
// anything else, because what differs would show only as nonsense, or as a rank that waits for what nobody sends.

import ApusBasics

/// What must be the same on all ranks.
struct RunIdentity {
  /// Grows whenever messages between ranks change.
  static let version = 1

  let json: JSONValue

  /// - Parameters:
  ///   - data: the identity of the training data.
  ///   - version: of the build.
  init(_ configuration: TrainingConfiguration, data: UInt64, version: Int = Self.version) {
    var object = JSONObject()
    object["version"] = .int(Int64(version))
    object["data"] = .string(String(data, radix: 16))
    object["configuration"] = configuration.canonical
    json = .object(object)
  }

  /// Keys that may differ: where things lie on a machine, and what it can spare.
  static let ofMachine: Set<String> = [
    "data.train", "data.validation", "data.tokenizer", "model.from", "checkpoint.directory", "memory.limit",
    "threads",
  ]

  /// What another rank says otherwise; nil when it does the same.
  static func difference(_ own: JSONValue, _ other: JSONValue) -> String? {
    guard own.object?["version"] == other.object?["version"] else {
      return "another build than rank 0's; install the same one everywhere"
    }
    let (first, second) = (flattened(own), flattened(other))
    let keys = first.keys + second.keys.filter { first[$0] == nil }
    for key in keys where !ofMachine.contains(key) {
      let (before, after) = (first[key] ?? .null, second[key] ?? .null)
      if before != after {
        return "its configuration says \"\(key)\": \(after.serialized()), and rank 0's \(before.serialized())"
      }
    }
    // The data last: other settings mean other data.
    return own.object?["data"] == other.object?["data"]
      ? nil : "other training data than rank 0's, or data in another order"
  }

  private static func flattened(_ value: JSONValue) -> JSONObject {
    TrainingConfiguration.flattened(value.object?["configuration"] ?? .null)
  }
}

extension RankGroup {
  /// - Throws: `CommunicationError.failed` on all ranks when one of them does something else than rank 0.
  func compare(_ identity: RunIdentity) throws(CommunicationError) {
    guard !isAlone else { return }
    let texts = try gather(identity.json.serialized(), "the configurations of the other processes")
    try judge("the comparison of all configurations", texts) { _, text in
      RunIdentity.difference(identity.json, (try? JSONValue(parsing: text)) ?? .null)
    }
  }
}
