// The trace format of Chrome, which Perfetto and chrome://tracing open: threads with what they did when, and memory as a
// counter. https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

import ApusBasics

extension Profile {
  /// The timeline as Chrome's trace JSON.
  ///
  /// - Complexity: O(*n*) in the number of spans.
  public var chromeTrace: JSONValue {
    var events: [JSONValue] = [
      Self.metadata("process_name", thread: 0, [("name", .string("apus: \(workload)"))])
    ]
    for thread in Set(timeline.map(\.thread)).sorted() {
      events.append(
        Self.metadata("thread_name", thread: thread, [("name", .string("worker \(thread)"))]))
      events.append(Self.metadata("thread_sort_index", thread: thread, [("sort_index", .integer(thread))]))
    }
    events += timeline.compactMap(event)
    events += memoryOverTime.map {
      .members([
        "name": .string("resident memory"), "ph": .string("C"), "ts": Self.microseconds($0.time),
        "pid": .int(1), "args": .members(["bytes": .integer($0.resident)]),
      ])
    }
    var other: [(name: String, value: JSONValue)] = [
      ("workload", .string(workload)), ("command", .string(command)),
      ("processor", .string(machine.processor)), ("kernels", .string(machine.kernels)),
      ("interrupted", .bool(isInterrupted)),
    ]
    if isInterrupted { other.append(("remark", .string(Self.interruptedText))) }
    other.append(("notes", .array(notes.map(JSONValue.string))))
    return .members([
      "displayTimeUnit": .string("ns"), "otherData": .members(other), "traceEvents": .array(events),
    ])
  }

  private func event(_ span: TimelineSpan) -> JSONValue? {
    guard phases.indices.contains(span.phase), span.end >= span.start else { return nil }
    let phase = phases[span.phase]
    var members: [(name: String, value: JSONValue)] = []
    if let place = span.operation {
      guard phase.operations.indices.contains(place) else { return nil }
      let operation = phase.operations[place]
      members = [
        ("name", .string(operation.name)), ("cat", .string(phase.name)),
        (
          "args",
          .members([
            "phase": .string(phase.name), "scope": .string(operation.scope),
            "arithmetic": .string(operation.arithmetic.rawValue),
          ])
        ),
      ]
    } else {
      members = [
        ("name", .string("waiting")), ("cat", .string("waiting")),
        ("args", .members(["phase": .string(phase.name)])),
      ]
    }
    members += [
      ("ph", .string("X")), ("ts", Self.microseconds(span.start)),
      ("dur", Self.microseconds(span.end - span.start)), ("pid", .int(1)),
      ("tid", .integer(Self.identifier(span.thread))),
    ]
    return .members(members)
  }

  private static func metadata(
    _ name: String, thread: Int, _ arguments: [(name: String, value: JSONValue)]
  ) -> JSONValue {
    .members([
      "name": .string(name), "ph": .string("M"), "pid": .int(1), "tid": .integer(identifier(thread)),
      "args": .members(arguments),
    ])
  }

  /// Threads count from 1: Perfetto takes 0 for the idle task.
  private static func identifier(_ thread: Int) -> Int { thread.addingSaturated(1) }

  /// The format's unit; the fraction keeps nanoseconds.
  private static func microseconds(_ nanoseconds: UInt64) -> JSONValue { .double(Double(nanoseconds) / 1000) }
}
