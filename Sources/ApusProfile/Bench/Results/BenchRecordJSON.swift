// Results as JSON, there and back. Times are whole nanoseconds.

import ApusBasics

extension BenchRecord {
  /// Of the files. A file with another one is refused.
  package static let format = 1

  /// The document.
  package var json: JSONValue {
    .members([
      "format": .integer(Self.format), "name": .string(name), "time": .integer(time),
      "version": .string(version),
      "machine": .members([
        "processor": .string(machine.processor), "kernels": .string(machine.kernels),
        "threads": .integer(machine.threads), "memory": .integer(machine.memory),
      ]),
      "model": .optional(model) {
        .members([
          "name": .string($0.name), "bytes": .integer($0.bytes), "parameters": .integer($0.parameters),
          "fingerprint": .string($0.fingerprint),
        ])
      },
      "settings": .members(settings.map { ($0.name, .string($0.value)) }),
      "suites": .array(suites.map { .string($0) }), "isInterrupted": .bool(isInterrupted),
      "notes": .array(notes.map { .string($0) }), "tests": .array(tests.map(\.json)),
    ])
  }

  /// Reads a document.
  ///
  /// - Parameter path: for errors.
  /// - Throws: `BenchError.damaged` with what is wrong and where.
  package init(_ document: JSONValue, path: String) throws(BenchError) {
    let reading = Reading(document, path: path)
    guard document["format"]?.int == Self.format else {
      throw .damaged(
        path: path,
        problem: document["format"]?.int.map { "it has format \($0), this program reads \(Self.format)" }
          ?? "\"format\" is missing")
    }
    let machine = Reading(try reading.value("machine"), path: path, inside: "machine.")
    var model: BenchModel?
    if let value = document["model"], !value.isNull {
      let reading = Reading(value, path: path, inside: "model.")
      model = BenchModel(
        name: try reading.text("name"), bytes: try reading.integer("bytes"),
        parameters: try reading.integer("parameters"), fingerprint: try reading.text("fingerprint"))
    }
    var settings: [BenchSetting] = []
    for (key, value) in document["settings"]?.object ?? JSONObject() {
      guard let text = value.string else { throw reading.wrong("settings." + key, "a text") }
      settings.append(BenchSetting(key, text))
    }
    var tests: [BenchSeries] = []
    for (index, value) in try reading.list("tests").enumerated() {
      tests.append(try BenchSeries(Reading(value, path: path, inside: "tests[\(index)].")))
    }
    self.init(
      time: try reading.integer("time"), version: try reading.text("version"),
      machine: BenchMachine(
        processor: try machine.text("processor"), kernels: try machine.text("kernels"),
        threads: try machine.integer("threads"), memory: try machine.integer("memory")),
      model: model, settings: settings, suites: try reading.texts("suites"), tests: tests)
    name = try reading.text("name")
    isInterrupted = document["isInterrupted"]?.bool ?? false
    notes = try reading.texts("notes")
  }
}

extension BenchSeries {
  fileprivate var json: JSONValue {
    .members([
      "test": .string(test.name), "unit": .string(test.unit.rawValue), "work": .double(test.work),
      "operations": .array(operations.map { .string($0) }),
      "rounds": .array(
        rounds.map { round in
          .members([
            "seconds": nanoseconds(round.seconds), "operations": .array(round.operations.map(nanoseconds)),
            "memory": .optional(round.memory) { .double($0.rounded()) },
            "arithmetic": .optional(round.arithmetic) { .double($0.rounded()) },
          ])
        }),
    ])
  }

  fileprivate init(_ reading: Reading) throws(BenchError) {
    guard let unit = BenchUnit(rawValue: try reading.text("unit")) else {
      throw reading.wrong("unit", "one of \(BenchUnit.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    guard let work = try reading.value("work").double, work > 0 else {
      throw reading.wrong("work", "above 0")
    }
    self.init(BenchTest(try reading.text("test"), unit: unit, work: work))
    operations = try reading.texts("operations")
    for (index, value) in try reading.list("rounds").enumerated() {
      let inner = Reading(value, path: reading.path, inside: "\(reading.inside)rounds[\(index)].")
      var round = BenchRound()
      round.seconds = try inner.seconds(inner.value("seconds"), "seconds")
      for list in try inner.list("operations") {
        round.operations.append(try inner.seconds(list, "operations"))
      }
      guard round.operations.count == operations.count,
        round.operations.allSatisfy({ $0.count == round.seconds.count })
      else { throw inner.wrong("operations", "a list for each operation with a number for each sample") }
      round.memory = value["memory"]?.double
      round.arithmetic = value["arithmetic"]?.double
      rounds.append(round)
    }
  }
}

/// Seconds as whole nanoseconds.
package func nanoseconds(_ seconds: [Double]) -> JSONValue {
  .array(seconds.map { .int(Int64(($0 * 1e9).rounded())) })
}

/// A JSON object being read, with the words for what is wrong with it.
private struct Reading {
  let object: JSONValue
  let path: String
  let inside: String

  init(_ object: JSONValue, path: String, inside: String = "") {
    self.object = object
    self.path = path
    self.inside = inside
  }

  func wrong(_ key: String, _ expected: String) -> BenchError {
    .damaged(path: path, problem: "\"\(inside)\(key)\" is not \(expected)")
  }

  func value(_ key: String) throws(BenchError) -> JSONValue {
    guard let value = object[key] else {
      throw .damaged(path: path, problem: "\"\(inside)\(key)\" is missing")
    }
    return value
  }

  func text(_ key: String) throws(BenchError) -> String {
    guard let text = try value(key).string else { throw wrong(key, "a text") }
    return text
  }

  func integer(_ key: String) throws(BenchError) -> Int {
    guard let number = try value(key).int else { throw wrong(key, "a whole number") }
    return number
  }

  func list(_ key: String) throws(BenchError) -> [JSONValue] {
    guard let list = try value(key).array else { throw wrong(key, "a list") }
    return list
  }

  func texts(_ key: String) throws(BenchError) -> [String] {
    let list = try list(key)
    let texts = list.compactMap(\.string)
    guard texts.count == list.count else { throw wrong(key, "a list of texts") }
    return texts
  }

  /// A list of nanoseconds, in seconds.
  func seconds(_ value: JSONValue, _ key: String) throws(BenchError) -> [Double] {
    guard let list = value.array else { throw wrong(key, "a list") }
    let numbers = list.compactMap(\.double).filter { $0 >= 0 && $0 < 1e18 }
    guard numbers.count == list.count else { throw wrong(key, "a list of nanoseconds") }
    return numbers.map { $0 * 1e-9 }
  }
}
