// Writing: the bytes another writer gives, and nothing under the name until all is there.

import ApusFiles
import ApusRuntime
import ApusTestSupport
import Testing

@Suite struct GGUFWriterTests {
  /// The header of `file`, written again.
  private func header(_ file: GGUFFile) -> GGUFHeader {
    var header = GGUFHeader()
    for key in file.metadata.keys {
      if let value = file.metadata[key] { header.set(key, value) }
    }
    for tensor in file.tensors {
      header.addTensor(tensor.name, type: tensor.type, dimensions: tensor.dimensions)
    }
    return header
  }

  @Test("A file of the gguf package and one of ours come back byte for byte", arguments: [true, false])
  func rewritten(_ theirs: Bool) throws {
    let scratch = ScratchDirectory()
    let source = theirs ? Fixtures.path("formats.gguf") : scratch.write("in.gguf", TinyGGUF.sample().bytes())
    let file = try GGUFFile.open(source)
    var writer = try GGUFWriter(path: scratch.file("out.gguf"), header: header(file), replacing: false)
    for tensor in file.tensors {
      // In odd pieces.
      let bytes = file.bytes(of: tensor)
      var start = 0
      while start < bytes.count {
        let end = min(bytes.count, start + 1001)
        try writer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        start = end
      }
    }
    #expect(!scratch.names.contains("out.gguf"))
    try writer.finish()
    #expect(readFile(scratch.file("out.gguf")) == readFile(source))
  }

  @Test("F84: an existing file is refused, an unfinished one leaves nothing")
  func unfinished() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("out.gguf", [1, 2, 3])
    #expect(throws: FileError.exists(path: path)) {
      _ = try GGUFWriter(path: path, header: GGUFHeader(), replacing: false)
    }
    do {
      var header = GGUFHeader()
      header.addTensor("a", type: .f32, dimensions: [8])
      var writer = try GGUFWriter(path: path, header: header, replacing: true)
      try writer.append(UnsafeRawBufferPointer(start: nil, count: 0))
    }
    #expect(scratch.names == ["out.gguf"])
    #expect(readFile(path) == [1, 2, 3])
  }

  @Test("Setting a key again replaces its value where it stands")
  func replaced() throws {
    var header = GGUFHeader()
    header.set("a", .scalar(UInt32(1)))
    header.set("b", .scalar(UInt32(2)))
    header.set("a", .string("new"))
    let file = try GGUFFile(bytes: header.encoded(), name: "a.gguf")
    #expect(file.metadata.keys == ["a", "b"])
    #expect(try file.metadata.string("a") == "new")
  }
}
