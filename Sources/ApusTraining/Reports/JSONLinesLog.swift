// log.jsonl: an event a line. A run that goes on cuts off what came after the checkpoint it goes on from, so that no step
// stands there twice.

import ApusBasics
import ApusRuntime

/// The log of a run for programs.
struct JSONLinesLog: ~Copyable, Sendable {
  static let fileName = "log.jsonl"

  private var file: AppendedFile

  /// Opens or makes a log. Events after `step` are cut off; nil cuts off all of them.
  ///
  /// - Parameter body: is given the events that stay.
  init(path: String, keepingThrough step: Int?, _ body: (RunEvent) -> Void = { _ in }) throws(FileError) {
    file = try AppendedFile(path: path) { bytes in
      guard let step else { return 0 }
      var kept = 0
      while let end = bytes[kept...].firstIndex(of: 0x0A) {
        let line = UnsafeRawBufferPointer(rebasing: bytes[kept..<end])
        // A line of somebody else's stays, and is not looked at.
        if let event = (try? JSONValue(parsing: line)).flatMap({ RunEvent(json: $0) }) {
          if event.step > step { break }
          body(event)
        }
        kept = end + 1
      }
      return kept
    }
  }

  /// Writes an event.
  mutating func record(_ event: RunEvent) throws(FileError) {
    var line: [UInt8] = []
    event.json.append(to: &line)
    line.append(0x0A)
    try file.append(line)
  }
}
