// Models written as Hugging Face folders: the tensors are those that transformers saves for the same weights, the settings
// say the same network, and what the format cannot say is refused by name.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct HuggingFaceExportTests {
  private let scratch = ScratchDirectory()

  private func export(
    _ files: ModelFiles, type: TensorType = .f32, shardBytes: Int = 1 << 40,
    edit: (inout ModelDescription) -> Void = { _ in }
  ) throws -> HuggingFaceExport {
    var description = try ModelDescription.of(files).description
    edit(&description)
    return try HuggingFaceExport(
      description, weights: TensorReader(files.source), type: type, shardBytes: shardBytes)
  }

  @Test("a GGUF file's folder is the one transformers saves", arguments: ModelFixture.names)
  func folder(_ name: String) throws {
    let fixture = try ModelFixture(name)
    try fixture.writeFolder(at: scratch.file("theirs"))
    let export = try export(ModelFiles(fixture.file()))
    try export.write(to: scratch.file("ours"), replacing: false)
    let theirs = try HuggingFaceFolder(scratch.file("theirs"))
    let ours = try HuggingFaceFolder(scratch.file("ours"))
    #expect(Set(ours.weights.tensors.map(\.name)) == Set(theirs.weights.tensors.map(\.name)))
    for tensor in theirs.weights.tensors {
      let written = try #require(ours.weights.tensor(named: tensor.name))
      #expect(written.shape == tensor.shape && written.dtype == tensor.dtype, "\(tensor.name)")
      #expect(
        ours.weights.bytes(of: written).elementsEqual(theirs.weights.bytes(of: tensor)), "\(tensor.name)")
    }
    try compare(HuggingFaceWeights(ours), HuggingFaceWeights(theirs))
    #expect(ours.config["architectures"] == theirs.config["architectures"])
    #expect(ours.config["model_type"] == theirs.config["model_type"])
    #expect(ours.config["vocab_size"] == theirs.config["vocab_size"])
    #expect(export.fault == nil)
  }

  /// The same settings and factors, read from both.
  private func compare(_ ours: HuggingFaceWeights, _ theirs: HuggingFaceWeights) throws {
    #expect(ours.isTied == theirs.isTied)
    let architecture = theirs.architecture ?? ""
    for name in theirs.hyperparameterNames {
      let key = "\(architecture).\(name)"
      let (one, other) = (ours.hyperparameter(key), theirs.hyperparameter(key))
      #expect("\(one.map { "\($0)" } ?? "nil")" == "\(other.map { "\($0)" } ?? "nil")", "\(name)")
    }
    for name in ModelDescription.factorTensors {
      let tensor = theirs.tensor(name)
      #expect(ours.tensor(name) == tensor)
      guard let tensor else { continue }
      #expect(TensorReader(ours).values(tensor) == TensorReader(theirs).values(tensor), "\(name)")
    }
  }

  @Test(
    "a folder in 16 bits, read back, is the weights rounded once", arguments: ["llama", "gpt2", "gemma2"],
    ["F16", "BF16"])
  func rounded(_ name: String, _ typeName: String) throws {
    let type = TensorType(named: typeName)!
    let fixture = try ModelFixture(name)
    try fixture.writeFolder(at: scratch.file("theirs"), type: type)
    try export(ModelFiles(fixture.file()), type: type).write(to: scratch.file("ours"), replacing: false)
    let theirs = try HuggingFaceFolder(scratch.file("theirs")).weights
    let ours = try HuggingFaceFolder(scratch.file("ours"))
    for tensor in theirs.tensors {
      let written = try #require(ours.weights.tensor(named: tensor.name))
      #expect(ours.weights.bytes(of: written).elementsEqual(theirs.bytes(of: tensor)), "\(tensor.name)")
    }
    #expect(ours.config["torch_dtype"]?.string == (type == .f16 ? "float16" : "bfloat16"))
  }

  @Test("shards hold every tensor once, and an index says where")
  func shards() throws {
    let fixture = try ModelFixture("llama")
    let export = try export(ModelFiles(fixture.file()), shardBytes: 100_000)
    let names = export.files.map(\.name)
    let count = names.filter { $0.hasSuffix(".safetensors") }.count
    #expect(count > 2 && names.last == "config.json" && names.contains("model.safetensors.index.json"))
    try export.write(to: scratch.file("shards"), replacing: false)
    try self.export(ModelFiles(fixture.file())).write(to: scratch.file("one"), replacing: false)
    let shards = try HuggingFaceFolder(scratch.file("shards")).weights
    let one = try HuggingFaceFolder(scratch.file("one")).weights
    #expect(shards.tensors.count == one.tensors.count)
    for tensor in one.tensors {
      let other = try #require(shards.tensor(named: tensor.name))
      #expect(shards.bytes(of: other).elementsEqual(one.bytes(of: tensor)), "\(tensor.name)")
    }
    for name in names where name.hasSuffix(".safetensors") {
      let size = try MappedFile(path: scratch.file("shards/" + name)).byteCount
      #expect(size == export.files.first { $0.name == name }?.byteCount)
      #expect(size < 100_000 + 4096)
    }
  }

  @Test("existing files are refused unless asked for")
  func existing() throws {
    let export = try export(ModelFiles(ModelFixture("qwen3").file()))
    try export.write(to: scratch.path, replacing: false)
    #expect(throws: ExportError.self) { try export.write(to: scratch.path, replacing: false) }
    try export.write(to: scratch.path, replacing: true)
  }

  @Test("a weight that is no number, or too large, is named, and there is no config.json")
  func faults() throws {
    let fixture = try ModelFixture("llama")
    let file = try ModelFiles(fixture.file())
    let description = try ModelDescription.of(file).description
    for (value, type, problem) in [(Float.nan, TensorType.f32, "nan"), (1e6, .f16, "too large for F16")] {
      let source = TensorReader(file.source)
      let reader = TensorReader(read: { tensor, rows, target in
        source.read(tensor, rows, target)
        if tensor.name == "blk.1.ffn_up.weight", rows.contains(2) {
          target[(2 - rows.lowerBound) * tensor.columns + 5] = value
        }
      })
      let export = try HuggingFaceExport(description, weights: reader, type: type)
      let path = scratch.file("faulty-\(type)")
      #expect {
        try export.write(to: path, replacing: false)
      } throws: { error in
        "\(error)".contains("\"blk.1.ffn_up.weight\": weight \(2 * 64 + 5)") && "\(error)".contains(problem)
      }
      #expect(FileKind(path + "/config.json") == .none)
    }
  }

  @Test("what the format cannot say")
  func refused() throws {
    func message(_ name: String, type: TensorType = .f32, _ edit: (inout ModelDescription) -> Void = { _ in })
      -> String
    {
      do {
        _ = try export(ModelFiles(ModelFixture(name).file()), type: type, edit: edit)
        return "no error"
      } catch {
        return "\(error)"
      }
    }
    func tensor(_ name: String, _ rows: Int, _ columns: Int) -> TensorDescription {
      TensorDescription(name: name, type: .f32, rows: rows, columns: columns)
    }
    #expect(message("llama", type: .q8_0).contains("Q8_0 here, only as F32, F16, BF16"))
    #expect(
      message("llama") { $0.tensors.append(tensor("blk.0.extra.weight", 2, 2)) }.contains(
        "\"blk.0.extra.weight\""))
    #expect(
      message("llama") { $0.tensors.removeAll { $0.name == "blk.2.ffn_up.weight" } }.contains(
        "blk.2.ffn_up.weight"))
    #expect(
      message("llama") { $0.tensors.append(tensor("blk.0.attn_q.bias", 1, 64)) }.contains(
        "\"attention_bias\""))
    #expect(
      message("mistral") { $0.tensors.append(tensor("blk.0.attn_q.bias", 1, 64)) }.contains("no place"))
    #expect(
      message("qwen2") { $0.tensors.removeAll { $0.name == "blk.1.attn_k.bias" } }.contains(
        "blk.1.attn_k.bias"))
    #expect(
      message("llama") { $0.hyperparameters["llama.rope.dimension_count"] = .integer(8) }
        .contains("rope.dimension_count"))
    #expect(
      message("llama3") { $0.hyperparameters["llama.rope.freq_base"] = .real(77_000) }
        .contains("rope_freqs.weight"))
    #expect(message("gpt2") { $0.hyperparameters["gpt2.block_count"] = .integer(9) }.contains("missing"))
  }
}
