// Adapters in PEFT's layout: a folder with adapter_config.json and adapter_model.safetensors, under Hugging Face's names. What
// a family stores otherwise (Llama's rotary pairs) is put right here, both ways.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor

/// PEFT's names and files for one network.
struct PEFTAdapter {
  static let settingsFile = "adapter_config.json"
  static let weightsFile = "adapter_model.safetensors"
  private static let prefix = "base_model.model."

  /// Whether a folder holds an adapter and no model.
  static func isFolder(_ path: String) -> Bool {
    FileKind("\(path)/\(settingsFile)") == .file && FileKind("\(path)/config.json") == .none
  }

  private let network: Network
  private let layout: HuggingFaceLayout

  /// - Parameter name: the adapter's, for errors.
  /// - Throws: `AdapterError` for families that Hugging Face has no folders of.
  init(_ network: Network, name: String) throws(AdapterError) {
    guard let layout = network.huggingFaceLayout else {
      throw AdapterError(
        name, .notAnAdapter("PEFT's layout has no names for the family \"\(network.architectureName)\""))
    }
    (self.network, self.layout) = (network, layout)
  }

  // MARK: Reading

  /// Reads the folder at `path`.
  ///
  /// - Throws: `AdapterError`, `SafetensorsError`, and what JSON files throw.
  func read(_ path: String, _ targets: [ProductTarget]) throws -> LowRankAdapter {
    let settingsPath = "\(path)/\(Self.settingsFile)"
    guard let document = try HuggingFaceFolder.json(path, Self.settingsFile) else {
      throw AdapterError(path, .notAnAdapter("there is no \(Self.settingsFile)"))
    }
    let settings = try Self.settings(document, settingsPath)
    let weightsPath = "\(path)/\(Self.weightsFile)"
    guard FileKind(weightsPath) == .file else {
      throw AdapterError(path, .notAnAdapter("there is no \(Self.weightsFile)"))
    }
    let file = try SafetensorsFile.open(weightsPath)
    var places: [String: ProductTarget] = [:]
    for target in targets { for name in moduleNames(target) { places[name] = target } }
    var found = AdapterPairs(name: weightsPath)
    for tensor in file.tensors {
      let (module, isA) = try Self.module(tensor.name, weightsPath)
      guard let target = places[module] else {
        throw AdapterError(weightsPath, .noSuchTensor(module, model: network.source.name))
      }
      guard let type = tensor.type, HuggingFaceExport.types.contains(type), tensor.shape.count == 2 else {
        throw AdapterError(
          weightsPath, .tensor(tensor.name, "is no matrix of floats: \(tensor.dtype) \(tensor.shape)"))
      }
      let form: StoredForm = isA ? .same : form(target)
      let columns = tensor.columns
      let values = FloatVector(count: tensor.elementCount) { floats in
        let bytes = file.bytes(of: tensor)
        guard tensor.elementCount > 0, case .halves = form, tensor.rows == target.rows else {
          return type.decode(bytes, into: floats)
        }
        let rowBytes = bytes.count / tensor.rows
        for row in 0..<tensor.rows {
          let stored = form.storedRow(row) * rowBytes
          type.decode(
            UnsafeRawBufferPointer(rebasing: bytes[stored..<stored + rowBytes]),
            into: UnsafeMutableBufferPointer(rebasing: floats[row * columns..<(row + 1) * columns]))
        }
      }
      try found.add(
        tensor.name, target: target.name, isA: isA, rows: tensor.rows, columns: columns, values)
    }
    return try found.adapter(
      name: path, targets, settings, declaresRank: true, factor: { _ in settings.factor })
  }

  /// "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" is module "model.layers.0.self_attn.q_proj", A.
  private static func module(_ name: String, _ file: String) throws(AdapterError) -> (String, isA: Bool) {
    for (suffix, isA) in [(".lora_A.weight", true), (".lora_B.weight", false)] {
      if name.hasPrefix(prefix), name.hasSuffix(suffix) {
        return (String(name.dropFirst(prefix.count).dropLast(suffix.count)), isA)
      }
    }
    throw AdapterError(
      file,
      .tensor(
        name,
        "is no low-rank matrix of a product (\(prefix)….lora_A.weight or lora_B.weight); nothing else is supported"
      ))
  }

  /// What a folder may call the module of a weight.
  private func moduleNames(_ target: ProductTarget) -> [String] {
    guard let parts = TensorName(target.name) else { return [] }
    return (layout.tensors[parts.short] ?? []).flatMap { pattern in
      (parts.short == "output" ? [""] : layout.prefixes).map {
        $0 + String(parts.filled(pattern).dropLast(parts.suffix.count))
      }
    }
  }

  /// How the rows of B are stored: as the rows of the weight. Columns never change places.
  private func form(_ target: ProductTarget) -> StoredForm {
    guard let parts = TensorName(target.name) else { return .same }
    let form = layout.form(parts.short, parts.suffix, headSize: network.configuration.headSize)
    if case .halves = form { return form }
    return .same
  }

