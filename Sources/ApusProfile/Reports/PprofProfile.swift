// pprof's profile.proto: a sample for each operation, whose stack is phase, parts of the model, operation.
// https://github.com/google/pprof/blob/main/proto/profile.proto

import ApusBasics

extension Profile {
  /// The profile for `pprof`, as an uncompressed protocol buffer.
  ///
  /// Each sample has four values: the threads' time at work and waiting in nanoseconds, operations and bytes. Equal
  /// stacks are one sample.
  ///
  /// - Complexity: O(*n*) in the number of operations.
  public var pprof: [UInt8] {
    var tables = PprofTables()
    var places: [[Int]: Int] = [:]
    var samples: [(locations: [Int], values: [Double])] = []
    for phase in phases {
      for operation in phase.operations {
        // The innermost frame comes first.
        let frames = [operation.name] + operation.path.reversed() + [phase.name]
        let locations = frames.map { tables.function($0) }
        let values = [operation.busyTotal, operation.flops, operation.bytes, operation.waitTotal]
        if let place = places[locations] {
          for index in values.indices { samples[place].values[index] += values[index] }
        } else {
          places[locations] = samples.count
          samples.append((locations, values))
        }
      }
    }
    var comments = isInterrupted ? [Self.interruptedText] : []
    comments += [workload, command, "\(machine.processor), \(machine.kernels)"] + notes

    var file = ProtocolBuffer()
    for (type, unit) in [
      ("time", "nanoseconds"), ("flops", "count"), ("bytes", "bytes"), ("waiting", "nanoseconds"),
    ] {
      file.add(1) { tables.type(type, unit, &$0) }
    }
    for sample in samples {
      file.add(2) { message in
        for location in sample.locations { message.add(1, location) }
        for value in sample.values { message.add(2, Self.whole(value)) }
      }
    }
    for function in 1..<tables.functions.count + 1 {
      file.add(4) { message in
        message.add(1, function)
        message.add(4) { $0.add(1, function) }
      }
    }
    for (index, name) in tables.functions.enumerated() {
      file.add(5) { message in
        message.add(1, index + 1)
        message.add(2, name)
        message.add(3, name)
      }
    }
    let remarks = comments.map { tables.text($0) }
    let defaultType = tables.text("time")
    file.add(10, Self.whole(wall))
    file.add(11) { tables.type("time", "nanoseconds", &$0) }
    file.add(12, 1)
    for remark in remarks { file.add(13, remark) }
    file.add(14, defaultType)
    for text in tables.texts { file.add(6, text) }
    return file.bytes
  }

  private static func whole(_ value: Double) -> Int {
    Int(exactly: value.rounded()).map { max(0, $0) } ?? (value > 0 ? .max : 0)
  }
}

/// Texts and functions by number. A function has one location of the same number.
private struct PprofTables {
  /// Number 0 is the empty text.
  private(set) var texts = [""]
  /// The names' places in `texts`; numbers begin with 1.
  private(set) var functions: [Int] = []
  private var textPlaces = ["": 0]
  private var functionPlaces: [Int: Int] = [:]

  mutating func text(_ text: String) -> Int {
    if let place = textPlaces[text] { return place }
    texts.append(text)
    textPlaces[text] = texts.count - 1
    return texts.count - 1
  }

  mutating func function(_ name: String) -> Int {
    let text = text(name.isEmpty ? "(unnamed)" : name)
    if let place = functionPlaces[text] { return place }
    functions.append(text)
    functionPlaces[text] = functions.count
    return functions.count
  }

  mutating func type(_ type: String, _ unit: String, _ message: inout ProtocolBuffer) {
    message.add(1, text(type))
    message.add(2, text(unit))
  }
}
