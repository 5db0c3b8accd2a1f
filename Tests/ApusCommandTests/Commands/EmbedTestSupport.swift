// What the tests of the commands about vectors share: tiny models on disk, and runs of the program with one thread.

import ApusBasics
import ApusFiles
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

/// A folder for models, texts and vectors, removed when the object ends.
final class EmbedScratch: Sendable {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "apus-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file, with the folders it is in, and returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let url = URL(fileURLWithPath: file(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

  /// Names of what is in the folder, hidden files too.
  func names(in folder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file(folder)).sorted()
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func bytes(_ name: String) throws -> [UInt8] { try #require(readFile(file(name))) }

  /// The network as a folder, with changes to its files.
  func model(_ name: String = "bert-mean", edit: (String) throws -> Void = { _ in }) throws -> String {
    let folder = file(name)
    try EmbeddingFixture(name).writeFolder(at: folder)
    try edit(folder)
    return folder
  }

  /// A file in memory as a file on disk.
  func model(_ contents: GGUFFile) throws -> String {
    var header = GGUFHeader()
    for key in contents.metadata.keys { header.set(key, try #require(contents.metadata[key])) }
    for tensor in contents.tensors {
      header.addTensor(tensor.name, type: tensor.type, dimensions: tensor.dimensions)
    }
    let path = file(contents.name)
    var writer = try GGUFWriter(path: path, header: header, replacing: true)
    for tensor in contents.tensors { try writer.append(contents.bytes(of: tensor)) }
    try writer.finish()
    return path
  }
}

/// Runs a command with one thread and texts as input; `isTyped` says that a person types them.
func runEmbed(
  _ words: [String], input: [UInt8] = [], isTyped: Bool = false, terminal: Bool = false
) -> Ending {
  let console = Console(
    input: InputChannel(inMemory: input, isTerminal: isTyped), output: OutputChannel(inMemory: terminal),
    errors: OutputChannel(inMemory: terminal), environment: ["APUS_THREADS": "1"], width: 80)
  let code = Application().run(words, console)
  return Ending(code: code, output: console.output.text, errors: console.errors.text)
}

func runEmbed(_ words: [String], input: String) -> Ending { runEmbed(words, input: Array(input.utf8)) }

extension Ending {
  /// Expects an ending with a code, nothing on standard output, and one line of errors with the parts given.
  func expectFailure(
    _ code: Int32 = 1, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(self.code == code, "\(self)", sourceLocation: sourceLocation)
    #expect(output == "", "\(self)", sourceLocation: sourceLocation)
    let lines = errors.split(separator: "\n", omittingEmptySubsequences: true)
      .filter { !$0.hasPrefix("note:") }
    #expect(lines.count == 1, "\(self)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(errors.contains(part), "\(self): no \(part)", sourceLocation: sourceLocation)
    }
  }

  /// The vectors of a JSON document.
  func embeddings(sourceLocation: SourceLocation = #_sourceLocation) throws -> [[Float]] {
    #expect(code == 0, "\(self)", sourceLocation: sourceLocation)
    let document = try JSONValue(parsing: Array(output.utf8))
    return try #require(document["embeddings"]?.floatRows, sourceLocation: sourceLocation)
  }

  /// The documents of lines of JSON.
  func documents() throws -> [JSONValue] {
    try output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
  }
}

extension JSONValue {
  var floats: [Float]? { array?.compactMap(\.double).map(Float.init) }
  var floatRows: [[Float]]? { array?.compactMap(\.floats) }
}

/// Little-endian floats as numbers.
func floats(_ bytes: some Collection<UInt8>) -> [Float] {
  let bytes = Array(bytes)
  return bytes.withUnsafeBytes { buffer in
    (0..<buffer.count / 4).map {
      Float(bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
    }
  }
}

/// Whether numbers are equal but for rounding.
func isClose(_ a: some Sequence<Float>, _ b: some Sequence<Float>, within limit: Float = 1e-4) -> Bool {
  let (a, b) = (Array(a), Array(b))
  return a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= limit }
}
