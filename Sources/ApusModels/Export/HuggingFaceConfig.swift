// A model's hyper-parameters as config.json and generation_config.json, in the keys that every version of transformers
// since 4.40 reads. What only one family has is said in its own file (`huggingFaceSettings`).

import ApusBasics
import ApusFiles
import ApusTensor
import CApusKernels

/// Writes the settings of one model.
struct HuggingFaceConfig {
  let description: ModelDescription
  let network: Network
  let layout: HuggingFaceLayout
  let reader: TensorReader

  /// The ids of tokens that these files name.
  struct TokenIDs {
    var begin: Int?
    var end: [Int] = []
    var padding: Int?
  }

  /// config.json.
  ///
  /// - Throws: `ExportError` for what the format cannot say.
  func config(_ type: TensorType, _ ids: TokenIDs) throws(ExportError) -> JSONObject {
    var config = JSONObject()
    let isScorer = description.heads == .scores
    let className = isScorer ? layout.scoreClassName : layout.className
    config["architectures"] = .array(className.map { [.string($0)] } ?? [])
    config["model_type"] = layout.modelTypes.keys.first.map { .string($0) }
    for (name, value) in sizes {
      guard let key = key(name) else { continue }
      config[key] = value
    }
    for (key, allowed) in layout.requires.sorted(by: { $0.key < $1.key }) where !key.contains(".") {
      config[key] = Self.constant(allowed[0])
    }
    for (key, value) in network.architecture.huggingFaceSettings { config[key] = value }
    try addBiases(&config)
    if !layout.rotarySections.isEmpty { try addRotary(&config) }
    config["vocab_size"] = .int(Int64(network.configuration.vocabularySize))
    config["tie_word_embeddings"] = .bool(description.isTied)
    config["torch_dtype"] = .string(Self.typeNames[type] ?? "float32")
    config["use_cache"] = .bool(true)
    if isScorer { addLabel(to: &config) }
    add(ids, to: &config)
    return config
  }

  /// A classifier's number of labels is that of their names.
  private func addLabel(to config: inout JSONObject) {
    var (names, numbers) = (JSONObject(), JSONObject())
    names["0"] = .string("LABEL_0")
    numbers["LABEL_0"] = .int(0)
    config["id2label"] = .object(names)
    config["label2id"] = .object(numbers)
  }

  /// generation_config.json.
  func generation(_ ids: TokenIDs, _ sampling: [(name: String, value: Double)]) -> JSONObject {
    var config = JSONObject()
    add(ids, to: &config)
    for (name, value) in sampling {
      guard let key = HuggingFaceFolder.samplingKeys[name] else { continue }
      config["do_sample"] = .bool(true)
      config[key] = name == "top_k" ? .int(Int64(value)) : .double(shortest(value))
    }
    return config
  }

  /// What transformers calls the types.
  static let typeNames: [TensorType: String] = [.f32: "float32", .f16: "float16", .bf16: "bfloat16"]

  private func add(_ ids: TokenIDs, to config: inout JSONObject) {
    func id(_ value: Int?) -> JSONValue { value.map { .int(Int64($0)) } ?? .null }
    config["bos_token_id"] = id(ids.begin)
    config["eos_token_id"] = ids.end.count > 1 ? .array(ids.end.map { .int(Int64($0)) }) : id(ids.end.first)
    config["pad_token_id"] = id(ids.padding)
  }

  private static func constant(_ text: String) -> JSONValue {
    if let flag = Bool(text) { return .bool(flag) }
    return Int64(text).map { .int($0) } ?? .string(text)
  }

  // MARK: Sizes

  private var sizes: [(name: String, value: JSONValue)] {
    let c = network.configuration
    func number(_ value: Int) -> JSONValue { .int(Int64(value)) }
    let epsilon = JSONValue.double(shortest(Double(c.normEpsilon)))
    return [
      ("block_count", number(c.layers)), ("context_length", number(c.contextLength)),
      ("embedding_length", number(c.hiddenSize)), ("feed_forward_length", number(c.feedForwardSize)),
      ("attention.head_count", number(c.heads)), ("attention.head_count_kv", number(c.keyValueHeads)),
      ("attention.key_length", number(c.headSize)), ("attention.layer_norm_rms_epsilon", epsilon),
      ("attention.layer_norm_epsilon", epsilon),
    ]
  }

  /// What the family calls a hyper-parameter: the name that older versions know, too.
  private func key(_ name: String) -> String? { layout.keys[name]?.first { !$0.contains(".") } }