  private static func settings(_ json: JSONValue, _ file: String) throws(AdapterError) -> AdapterSettings {
    guard json.object != nil else { throw AdapterError(file, .notAnAdapter("is no JSON object")) }
    func refuse(_ key: String, _ reason: String) -> AdapterError { AdapterError(file, .setting(key, reason)) }
    if let kind = json["peft_type"]?.string, kind != "LORA" {
      throw refuse("peft_type", "is \(kind); supported: LORA")
    }
    guard let rank = json["r"]?.int else { throw refuse("r", "is missing, or no whole number") }
    guard rank >= 1 else { throw refuse("r", "is \(rank); expected 1 or more") }
    guard let alpha = json["lora_alpha"]?.double, alpha.isFinite else {
      throw refuse("lora_alpha", "is missing, or no number")
    }
    if let bias = json["bias"]?.string, bias != "none" {
      throw refuse("bias", "is \(bias); adapters with biases are not supported")
    }
    for key in ["use_dora", "lora_bias", "use_qalora"] where json[key]?.bool == true {
      throw refuse(key, "is true, which is not supported")
    }
    for key in ["rank_pattern", "alpha_pattern"] {
      guard json[key]?.object?.isEmpty ?? true else {
        throw refuse(key, "is not empty, which is not supported")
      }
    }
    for key in ["modules_to_save", "target_parameters", "trainable_token_indices"] {
      if let value = json[key], !value.isNull, value.array?.isEmpty != true, value.object?.isEmpty != true {
        throw refuse(key, "is not empty: only products may have changed")
      }
    }
    return AdapterSettings(
      rank: rank, alpha: alpha, isRankStabilized: json["use_rslora"]?.bool ?? false)
  }

  // MARK: Writing

  /// Both files. Numbers are read when they are written.
  ///
  /// - Parameter base: the model's name or path, for whoever loads them.
  /// - Throws: `AdapterError`, for a tensor that has no name there.
  func files(_ adapter: LowRankAdapter, base: String?) throws(AdapterError) -> [ExportedFile] {
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    for change in adapter.changes {
      let target = ProductTarget(name: change.target, rows: change.rows, columns: change.columns)
      guard let name = layout.storedName(change.target), let parts = TensorName(change.target) else {
        throw AdapterError(adapter.name, .tensor(change.target, "has no name in PEFT's layout"))
      }
      let module = Self.prefix + name.dropLast(parts.suffix.count)
      writer.add("\(module).lora_A.weight", type: .f32, shape: [change.rank, change.columns]) { give in
        give(UnsafeRawBufferPointer(start: change.a.base, count: 4 * change.a.count))
      }
      let form = form(target)
      writer.add("\(module).lora_B.weight", type: .f32, shape: [change.rows, change.rank]) { give in
        for row in 0..<change.rows {
          // Of any form rows keep their contents; where they lie is the stored order.
          give(
            UnsafeRawBufferPointer(
              start: change.b.base + form.row(ofStored: row) * change.rank, count: 4 * change.rank))
        }
      }
    }
    return [
      ExportedFile(Self.weightsFile, writer), ExportedFile(Self.settingsFile, document(adapter, base: base)),
    ]
  }

  private func document(_ adapter: LowRankAdapter, base: String?) -> JSONObject {
    let settings = adapter.settings
    var json = JSONObject()
    json["peft_type"] = .string("LORA")
    json["task_type"] = .string("CAUSAL_LM")
    json["base_model_name_or_path"] = base.map { .string($0) } ?? .null
    json["r"] = .int(Int64(settings.rank))
    json["lora_alpha"] =
      settings.alpha == settings.alpha.rounded() && abs(settings.alpha) < 1e15
      ? .int(Int64(settings.alpha)) : .double(settings.alpha)
    json["use_rslora"] = .bool(settings.isRankStabilized)
    json["lora_dropout"] = .double(0)
    json["bias"] = .string("none")
    json["fan_in_fan_out"] = .bool(
      adapter.changes.contains { TensorName($0.target).map { layout.transposed.contains($0.short) } ?? false }
    )
    json["target_modules"] = .array(modules(adapter).map(JSONValue.string))
    json["inference_mode"] = .bool(true)
    return json
  }

  /// The shortest ends of module names that mean the changed products and no others.
  private func modules(_ adapter: LowRankAdapter) -> [String] {
    let changed = Set(adapter.changes.compactMap { TensorName($0.target)?.short })
    func ends(_ short: String, _ count: Int) -> String {
      (layout.tensors[short]?.first ?? short).split(separator: ".").filter { $0 != "#" }.suffix(count)
        .joined(separator: ".")
    }
    return changed.sorted().map { short in
      (1...2).map { ends(short, $0) }.first { end in
        layout.tensors.keys.allSatisfy { changed.contains($0) || !".\(ends($0, 9))".hasSuffix(".\(end)") }
      } ?? ends(short, 9)
    }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
