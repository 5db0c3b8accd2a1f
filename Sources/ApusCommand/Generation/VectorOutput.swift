// Where vectors go: JSON for people and programs, NumPy for Python, bare floats for everything else. A file appears when
// it is complete.

import ApusBasics
import ApusRuntime

/// A format of vectors.
enum VectorFormat: String, CaseIterable {
  /// One document with all vectors.
  case json
  /// A line for each text.
  case jsonl
  /// A float32 array [texts, values] for NumPy.
  case npy
  /// Bare little-endian float32, one vector behind the other.
  case binary

  /// The format that a file's name asks for.
  init?(suffixOf path: String) {
    guard let dot = path.lastIndex(of: ".") else { return nil }
    switch path[path.index(after: dot)...].lowercased() {
    case "json": self = .json
    case "jsonl": self = .jsonl
    case "npy": self = .npy
    case "bin", "f32": self = .binary
    default: return nil
    }
  }
}

/// Writes vectors one by one to standard output or to a file.
struct VectorOutput: ~Copyable {
  let format: VectorFormat
  private let console: Console
  /// Where a JSON document begins. It is written with the first vector, so that a bad first text leaves nothing behind.
  private let opening: String
  private var numpy: NumPyFile?
  private var file: AtomicFile?
  private(set) var count = 0

  init(_ format: VectorFormat, to path: String?, model: String, dimension: Int, _ console: Console) throws {
    self.format = format
    self.console = console
    let name = JSONValue.string(model).serialized()
    opening = "{\"model\":\(name),\"dimension\":\(dimension),\"embeddings\":["
    try Self.check(format, to: path, console)
    if let path, format == .npy {
      numpy = try NumPyFile(path, rows: 0, columns: dimension)
    } else if let path {
      file = try AtomicFile(path: path, replacing: true)
    }
  }

  /// Throws when a format cannot go where it should; worth knowing before a model is loaded.
  static func check(_ format: VectorFormat, to path: String?, _ console: Console) throws(CommandError) {
    if path != nil { return }
    if format == .npy { throw .usage("--format npy needs a file: --out vectors.npy") }
    if format == .binary, console.output.isTerminal {
      throw .usage("binary vectors do not go to a terminal; name a file with --out")
    }
  }

  /// Appends the vector of a text.
  mutating func append(_ vector: [Float], _ text: InputText) throws {
    defer { count += 1 }
    switch format {
    case .npy:
      // Taken out and put back: an optional of this kind cannot be changed in place.
      guard var array = numpy.take() else { return }
      try vector.withUnsafeBytes { try array.append($0) }
      numpy = consume array
    case .binary:
      try vector.withUnsafeBytes { try write($0) }
    case .json:
      try write(
        (count == 0 ? opening + "\n[" : ",\n[") + vector.map(\.description).joined(separator: ",") + "]")
    case .jsonl:
      let id = text.id.map { "\"id\":\($0.serialized())," } ?? ""
      try write(
        "{\"index\":\(text.index),\(id)\"embedding\":[" + vector.map(\.description).joined(separator: ",")
          + "]}\n"
      )
    }
  }

  /// Ends the document and makes the file appear.
  consuming func finish() throws {
    if format == .json { try write((count == 0 ? opening : "") + "\n]}\n") }
    if let numpy = numpy.take() { try numpy.finish() }
    if let file = file.take() { try file.commit() }
  }

  private mutating func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard var open = file.take() else { return try console.output.write(bytes: bytes) }
    try open.write(bytes)
    file = consume open
  }
}
