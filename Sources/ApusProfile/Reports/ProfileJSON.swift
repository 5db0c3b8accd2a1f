// A profile as JSON that reads back to the same values. Names of members are part of the format: a change of their
// meaning needs a new version.

import ApusBasics

extension Profile {
  static let formatName = "apus profile"
  static let formatVersion = 1

  /// The profile as JSON; `Profile(json:)` reads it back to an equal value.
  public var json: JSONValue {
    .members([
      "format": .string(Self.formatName), "version": .integer(Self.formatVersion),
      "workload": .string(workload), "command": .string(command), "interrupted": .bool(isInterrupted),
      "machine": machine.json,
      "phases": .array(phases.map(\.json)),
      "memory": .array(memory.map(\.json)),
      "memoryOverTime": .array(memoryOverTime.map { .array([.exact($0.time), .integer($0.resident)]) }),
      "system": system.json, "counters": counters.json,
      "timeline": .array(
        timeline.map {
          .array([
            .integer($0.thread), .exact($0.start), .exact($0.end), .integer($0.phase),
            .optional($0.operation, JSONValue.integer),
          ])
        }),
      "notes": .array(notes.map(JSONValue.string)),
    ])
  }
}

extension ProfiledMachine {
  fileprivate var json: JSONValue {
    .members([
      "processor": .string(processor), "kernels": .string(kernels), "threads": .integer(threads),
      "physicalCores": .integer(physicalCores), "memoryLimit": .integer(memoryLimit), "single": single.json,
      "all": all.json,
    ])
  }
}

extension MachineLimits {
  fileprivate var json: JSONValue {
    .members([
      "f32": .double(f32), "bf16": .optional(bf16, JSONValue.double),
      "int8": .optional(int8, JSONValue.double), "readBytes": .double(readBytes),
    ])
  }
}

extension ProfiledPhase {
  fileprivate var json: JSONValue {
    .members([
      "name": .string(name), "wall": .exact(wall), "steps": .integer(steps), "tokens": .integer(tokens),
      "operations": .array(operations.map(\.json)),
    ])
  }
}

extension OperationProfile {
  fileprivate var json: JSONValue {
    .members([
      "name": .string(name), "scope": .string(scope), "arithmetic": .string(arithmetic.rawValue),
      "calls": .integer(calls), "flops": .double(flops), "bytes": .double(bytes),
      "busy": .array(busy.map(JSONValue.exact)), "wait": .array(wait.map(JSONValue.exact)),
      "serial": .bool(isSerial), "single": .optional(single, JSONValue.exact),
    ])
  }
}

extension MemoryPurpose {
  /// Also part of an audit's JSON.
  var json: JSONValue {
    .members([
      "purpose": .string(purpose), "reserved": .integer(reserved),
      "resident": .optional(resident, JSONValue.integer),
    ])
  }
}

extension SystemCounts {
  fileprivate var json: JSONValue {
    .members([
      "minorFaults": .integer(minorFaults), "majorFaults": .integer(majorFaults),
      "voluntarySwitches": .integer(voluntarySwitches),
      "involuntarySwitches": .integer(involuntarySwitches),
      "allocations": .optional(allocations, JSONValue.integer),
      "throttledMicroseconds": .optional(throttledMicroseconds, JSONValue.integer),
      "stolenMicroseconds": .optional(stolenMicroseconds, JSONValue.integer),
    ])
  }
}

extension HardwareCounters {
  fileprivate var json: JSONValue {
    .members([
      "cycles": .optional(cycles, JSONValue.exact), "instructions": .optional(instructions, JSONValue.exact),
      "cacheMisses": .optional(cacheMisses, JSONValue.exact),
      "branchMisses": .optional(branchMisses, JSONValue.exact),
      "unavailable": .optional(unavailable, JSONValue.string),
    ])
  }
}

extension JSONValue {
  /// A count that may be beyond JSON's exact integers here, and is then a text of digits.
  fileprivate static func exact(_ value: UInt64) -> JSONValue {
    Int64(exactly: value).map(JSONValue.int) ?? .string("\(value)")
  }
}