  /// Flags for biases that only some models of a family have. The format has one for the four products of attention.
  private func addBiases(_ config: inout JSONObject) throws(ExportError) {
    let groups = [
      ("attention_bias", ["attn_q", "attn_k", "attn_v", "attn_output"]),
      ("mlp_bias", ["ffn_gate", "ffn_up", "ffn_down"]),
    ]
    for (key, names) in groups where layout.biasSettings.contains(key) {
      let present = Set(description.tensors.map(\.name))
      let all = (0..<network.configuration.layers).flatMap { layer in names.map { "blk.\(layer).\($0).bias" }
      }
      let found = all.filter(present.contains)
      guard found.isEmpty || found.count == all.count else {
        let missing = all.first { !present.contains($0) } ?? ""
        throw .tensor(
          missing, "is missing, but \(found[0]) is there; \"\(key)\" in config.json means all of them")
      }
      config[key] = .bool(!found.isEmpty)
    }
    for short in layout.biases.sorted() {
      for layer in 0..<(short.contains("#") ? network.configuration.layers : 1) {
        let name = short.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "\(layer)")
        guard description.tensors.contains(where: { $0.name == name + ".bias" }) else {
          throw .tensor(name + ".bias", "is missing; every \(layout.className ?? "") of transformers has it")
        }
      }
    }
    // Other biases have no setting: the class does not have them.
    for tensor in description.tensors where tensor.name.hasSuffix(".bias") {
      guard let parts = TensorName(tensor.name) else { continue }
      let isOptional = groups.contains { group in
        layout.biasSettings.contains(group.0) && group.1.contains { parts.short == "blk.#.\($0)" }
      }
      guard isOptional || layout.biases.contains(parts.short) else {
        throw .tensor(tensor.name, "has no place in a \(layout.className ?? "") of transformers")
      }
    }
  }

  // MARK: Rotary embedding

  private func addRotary(_ config: inout JSONObject) throws(ExportError) {
    let base = real("rope.freq_base") ?? 10_000
    config["rope_theta"] = .double(base)
    var scaling = JSONObject()
    let factor = real("rope.scaling.factor") ?? 1
    let attention = real("rope.scaling.attn_factor") ?? 1
    let context = network.configuration.contextLength
    let original = whole("rope.scaling.original_context_length") ?? context
    switch text("rope.scaling.type") {
    case "linear":
      scaling["rope_type"] = .string("linear")
      scaling["factor"] = .double(factor)
    case "yarn":
      scaling["rope_type"] = .string("yarn")
      scaling["factor"] = .double(factor)
      scaling["original_max_position_embeddings"] = .int(Int64(original))
      for (key, name) in [("beta_fast", "yarn_beta_fast"), ("beta_slow", "yarn_beta_slow")] {
        if let value = real("rope.scaling.\(name)") { scaling[key] = .double(value) }
      }
      if attention != 1 { scaling["attention_factor"] = .double(attention * (1 + 0.1 * apus_log(factor))) }
    default:
      if let factors = values("rope_freqs.weight") {
        let bands = try bands(factors, base: base, original: original)
        scaling["rope_type"] = .string("llama3")
        scaling["factor"] = .double(bands.factor)
        scaling["low_freq_factor"] = .double(bands.low)
        scaling["high_freq_factor"] = .double(bands.high)
        scaling["original_max_position_embeddings"] = .int(Int64(bands.original))
      } else if let long = values("rope_factors_long.weight"), let short = values("rope_factors_short.weight")
      {
        func list(_ factors: [Float]) -> JSONValue { .array(factors.map { .double(shortest(Double($0))) }) }
        scaling["rope_type"] = .string("longrope")
        scaling["type"] = .string("longrope")
        scaling["long_factor"] = list(long)
        scaling["short_factor"] = list(short)
        scaling["attention_factor"] = .double(attention)
        scaling["factor"] = .double(Double(context) / Double(original))
        scaling["original_max_position_embeddings"] = .int(Int64(original))
        config["original_max_position_embeddings"] = .int(Int64(original))
      } else if attention != 1 {
        throw .setting(
          "rope.scaling.attn_factor", "is \(attention), which config.json cannot say without a scaling")
      }
    }
    config["rope_scaling"] = scaling.isEmpty ? .null : .object(scaling)
    try addShare(&config)
  }

  /// The share of a head that turns.
  private func addShare(_ config: inout JSONObject) throws(ExportError) {
    let size = network.configuration.headSize
    let dimensions = whole("rope.dimension_count") ?? size
    guard dimensions != size else { return }
    guard layout.halves.isEmpty else {
      throw .setting(
        "rope.dimension_count",
        "is \(dimensions) of \(size), but all of a head turns in this family's folders")
    }
    config["partial_rotary_factor"] = .double(Double(dimensions) / Double(size))
  }

  /// The bands that give these factors: those of Llama 3.1 for some context. GGUF files hold the factors only.
  private func bands(_ factors: [Float], base: Double, original: Int) throws(ExportError) -> LlamaBands {
    let dimensions = 2 * factors.count
    var bands = LlamaBands(
      factor: shortest(Double(factors.max() ?? 1)), low: 1, high: 4, original: Double(original))
    func fits() -> Bool {
      // A division and a power in f32.
      zip(bands.factors(base: base, dimensions: dimensions), factors).allSatisfy {
        abs($0 - $1) <= 8 * $1.ulp
      }
    }
    if fits() { return bands }
    if let context = bands.original(of: factors, base: base) {
      bands.original = context
      if fits() { return bands }
    }
    throw .tensor(
      "rope_freqs.weight",
      "holds factors that are not those of Llama 3.1 for any context: config.json cannot say them")
  }

  private func values(_ name: String) -> [Float]? {
    description.tensors.first { $0.name == name }.map(reader.values)
  }

  private func real(_ name: String) -> Double? {
    switch description[name] {
    case .real(let value): shortest(value)
    case .integer(let value): Double(value)
    default: nil
    }
  }

  private func whole(_ name: String) -> Int? {
    if case .integer(let value) = description[name] { return value }
    return nil
  }

  private func text(_ name: String) -> String? {
    if case .text(let value) = description[name] { return value }
    return nil
  }
}

/// The shortest decimal number that is the same `Float`: 1e-05 as a float is 9.999999747378752e-06 as a double.
func shortest(_ value: Double) -> Double { Double("\(Float(value))") ?? value }
