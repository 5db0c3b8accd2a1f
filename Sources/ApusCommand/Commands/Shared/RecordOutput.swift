// Where a command writes its records: standard output, or a file that appears when it is complete.

import ApusRuntime

/// Records on their way out.
struct RecordOutput: ~Copyable {
  /// Enough that a record is not a system call.
  private static let capacity = 1 << 16

  private let console: Console
  private var file: AtomicFile?
  private var bytes: [UInt8] = []

  /// - Parameter path: a file; standard output when nil or `-`.
  init(_ path: String?, replacing: Bool, _ console: Console) throws {
    self.console = console
    file = nil
    if let path, path != "-" { file = try AtomicFile(path: path, replacing: replacing) }
    bytes.reserveCapacity(Self.capacity * 2)
  }

  /// Adds a record that `append` writes.
  mutating func add(_ append: (inout [UInt8]) -> Void) throws {
    append(&bytes)
    if bytes.count >= Self.capacity { try flush() }
  }

  /// Writes what is left; a file appears now.
  consuming func finish() throws {
    try flush()
    if let file = file.take() { try file.commit() }
  }

  private mutating func flush() throws {
    // Taken out and put back: an optional of this kind cannot be changed in place.
    if var open = file.take() {
      try open.write(bytes)
      file = consume open
    } else {
      let console = console
      try bytes.withUnsafeBytes { try console.output.write(bytes: $0) }
    }
    bytes.removeAll(keepingCapacity: true)
  }
}
