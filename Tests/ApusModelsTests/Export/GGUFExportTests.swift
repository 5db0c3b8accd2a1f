// Models written as GGUF files: the keys are llama.cpp's converter's, and the tensors those of the folder, bit for bit.

import ApusBasics
import ApusFiles
import ApusModels
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct GGUFExportTests {
  private let scratch = ScratchDirectory()

  @Test("a folder's GGUF file has the keys and tensors of the family's own", arguments: ModelFixture.names)
  func file(_ name: String) throws {
    let fixture = try ModelFixture(name)
    try fixture.writeFolder(at: scratch.file("folder"))
    let files = try ModelFiles(scratch.file("folder"))
    let description = try ModelDescription.of(files).description
    let path = scratch.file("model.gguf")
    try GGUFExport(description, type: nil).write(
      to: path, weights: TensorReader(files.source), replacing: false)
    let written = try GGUFFile.open(path)
    let expected = try fixture.file()

    // What models_verify.py holds against llama.cpp's converter.
    for key in expected.metadata.keys where key.hasPrefix(description.architecture + ".") {
      let (one, other) = (try #require(written.metadata[key], "\(key)"), expected.metadata[key]!)
      #expect(one.type == other.type, "\(key)")
      #expect(one.int == other.int && one.float == other.float && one.string == other.string, "\(key)")
    }
    #expect(try written.metadata.int("\(description.architecture).vocab_size") == fixture.vocabularySize)
    #expect(Set(written.tensors.map(\.name)) == Set(expected.tensors.map(\.name)))
    for tensor in expected.tensors {
      let other = try #require(written.tensor(named: tensor.name))
      #expect(other.type == tensor.type && other.dimensions == tensor.dimensions, "\(tensor.name)")
      compare(written, other, files.source)
      // Norms stored less one, and factors computed from settings, round once more.
      if !tensor.name.contains("norm"), !tensor.name.hasPrefix("rope") {
        #expect(written.bytes(of: other).elementsEqual(expected.bytes(of: tensor)), "\(tensor.name)")
      }
    }
  }

  /// The bits of the source that it was written from.
  private func compare(_ file: GGUFFile, _ tensor: GGUFTensor, _ source: any WeightSource) {
    let description = source.tensor(tensor.name)!
    let bytes = UnsafeRawBufferPointer(start: source.bytes(of: description), count: tensor.byteCount)
    #expect(file.bytes(of: tensor).elementsEqual(bytes), "\(tensor.name)")
  }

  @Test(
    "every type: matrices in it, vectors and small tables in f32", arguments: ["llama", "gpt2", "phi3-long"])
  func types(_ name: String) throws {
    let fixture = try ModelFixture(name)
    let files = try ModelFiles(fixture.file())
    let description = try ModelDescription.of(files).description
    for type in GGUFExport.types {
      let export = try GGUFExport(description, type: type)
      let path = scratch.file("\(type).gguf")
      try export.write(to: path, weights: TensorReader(files.source), replacing: false)
      let written = try GGUFFile.open(path)
      #expect(export.exceptions.isEmpty)
      for tensor in written.tensors {
        let isSmall = tensor.rows == 1 || tensor.name == "position_embd.weight"
        #expect(tensor.type == (isSmall ? .f32 : type), "\(tensor.name)")
        // What encoding the values once gives.
        let values = TensorReader(files.source).values(files.source.tensor(tensor.name)!)
        var expected = [UInt8](repeating: 0, count: tensor.byteCount)
        let format = try #require(tensor.type.format as? any EncodableFormat.Type)
        values.withUnsafeBufferPointer { values in
          expected.withUnsafeMutableBytes { format.encode(values, into: $0) }
        }
        #expect(written.bytes(of: tensor).elementsEqual(expected), "\(tensor.name) as \(type)")
      }
      let fileType = (type.format as? any EncodableFormat.Type)?.fileType
      #expect(try written.metadata.int("general.file_type") == fileType.map(Int.init))
    }
    #expect(throws: ExportError.self) { try GGUFExport(description, type: .q4_k) }
  }

  @Test("rows that are no whole blocks stay as they are, and it is said")
  func oddRows() throws {
    // Heads of 24 values: the output product has rows of 96, all others 64; none of 80.
    let files = try ModelFiles(ModelFixture("qwen3").file())
    var description = try ModelDescription.of(files).description
    #expect(try GGUFExport(description, type: .q8_0).exceptions.isEmpty)
    let width = 80
    description.hyperparameters["qwen3.feed_forward_length"] = .integer(width)
    for index in description.tensors.indices {
      let name = description.tensors[index].name
      if name.hasSuffix("ffn_down.weight") { description.tensors[index].columns = width }
      if name.hasSuffix("ffn_up.weight") || name.hasSuffix("ffn_gate.weight") {
        description.tensors[index].rows = width
      }
    }
    let export = try GGUFExport(description, type: .q8_0)
    #expect(export.exceptions.map(\.tensor) == (0..<3).map { "blk.\($0).ffn_down.weight" })
    #expect(export.exceptions.allSatisfy { $0.type == .f32 && $0.reason.contains("80") })
  }

  @Test("what fails leaves nothing behind")
  func failing() throws {
    let files = try ModelFiles(ModelFixture("llama").file())
    let description = try ModelDescription.of(files).description
    let source = TensorReader(files.source)
    let export = try GGUFExport(description, type: .f16)
    let reader = TensorReader(read: { tensor, rows, target in
      source.read(tensor, rows, target)
      if tensor.name == "output.weight" { target[7] = .infinity }
    })
    #expect {
      try export.write(to: scratch.file("a.gguf"), weights: reader, replacing: false)
    } throws: { "\($0)".contains("\"output.weight\": weight 7 is inf") }
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try export.write(to: scratch.file("a.gguf"), weights: source, replacing: false, check: { throw Stop() })
    }
    #expect(scratch.names == [])
    scratch.write("a.gguf", [1])
    #expect(throws: ExportError.self) {
      try export.write(to: scratch.file("a.gguf"), weights: source, replacing: false)
    }
    #expect(readFile(scratch.file("a.gguf")) == [1])
  }
}
