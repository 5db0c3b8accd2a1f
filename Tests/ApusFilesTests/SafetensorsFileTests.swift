// Reading and writing valid safetensors files: every type, shapes of all kinds, sets, and the files of the Python
// package.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct SafetensorsFileTests {
  private func values(_ file: SafetensorsFile, _ name: String) throws -> [Float] {
    let tensor = try #require(file.tensor(named: name))
    let type = try #require(tensor.type)
    return [Float](unsafeUninitializedCapacity: tensor.elementCount) { buffer, count in
      type.decode(
        file.bytes(of: tensor), into: UnsafeMutableBufferPointer(rebasing: buffer[..<tensor.elementCount]))
      count = tensor.elementCount
    }
  }

  @Test("What is written is read: from memory and from the disk", arguments: [true, false])
  func sample(_ onDisk: Bool) throws {
    let scratch = ScratchDirectory()
    let writer = TinySafetensors.sample().writer
    let path = scratch.file("sample.safetensors")
    try writer.write(to: path)
    #expect(readFile(path) == writer.bytes())
    let file =
      try onDisk
      ? SafetensorsFile.open(path) : SafetensorsFile(bytes: writer.bytes(), name: "sample.safetensors")
    #expect(file.metadata == ["format": "pt", "note": "swift \u{1F426} \"\n"])
    // The largest numbers first, else as added.
    #expect(
      file.tensors.map(\.name) == [
        "double", "i64", "scalar", "matrix", "none", "deep", "i32", "half", "brain", "i16", "i8 \u{e9} \\",
      ])
    #expect(try values(file, "half") == [1, 2, 3])
    #expect(try values(file, "brain") == [1, 2])
    #expect(try values(file, "scalar") == [7])
    #expect(try values(file, "matrix") == [0, 1, 2, 3, 4, 5])
    #expect(try values(file, "none") == [])
    #expect(try values(file, "deep") == [8, 9])
    #expect(try values(file, "double") == [1])
    #expect(try values(file, "i8 \u{e9} \\") == [1, 2, -1])
    #expect(try values(file, "i16") == [-32767])
    #expect(try values(file, "i32") == [Float(Int32.min + 1)])
    #expect(try values(file, "i64") == [Float(Int64.min + 1)])
    #expect(file.tensors.allSatisfy(file.isAligned))
    #expect(file.byteCount == writer.bytes().count)
    #expect(file.paths == (onDisk ? [path] : []))
    #expect(file.tensor(named: "absent") == nil)
    for tensor in file.tensors { file.advise(.soon, tensor) }
    try file.verifyUnchanged()
  }

  @Test("Rows and columns", arguments: [("scalar", 1, 1), ("half", 1, 3), ("matrix", 2, 3), ("none", 0, 3)])
  func rows(_ name: String, _ rows: Int, _ columns: Int) throws {
    let file = try SafetensorsFile(bytes: TinySafetensors.sample().bytes(), name: "sample.safetensors")
    let tensor = try #require(file.tensor(named: name))
    #expect((tensor.rows, tensor.columns, tensor.elementCount) == (rows, columns, rows * columns))
  }

  @Test("A type Apus does not compute with is listed", arguments: SafetensorsDType.allCases)
  func types(_ dtype: SafetensorsDType) throws {
    let raw = RawSafetensors(
      records: [RawSafetensors.record("w", "[8]", "[0,\(dtype.bits)]", dtype.rawValue)], dataBytes: dtype.bits
    )
    let file = try SafetensorsFile(bytes: raw.bytes(), name: "types.safetensors")
    let tensor = try #require(file.tensors.first)
    #expect(tensor.dtype == dtype && file.bytes(of: tensor).count == dtype.bits)
    #expect(
      tensor.type?.name
        == (["F32", "F16", "BF16", "F64", "I8", "I16", "I32", "I64"].contains(dtype.rawValue)
          ? dtype.rawValue : nil))
    if let type = tensor.type {
      #expect(SafetensorsDType(type) == dtype && type.blockBytes * 8 == dtype.bits)
    }
  }

  @Test("The format has no blocks") func blocks() {
    #expect(SafetensorsDType(.q4_k) == nil && SafetensorsDType(.q8_0) == nil)
  }

  @Test("Data at odd addresses is read", arguments: 0..<8)
  func unaligned(_ shift: Int) throws {
    var raw = RawSafetensors(records: [RawSafetensors.record("w", "[2]", "[0,8]")], dataBytes: 0)
    raw.header += [UInt8](repeating: 0x20, count: (8 - raw.header.count % 8) % 8 + shift)
    let data = [Float(1.5), -2].withUnsafeBytes { [UInt8]($0) }
    let file = try SafetensorsFile(bytes: raw.bytes() + data, name: "odd.safetensors")
    let tensor = try #require(file.tensors.first)
    #expect(file.isAligned(tensor) == (shift % 4 == 0))
    #expect(try values(file, "w") == [1.5, -2])
    #expect(TensorType.f32.firstFault(in: file.bytes(of: tensor)) == nil)
  }

  @Test(
    "Odd but valid headers",
    arguments: [
      "{}", "{ }  \n", "{\"__metadata__\":null}", "{\"__metadata__\":{}}",
      "{\"\":{\"shape\":[0],\"x\":[{\"y\":[null,true,1.5,\"\"]}],\"data_offsets\":[0,0],\"dtype\":\"I8\"}}",
    ])
  func odd(_ header: String) throws {
    let file = try SafetensorsFile(bytes: RawSafetensors(header).bytes(), name: "odd.safetensors")
    #expect(file.metadata.isEmpty && file.tensors.count == (header.count > 40 ? 1 : 0))
  }

  @Test("A header whose length begins like a pickle's bytes is read")
  func length640() throws {
    var raw = RawSafetensors("{}")
    raw.header += [UInt8](repeating: 0x20, count: 638)
    #expect(raw.bytes().starts(with: [0x80, 0x02]))
    #expect(try SafetensorsFile(bytes: raw.bytes(), name: "a.safetensors").tensors.isEmpty)
  }

  @Test("Bytes may be given in pieces, and a file is replaced only when asked")
  func pieces() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("out.safetensors", [1])
    var writer = SafetensorsWriter()
    writer.add("w", type: .i8, shape: [3]) { write in
      for byte in [UInt8(1), 2, 3] { withUnsafeBytes(of: byte, write) }
    }
    #expect(throws: FileError.exists(path: path)) { try writer.write(to: path) }
    #expect(readFile(path) == [1])
    try writer.write(to: path, replacing: true)
    let file = try SafetensorsFile.open(path)
    #expect(file.bytes(of: file.tensors[0]).elementsEqual([1, 2, 3]))
    #expect(scratch.names == ["out.safetensors"])
  }

  @Test("A file written to since it was opened is noticed")
  func changed() throws {
    let scratch = ScratchDirectory()
    let path = scratch.write("a.safetensors", TinySafetensors.sample().bytes())
    let file = try SafetensorsFile.open(path)
    scratch.write("a.safetensors", TinySafetensors.sample().bytes() + [0])
    #expect(throws: FileError.self) { try file.verifyUnchanged() }
  }

  // MARK: The Python package's files, made by Fixtures/safetensors_files.py

  @Test("A file of the Python package")
  func python() throws {
    let file = try SafetensorsFile.open(Fixtures.path("safetensors/types.safetensors"))
    #expect(file.metadata == ["format": "np", "note": "h\u{e9}llo \"\n"])
    // The package's own text of names, shapes and values.
    let expected = try #require(readFile(Fixtures.path("safetensors/types.txt")))
    var lines: [String] = []
    for tensor in file.tensors.sorted(by: { $0.name < $1.name }) {
      let shape = tensor.shape.map(String.init).joined(separator: "x")
      let bytes = file.bytes(of: tensor).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      lines.append("\(tensor.name) \(tensor.dtype) [\(shape)] \(bytes)")
    }
    #expect(lines.joined(separator: "\n") + "\n" == String(decoding: expected, as: UTF8.self))
    #expect(try values(file, "f32") == (0..<6).map { Float($0) - 2.5 })
    #expect(try values(file, "i64") == [-5, 0, 5])
  }

  @Test("A set of files of the Python package")
  func pythonSet() throws {
    let path = Fixtures.path("safetensors/set.safetensors.index.json")
    let file = try SafetensorsFile.open(path)
    #expect(file.name == path && file.metadata == ["format": "np"])
    #expect(file.tensors.map(\.name) == ["a", "c", "b"] && file.tensors.map(\.part) == [0, 0, 1])
    #expect(try values(file, "a") == [1, 2])
    #expect(try values(file, "b") == [3])
    #expect(try values(file, "c") == [4, 5, 6])
    #expect(file.paths.count == 2)
    try file.verifyUnchanged()
  }
}
