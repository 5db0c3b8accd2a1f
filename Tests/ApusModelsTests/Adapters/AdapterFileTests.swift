// Adapters in PEFT's and llama.cpp's layouts: what is read is what was written, and what is wrong with a file is said (F25).

import ApusBasics
import ApusFiles
import ApusTensor
import ApusTestSupport
import Testing

@testable import ApusModels

@Suite struct AdapterFileTests {
  private let scratch = ScratchDirectory()

  private func network(_ name: String) throws -> Network {
    try ModelFiles(ModelFixture(name).file()).network()
  }

  private func numbers(_ adapter: LowRankAdapter) -> [String: [Float]] {
    var all: [String: [Float]] = [:]
    for change in adapter.changes {
      for (name, values) in [("a", change.a), ("b", change.b)] {
        // A GGUF file holds alpha as f32.
        let factor = (change.factor * 1e5).rounded()
        all["\(change.target) \(name) \(change.rank) \(factor)"] = Array(
          UnsafeBufferPointer(start: values.base, count: values.count))
      }
    }
    return all
  }

  @Test("PEFT's adapter, written in both layouts and read again", arguments: AdapterFixture.names)
  func around(_ name: String) throws {
    let (fixture, network) = (try AdapterFixture(name), try network(name))
    let adapter = try LowRankAdapter(fixture.path, for: network)
    #expect(adapter.changes.count == (name == "llama" ? 21 : 6))
    #expect(adapter.changes[0].target == "blk.0.attn_q\(name == "llama" ? "" : "kv").weight")
    let file = scratch.file("adapter.gguf")
    try adapter.writeGGUF(file, for: network, replacing: false)
    let folder = scratch.file("adapter")
    try adapter.writeFolder(folder, for: network, base: "base", replacing: false)
    for path in [file, folder, folder + "/adapter_model.safetensors"] {
      #expect(numbers(try LowRankAdapter(path, for: network)) == numbers(adapter), "\(path)")
    }
    // The tensors are PEFT's to the byte, whatever changed places here.
    let theirs = try SafetensorsFile.open(fixture.path + "/adapter_model.safetensors")
    let ours = try SafetensorsFile.open(folder + "/adapter_model.safetensors")
    #expect(Set(ours.tensors.map(\.name)) == Set(theirs.tensors.map(\.name)))
    for tensor in theirs.tensors {
      let own = try #require(ours.tensor(named: tensor.name))
      #expect(own.shape == tensor.shape && ours.bytes(of: own).elementsEqual(theirs.bytes(of: tensor)))
    }
    let settings = try #require(try HuggingFaceFolder.json(folder, "adapter_config.json"))
    let expected = try #require(try HuggingFaceFolder.json(fixture.path, "adapter_config.json"))
    for key in ["r", "lora_alpha", "use_rslora", "fan_in_fan_out", "peft_type", "task_type", "bias"] {
      #expect(settings[key] == expected[key], "\(key)")
    }
    let modules = try #require(settings["target_modules"]?.array).compactMap(\.string)
    #expect(
      modules
        == (name == "llama"
          ? ["k_proj", "o_proj", "q_proj", "v_proj", "down_proj", "gate_proj", "up_proj"]
          : ["c_attn", "mlp.c_proj"]))
  }

  @Test("a GGUF file holds llama.cpp's keys and names")
  func keys() throws {
    let network = try network("llama")
    let path = scratch.file("adapter.gguf")
    try LowRankAdapter(AdapterFixture("llama").path, for: network).writeGGUF(
      path, for: network, replacing: false)
    let file = try GGUFFile.open(path)
    #expect(try file.metadata.string("general.type") == "adapter")
    #expect(try file.metadata.string("adapter.type") == "lora")
    #expect(try file.metadata.string("general.architecture") == "llama")
    #expect(try file.metadata.float("adapter.lora.alpha") == 8)
    #expect(file.tensor(named: "blk.0.attn_q.weight.lora_a")?.dimensions == [64, 4])
    #expect(file.tensor(named: "blk.0.attn_k.weight.lora_b")?.dimensions == [4, 32])
  }

  // Not GPT-2's: that converter turns the matrices of its adapter as it turns the model's own, which stand the other way in
  // PEFT's file, so that A has the columns of B.
  @Test("what llama.cpp's converter makes of PEFT's adapter is the same", arguments: ["llama"])
  func converted(_ name: String) throws {
    let (fixture, network) = (try AdapterFixture(name), try network(name))
    let adapter = try LowRankAdapter(fixture.path, for: network)
    let theirs = try LowRankAdapter(fixture.path + "/llamacpp.gguf", for: network)
    #expect(theirs.changes.map(\.target) == adapter.changes.map(\.target))
    for (own, other) in zip(adapter.changes, theirs.changes) {
      #expect((0..<own.a.count).allSatisfy { own.a.base[$0] == other.a.base[$0] }, "\(own.target)")
      #expect((0..<own.b.count).allSatisfy { own.b.base[$0] == other.b.base[$0] }, "\(own.target)")
      // That converter takes no notice of the root: it writes PEFT's alpha.
      #expect(other.factor == adapter.settings.alpha / Double(adapter.settings.rank))
    }
    let ours = scratch.file("ours.gguf")
    try adapter.writeGGUF(ours, for: network, replacing: false)
    let (a, b) = (try GGUFFile.open(ours), try GGUFFile.open(fixture.path + "/llamacpp.gguf"))
    #expect(Set(a.tensors.map(\.name)) == Set(b.tensors.map(\.name)))
    for tensor in b.tensors { #expect(a.tensor(named: tensor.name)?.dimensions == tensor.dimensions) }
  }

  @Test("a new adapter's numbers: B zero, A uniform within 1/√columns, the same for a seed")
  func new() throws {
    let targets = try network("llama").productTargets(named: ["q", "down"], key: "adapter.targets")
    #expect(targets.count == 6)
    let settings = AdapterSettings(rank: 8, alpha: 16, isRankStabilized: true)
    #expect(settings.factor == 16 / 8.0.squareRoot())
    let adapter = try LowRankAdapter.new(targets, settings, seed: 7)
    for change in adapter.changes {
      let a = UnsafeBufferPointer(start: change.a.base, count: change.a.count)
      let bound = 1 / Float(change.columns).squareRoot()
      #expect(a.allSatisfy { abs($0) <= bound } && a.max()! > 0.9 * bound && a.min()! < -0.9 * bound)
      // The deviation of a uniform number is its bound / √3.
      let square = a.reduce(0) { $0 + $1 * $1 } / Float(a.count)
      #expect(abs(square.squareRoot() / bound - 1 / Float(3).squareRoot()) < 0.05)
      #expect(UnsafeBufferPointer(start: change.b.base, count: change.b.count).allSatisfy { $0 == 0 })
    }
    #expect(numbers(adapter) == numbers(try LowRankAdapter.new(targets, settings, seed: 7)))
    #expect(numbers(adapter) != numbers(try LowRankAdapter.new(targets, settings, seed: 8)))
  }

  @Test(
    "words for products",
    arguments: [
      ("llama", ["q", "v_proj"], ["attn_q", "attn_v"]), ("llama", ["all-linear"], nil),
      ("gpt2", ["qkv", "mlp.c_proj"], ["attn_qkv", "ffn_down"]), ("gpt2", ["c_attn"], ["attn_qkv"]),
      ("llama", ["head", "attn_output"], ["attn_output", "output"]),
    ] as [(String, [String], [String]?)])
  func words(_ name: String, _ words: [String], _ expected: [String]?) throws {
    let targets = try network(name).productTargets(named: words, key: "adapter.targets")
    let names = Set(targets.map(\.short))
    #expect(
      names
        == Set(expected ?? ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]))
  }

  @Test(
    "words that name nothing, or the same twice",
    arguments: [
      ("llama", ["q", "qq"], "\"qq\" names no product"), ("llama", ["qkv"], "\"qkv\" names no product"),
      ("llama", ["q", "q_proj"], "\"q\" and \"q_proj\" name the same product"),
      ("llama", ["q", "q"], "\"q\" is named twice"), ("gpt2", ["c_proj"], "\"c_proj\" names no product"),
      ("llama", ["all-linear", "q"], "\"all-linear\" names no product"),
    ])
  func wrongWords(_ name: String, _ words: [String], _ message: String) throws {
    let network = try network(name)
    expectError("adapter.targets: \(message)") {
      _ = try network.productTargets(named: words, key: "adapter.targets")
    }
  }

  // MARK: Faults

  private func expectError(
    _ part: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    do {
      try body()
      Issue.record("no error", sourceLocation: sourceLocation)
    } catch {
      #expect("\(error)".contains(part), "\(error)", sourceLocation: sourceLocation)
      #expect(error is any ApusError && !"\(error)".contains("\n"), sourceLocation: sourceLocation)
    }
  }

  @Test("an adapter for another model is refused with names and shapes")
  func otherModel() throws {
    let path = try AdapterFixture("llama").path
    let (gpt2, mistral) = (try network("gpt2"), try network("qwen3"))
    expectError("which is no product of gpt2.gguf; the adapter was made for another model") {
      _ = try LowRankAdapter(path, for: gpt2)
    }
    expectError("wants [96, 4]") { _ = try LowRankAdapter(path, for: mistral) }
    let file = scratch.file("adapter.gguf")
    let llama = try network("llama")
    try LowRankAdapter(path, for: llama).writeGGUF(file, for: llama, replacing: false)
    expectError("for models of the family \"llama\"; gpt2.gguf is of \"gpt2\"") {
      _ = try LowRankAdapter(file, for: gpt2)
    }
  }

  /// A copy of PEFT's folder with other settings, or with tensors changed.
  private func folder(
    settings: (inout JSONObject) -> Void = { _ in },
    tensors: (String, [Int], inout [UInt8]) -> (String, [Int])? = { name, shape, _ in (name, shape) }
  ) throws -> String {
    let path = try AdapterFixture("llama").path
    let copy = scratch.file("copy")
    try makeDirectory(copy)
    var document = try #require(try HuggingFaceFolder.json(path, "adapter_config.json")?.object)
    settings(&document)
    try writeFile(copy + "/adapter_config.json", Array(JSONValue.object(document).serialized().utf8))
    let file = try SafetensorsFile.open(path + "/adapter_model.safetensors")
    var writer = SafetensorsWriter()
    for tensor in file.tensors {
      var bytes = Array(file.bytes(of: tensor))
      guard let (name, shape) = tensors(tensor.name, tensor.shape, &bytes) else { continue }
      writer.add(name, type: .f32, shape: shape, bytes: bytes)
    }
    try writeFile(copy + "/adapter_model.safetensors", writer.bytes())
    return copy
  }

  @Test(
    "settings that are not supported, or impossible",
    arguments: [
      ("r", .int(0), "\"r\" is 0; expected 1 or more"), ("r", .int(5), "has 4 rows; the settings say rank 5"),
      ("r", .string("4"), "\"r\" is missing, or no whole number"),
      ("lora_alpha", .null, "\"lora_alpha\" is missing"),
      ("peft_type", .string("LOHA"), "is LOHA; supported: LORA"),
      ("use_dora", .bool(true), "\"use_dora\" is true"), ("bias", .string("all"), "\"bias\" is all"),
      ("modules_to_save", .array([.string("lm_head")]), "\"modules_to_save\" is not empty"),
      ("rank_pattern", .members(["q_proj": .int(2)]), "\"rank_pattern\" is not empty"),
    ] as [(String, JSONValue, String)])
  func settings(_ key: String, _ value: JSONValue, _ message: String) throws {
    let (path, network) = (try folder(settings: { $0[key] = value }), try network("llama"))
    expectError(message) { _ = try LowRankAdapter(path, for: network) }
  }

  @Test("damaged tensors")
  func damaged() throws {
    let network = try network("llama")
    let first = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    func refused(
      _ message: String, _ change: (String, [Int], inout [UInt8]) -> (String, [Int])?
    ) throws {
      let path = try folder(tensors: change)
      expectError(message) { _ = try LowRankAdapter(path, for: network) }
    }
    try refused("has no partner") { name, shape, _ in name == first ? nil : (name, shape) }
    try refused("it has no tensors") { _, _, _ in nil }
    try refused("is no low-rank matrix") { name, shape, _ in
      (name == first ? "base_model.model.lm_head.weight" : name, shape)
    }
    try refused("which is no product") { name, shape, _ in
      (name == first ? "base_model.model.model.embed_tokens.lora_A.weight" : name, shape)
    }
    try refused("has a number that is not finite, at 3") { name, shape, bytes in
      if name == first { bytes.replaceSubrange(12..<16, with: [0, 0, 0xC0, 0x7F]) }
      return (name, shape)
    }
    try refused("is empty: its rank is 0") { name, shape, bytes in
      guard name == first else { return (name, shape) }
      bytes = []
      return (name, [0, 64])
    }
    try refused("is no matrix of floats") { name, shape, _ in (name, name == first ? [2, 2, 64] : shape) }
    try refused("\"blk.0.attn_q.weight.lora_a\" has shape [4, 32]") { name, shape, bytes in
      guard name == first else { return (name, shape) }
      bytes.removeLast(4 * 4 * 32)
      return (name, [4, 32])
    }
    let empty = scratch.file("empty")
    try makeDirectory(empty)
    expectError("there is no adapter_config.json") { _ = try LowRankAdapter(empty, for: network) }
    let broken = try folder()
    try writeFile(broken + "/adapter_model.safetensors", [1, 2, 3])
    expectError("adapter_model.safetensors") { _ = try LowRankAdapter(broken, for: network) }
    try writeFile(broken + "/adapter_config.json", Array("{".utf8))
    expectError("adapter_config.json") { _ = try LowRankAdapter(broken, for: network) }
  }

  @Test("GGUF files that are no adapters")
  func otherFiles() throws {
    let network = try network("llama")
    func refused(_ message: String, _ change: (inout TinyGGUF) -> Void) throws {
      var tiny = TinyGGUF()
      tiny.header.set("general.architecture", .string("llama"))
      tiny.header.set("general.type", .string("adapter"))
      tiny.header.set("adapter.type", .string("lora"))
      tiny.header.set("adapter.lora.alpha", .scalar(Float(8)))
      change(&tiny)
      let path = scratch.file("tiny.gguf")
      try writeFile(path, tiny.bytes())
      expectError(message) { _ = try LowRankAdapter(path, for: network) }
    }
    let ones = [Float](repeating: 1, count: 256)
    try refused("it has no tensors") { _ in }
    try refused("is model, not \"adapter\"") { $0.header.set("general.type", .string("model")) }
    try refused("\"adapter.type\" is ia3; supported: lora") { $0.header.set("adapter.type", .string("ia3")) }
    try refused("\"adapter.lora.alpha\" is nan") { $0.header.set("adapter.lora.alpha", .scalar(Float.nan)) }
    try refused("is no low-rank matrix") { $0.add("blk.0.attn_norm.weight", [64], Array(ones[..<64])) }
    try refused("has no partner") { $0.add("blk.0.attn_q.weight.lora_a", [64, 4], ones) }
    try refused("changes \"token_embd.weight\", which is no product of llama.gguf") {
      $0.add("token_embd.weight.lora_a", [64, 4], ones)
      $0.add("token_embd.weight.lora_b", [4, 64], ones)
    }
    try refused("has 2 columns; \"blk.0.attn_q.weight.lora_a\" has 4 rows") {
      $0.add("blk.0.attn_q.weight.lora_a", [64, 4], ones)
      $0.add("blk.0.attn_q.weight.lora_b", [2, 64], Array(ones[..<128]))
    }
  }

  @Test("ranks that no product has", arguments: [0, 65])
  func rank(_ rank: Int) throws {
    let targets = try network("llama").productTargets(named: ["q"], key: "adapter.targets")
    expectError("adapter.rank: the rank is \(rank); expected 1 to 64") {
      _ = try LowRankAdapter.new(
        targets, AdapterSettings(rank: rank, alpha: 1), seed: 1, name: "adapter.rank")
    }
  }
}
