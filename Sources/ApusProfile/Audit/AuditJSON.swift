// An audit as JSON, for machines: what is computed, with the profile it is computed from left out.

import ApusBasics

extension Audit {
  /// The audit's figures. Times are nanoseconds, parts of a whole lie in 0...1, unknown ones are null.
  public var json: JSONValue {
    .members([
      "format": .string("apus audit"), "version": .integer(1), "workload": .string(profile.workload),
      "command": .string(profile.command), "interrupted": .bool(profile.isInterrupted),
      "wall": .double(wall), "roofline": .double(roofline), "serial": .double(serial),
      "waiting": .double(waiting), "outside": .double(outside),
      "efficiency": .optional(efficiency, JSONValue.double),
      "residentBytes": .optional(residentBytes, JSONValue.integer),
      "allocations": .optional(profile.system.allocations, JSONValue.integer),
      "phases": .array(phases.map(\.json)), "hotPaths": .array(hotPaths.map(\.json)),
      "memory": .array(profile.memory.map(\.json)),
      "notes": .array(profile.notes.map(JSONValue.string)),
    ])
  }
}

extension PhaseAudit {
  fileprivate var json: JSONValue {
    .members([
      "name": .string(name), "wall": .double(wall), "steps": .integer(steps), "tokens": .integer(tokens),
      "tokensPerSecond": .double(tokensPerSecond), "flopsPerSecond": .double(flopsPerSecond),
      "bytesPerSecond": .double(bytesPerSecond), "flopsPerToken": .double(flopsPerToken),
      "bytesPerToken": .double(bytesPerToken), "computeShare": .double(computeShare),
      "memoryShare": .double(memoryShare), "roofline": .double(roofline), "waiting": .double(waiting),
      "serial": .double(serial), "outside": .double(outside),
    ])
  }
}

extension HotPath {
  fileprivate var json: JSONValue {
    .members([
      "phase": .string(phase), "name": .string(name), "arithmetic": .string(arithmetic.rawValue),
      "calls": .integer(calls), "time": .double(time), "share": .double(share),
      "flopsPerSecond": .double(flopsPerSecond), "bytesPerSecond": .double(bytesPerSecond),
      "least": .double(least), "roofline": .optional(roofline, JSONValue.double),
      "gain": .optional(gain, JSONValue.double), "bound": .string(bound.rawValue),
      "waiting": .double(waiting), "imbalance": .double(imbalance), "serial": .double(serial),
      "efficiency": .optional(efficiency, JSONValue.double),
      "slowLayers": .array(
        slowLayers.map { .members(["layer": .integer($0.layer), "ratio": .double($0.ratio)]) }),
      "advice": .string(advice),
    ])
  }
}
