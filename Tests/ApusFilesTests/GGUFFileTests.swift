// Reading valid files: every value type, every accessor, views that outlive the file.

import ApusFiles
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct GGUFFileTests {
  let file: GGUFFile

  init() throws {
    file = try GGUFFile(bytes: TinyGGUF.sample().bytes(), name: "sample.gguf")
  }

  @Test func integers() throws {
    let metadata = file.metadata
    #expect(try metadata.int("a.uint8") == 200)
    #expect(try metadata.int("a.int8") == -100)
    #expect(try metadata.int("a.uint16") == 60_000)
    #expect(try metadata.int("a.int16") == -30_000)
    #expect(try metadata.int("a.uint32") == 4_000_000_000)
    #expect(try metadata.int("a.int32") == -2_000_000_000)
    #expect(try metadata.int("a.int64") == Int.min)
    #expect(try metadata.int("not.there") == nil)
  }

  @Test func otherScalars() throws {
    let metadata = file.metadata
    #expect(try metadata.float("a.float32") == Double(Float(0.1)))
    #expect(try metadata.float("a.float64") == 0.1)
    #expect(try metadata.bool("a.bool") == true)
    #expect(try metadata.string("a.string") == "swift \u{1F426} \n")
  }

  @Test("A value of another type is an error that says both")
  func wrongTypes() {
    func message(_ body: () throws(GGUFError) -> Void) -> String? {
      do throws(GGUFError) {
        try body()
        return nil
      } catch { return error.description }
    }
    let metadata = file.metadata
    #expect(
      message { () throws(GGUFError) in _ = try metadata.int("a.string") }
        == "sample.gguf: key \"a.string\": is string, not an integer")
    #expect(
      message { () throws(GGUFError) in _ = try metadata.int("a.uint64") }
        == "sample.gguf: key \"a.uint64\": is uint64, not an integer")
    #expect(
      message { () throws(GGUFError) in _ = try metadata.strings("b.scores") }
        == "sample.gguf: key \"b.scores\": is array of float32, not an array of strings")
    #expect(message { () throws(GGUFError) in _ = try metadata.floats("b.types") } != nil)
    #expect(message { () throws(GGUFError) in _ = try metadata.ints("b.long") } != nil)
    #expect(message { () throws(GGUFError) in _ = try metadata.bool("a.uint8") } != nil)
    #expect(message { () throws(GGUFError) in _ = try metadata.float("a.uint8") } != nil)
    #expect(message { () throws(GGUFError) in _ = try metadata.string("b.tokens") } != nil)
  }

  @Test func arrays() throws {
    let metadata = file.metadata
    #expect(try metadata.floats("b.scores") == [0, -1.5, .infinity])
    #expect(try metadata.ints("b.types") == [1, -1, 6])
    #expect(try metadata.ints("b.bytes") == [1, 2, 3])
    #expect(try metadata.bools("b.flags") == [true, false])
    #expect(metadata["b.types"]?.array?.scalars(of: Int32.self) == [1, -1, 6])
    #expect(metadata["b.types"]?.array?.scalars(of: UInt32.self) == nil)
    let tokens = try #require(try metadata.strings("b.tokens"))
    #expect(Array(tokens) == ["", "a", "\u{2581}the", "\0"])
    #expect(tokens.bytes(at: 2).elementsEqual("\u{2581}the".utf8))
    #expect(tokens.bytes(at: 0).isEmpty)
    #expect(try metadata.strings("b.none")?.isEmpty == true)
    let nested = try #require(metadata["b.nested"]?.array)
    #expect(nested.count == 3)
    #expect(nested[0].array?.strings.map { Array($0) } == ["x", "yz"])
    #expect(nested[1].array?.ints == [7])
    #expect(nested[2].array?.count == 0)
  }

  @Test("Keys keep their order")
  func order() {
    #expect(file.metadata.keys == TinyGGUF.sample().header.metadata.map(\.key))
    #expect(file.metadata.count == 21)
  }

  @Test func tensors() throws {
    #expect(file.tensors.map(\.name) == ["one", "two", "three", "four"])
    #expect(file.tensors.map(\.type) == [.f32, .f32, .q8_0, .bf16])
    #expect(file.tensors.map(\.dimensions) == [[3], [4, 2], [32, 2, 1], [1, 2, 1, 2]])
    #expect(file.tensors.map(\.byteCount) == [12, 32, 68, 8])
    #expect(file.tensors.allSatisfy { $0.offset % 32 == 0 })
    let two = try #require(file.tensor(named: "two"))
    #expect(two.columns == 4 && two.rows == 2 && two.elementCount == 8)
    let values = file.bytes(of: two).withMemoryRebound(to: Float.self) { Array($0) }
    #expect(values == (0..<8).map { Float($0) })
    #expect(file.tensor(named: "five") == nil)
  }

  @Test("Arrays stay valid when the file is gone")
  func lifetime() throws {
    func tokens() throws -> GGUFStringArray? {
      try GGUFFile(bytes: TinyGGUF.sample().bytes(), name: "gone.gguf").metadata.strings("b.tokens")
    }
    let strings = try #require(try tokens())
    #expect(strings[2] == "\u{2581}the")
  }

  @Test("Four arrays deep is read", arguments: 1...4)
  func nesting(_ depth: Int) throws {
    var value = GGUFValue.scalars([UInt8(9)])
    for _ in 1..<depth { value = .arrays([value]) }
    var tiny = TinyGGUF()
    tiny.header.set("deep", value)
    var inner = try GGUFFile(bytes: tiny.bytes(), name: "deep.gguf").metadata["deep"]?.array
    for _ in 1..<depth { inner = inner?[0].array }
    #expect(inner?.ints == [9])
  }

  @Test("Alignment", arguments: [1, 8, 32, 4096, 65_536])
  func alignment(_ alignment: Int) throws {
    var tiny = TinyGGUF()
    tiny.header.set("general.alignment", .scalar(UInt32(alignment)))
    tiny.add("a", [3], [1, 2, 3])
    tiny.add("b", [3], [4, 5, 6])
    let file = try GGUFFile(bytes: tiny.bytes(), name: "aligned.gguf")
    #expect(file.alignment == alignment)
    #expect(file.tensors.allSatisfy { $0.offset % alignment == 0 })
    #expect(file.bytes(of: file.tensors[1]).loadUnaligned(as: Float.self) == 4)
  }
}
