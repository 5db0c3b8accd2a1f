// Real files: the shared models and vocabularies, against what the `gguf` package reads in them (see
// Fixtures/formats_shared.py).

import ApusFiles
import ApusTestSupport
import Testing

/// The expected lines of each file.
private let expectations: [(file: String, lines: [String])] = {
  var files: [(file: String, lines: [String])] = []
  let text = readFile(Fixtures.path("formats-shared.txt")).map { String(decoding: $0, as: UTF8.self) } ?? ""
  for line in text.split(separator: "\n") {
    if line.hasPrefix("file ") {
      files.append((String(line.split(separator: " ")[1]), [String(line)]))
    } else if !files.isEmpty {
      files[files.count - 1].lines.append(String(line))
    }
  }
  return files
}()

@Suite struct SharedFilesTests {
  @Test(
    "The shared files hold what the gguf package finds in them",
    .enabled(if: SharedData.has("vocab"), SharedData.reason),
    arguments: expectations.map(\.file))
  func same(_ name: String) throws {
    let expected = try #require(expectations.first { $0.file == name }).lines
    let file = try GGUFFile.open(SharedData.path(name))
    var lines = ["file \(name) alignment \(file.alignment)"]
    for key in file.metadata.keys {
      let value = try #require(file.metadata[key])
      lines.append("key \(key) \(value.type) \(crc32(value.wire.buffer))")
    }
    for tensor in file.tensors {
      let shape = tensor.dimensions.map(String.init).joined(separator: "x")
      lines.append(
        "tensor \(tensor.name) \(tensor.type) \(shape) \(tensor.offset) \(crc32(file.bytes(of: tensor)))")
    }
    for (line, wanted) in zip(lines, expected) where line != wanted { Issue.record("\(line), not \(wanted)") }
    #expect(lines.count == expected.count)
    #expect(file.warnings.isEmpty)
    #expect(file.checkWeights().isEmpty)
  }

  @Test("Every shared file has its expectation")
  func complete() {
    #expect(expectations.count == 6)
    #expect(expectations.allSatisfy { $0.lines.count > 10 })
  }
}

/// The CRC-32 of zlib, in hexadecimal.
private func crc32(_ bytes: UnsafeRawBufferPointer) -> String {
  let table = (0..<256).map { (index: UInt32) -> UInt32 in
    (0..<8).reduce(index) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
  }
  let crc = table.withUnsafeBufferPointer { table in
    var crc = UInt32.max
    for byte in bytes { crc = table[Int((crc ^ UInt32(byte)) & 255)] ^ crc >> 8 }
    return ~crc
  }
  let digits = String(crc, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
