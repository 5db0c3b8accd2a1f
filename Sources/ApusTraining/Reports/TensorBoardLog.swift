// Event files that TensorBoard reads: TFRecord framing (length and data, each with a masked CRC-32C) around messages of
// tensorflow/core/util/event.proto and framework/summary.proto.

import ApusBasics
import ApusRuntime

/// The log of a run for TensorBoard.
struct TensorBoardLog: ~Copyable, Sendable {
  static let folderName = "tensorboard"
  /// TensorBoard takes every file with `tfevents` in its name. One file a run: resuming goes on in it.
  static let fileName = "events.out.tfevents.0000000001.apus"

  private var file: AppendedFile

  /// Opens or makes a log. Events after `step` are cut off; nil cuts off all of them.
  init(path: String, keepingThrough step: Int?, time: Double = unixTime()) throws(FileError) {
    var isEmpty = true
    var file = try AppendedFile(path: path) { bytes in
      guard let step else { return 0 }
      let kept = Self.byteCount(bytes, through: step)
      isEmpty = kept == 0
      return kept
    }
    if isEmpty { try file.append(Self.frame(step: 0, time: time) { $0.add(3, "brain.Event:2") }) }
    self.file = file
  }

  /// Writes an event; of kinds TensorBoard has nothing for, nothing.
  mutating func record(_ event: RunEvent) throws(FileError) {
    switch event.kind {
    case .step(let record):
      try append(event) { summary in
        summary.scalar("loss/train", record.loss)
        summary.scalar("learning rate", record.learningRate)
        summary.scalar("gradient norm", record.gradientNorm)
        summary.scalar("speed/tokens per second", record.tokensPerSecond)
        summary.scalar("tokens", Double(record.tokens))
        if let share = record.peakShare { summary.scalar("speed/share of peak", share) }
        if let memory = record.memory { summary.scalar("memory/GB", Double(memory) * 1e-9) }
        for figure in record.figures { summary.scalar("train/\(figure.name)", figure.value) }
      }
    case .evaluation(let record):
      try append(event) { summary in
        summary.scalar("loss/validation", record.loss)
        if let bits = record.bitsPerByte { summary.scalar("validation bits per byte", bits) }
        for figure in record.figures { summary.scalar("validation/\(figure.name)", figure.value) }
      }
    case .sample(let prompt, let text):
      // Indented text is shown as it is, whatever signs of Markdown it has.
      let lines = (prompt + text).split(separator: "\n", omittingEmptySubsequences: false)
      try append(event) { $0.text("sample", lines.map { "    " + $0 }.joined(separator: "\n")) }
    case .start(let start):
      let text = start.configuration.canonical.serialized(pretty: true)
      try append(event) {
        $0.text("configuration", text.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
      }
    case .checkpoint, .note, .end: break
    }
  }

  private mutating func append(
    _ event: RunEvent, _ build: (inout ProtocolBuffer) -> Void
  ) throws(FileError) {
    try file.append(Self.frame(step: event.step, time: event.time) { $0.add(5, build) })
  }

  /// An event in its frame.
  private static func frame(step: Int, time: Double, _ build: (inout ProtocolBuffer) -> Void) -> [UInt8] {
    var message = ProtocolBuffer()
    message.add(1, time)
    message.add(2, step)
    build(&message)
    let length = withUnsafeBytes(of: UInt64(message.bytes.count).littleEndian) { [UInt8]($0) }
    return length + maskedSum(length) + message.bytes + maskedSum(message.bytes)
  }

  /// The checksum of TFRecord: turned and shifted, because that of data with a checksum in it is no good.
  private static func maskedSum(_ bytes: [UInt8]) -> [UInt8] {
    let sum = CRC32C.of(bytes)
    return withUnsafeBytes(of: ((sum >> 15 | sum << 17) &+ 0xA282_EAD8).littleEndian) { [UInt8]($0) }
  }

  /// The bytes of whole records up to the first one of a later step. They are ours: each begins with time and step.
  private static func byteCount(_ bytes: UnsafeRawBufferPointer, through last: Int) -> Int {
    var kept = 0
    while bytes.count - kept >= 16 {
      let head = Array(bytes[kept..<kept + 12])
      guard Array(head[8...]) == maskedSum(Array(head[..<8])) else { break }
      let length = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: kept, as: UInt64.self))
      guard length >= 11, length <= UInt64(bytes.count - kept - 16) else { break }
      let data = Array(bytes[kept + 12..<kept + 12 + Int(length)])
      let end = kept + 16 + Int(length)
      // 0x10: the key of the step, behind nine bytes of time.
      guard Array(bytes[end - 4..<end]) == maskedSum(data), data[9] == 0x10 else { break }
      var step: UInt64 = 0
      for (index, byte) in data[10...].prefix(9).enumerated() {
        step |= UInt64(byte & 0x7F) << (7 * UInt64(index))
        if byte < 0x80 { break }
      }
      guard step <= UInt64(last) else { break }
      kept = end
    }
    return kept
  }
}

extension ProtocolBuffer {
  /// A figure in a summary.
  fileprivate mutating func scalar(_ tag: String, _ value: Double) {
    add(1) { entry in
      entry.add(1, tag)
      entry.add(2, Float(value))
    }
  }

  /// A text in a summary, which TensorBoard's text plugin shows as Markdown.
  fileprivate mutating func text(_ tag: String, _ text: String) {
    add(1) { entry in
      entry.add(1, tag)
      entry.add(8) { tensor in
        tensor.add(1, 7)  // DT_STRING
        tensor.add(2) { _ in }  // The shape of a scalar: of an array TensorBoard makes a table.
        tensor.add(8, text)
      }
      entry.add(9) { metadata in metadata.add(1) { $0.add(1, "text") } }
    }
  }
}
