// Reading a family's settings out of a config.json: values by the names of GGUF keys, and what in the document is not
// the network that would be run.

import ApusBasics
import ApusFiles

extension HuggingFaceLayout {
  /// Where a hyper-parameter is, and its value there; nil where it is not, or null.
  func setting(_ name: String, in config: JSONValue) -> (path: String, value: JSONValue)? {
    for path in keys[name] ?? [] {
      if let value = config[path: path], !value.isNull { return (path, value) }
    }
    return nil
  }

  /// A hyper-parameter, or what it is when the document leaves it out.
  func value(of name: String, in config: JSONValue) -> HyperparameterValue? {
    if let value = setting(name, in: config)?.value { return HyperparameterValue(value) }
    let isNull = (keys[name] ?? []).contains { config[path: $0] != nil }
    return (isNull ? nulls[name] : nil) ?? defaults[name]
  }

  /// What the document asks for that the family here does not do.
  func problem(in config: JSONValue) -> String? {
    if let quantization = config["quantization_config"], !quantization.isNull {
      let method = quantization["quant_method"]?.string ?? "a method of its own"
      return "the weights are quantised (\(method)), which is not supported in folders"
    }
    for (key, allowed) in requires.sorted(by: { $0.key < $1.key }) {
      guard let value = config[path: key], !value.isNull else { continue }
      let text = value.string ?? value.serialized()
      guard allowed.contains(text) else {
        return "\"\(key)\" is \(text); supported: \(allowed.joined(separator: ", "))"
      }
    }
    return contradiction(config)
  }

  /// Values of one head, 0 where the document does not tell.
  func headSize(in config: JSONValue) -> Int {
    if case .integer(let size) = value(of: "attention.key_length", in: config) { return size }
    guard case .integer(let hidden) = value(of: "embedding_length", in: config),
      case .integer(let heads) = value(of: "attention.head_count", in: config), heads > 0
    else { return 0 }
    return hidden / heads
  }

  /// The rotary embedding, for families that have one.
  ///
  /// - Throws: `HuggingFaceError` with the key at fault.
  func rotary(_ config: JSONValue, file: String) throws(HuggingFaceError) -> HuggingFaceRotary? {
    guard !rotarySections.isEmpty else { return nil }
    var base = 10_000.0
    switch value(of: "rope.freq_base", in: config) {
    case .real(let value): base = value
    case .integer(let value): base = Double(value)
    default: break
    }
    guard base.isFinite, base > 0 else {
      throw HuggingFaceError(file, .invalid(key: "rope_theta", expected: "a positive number"))
    }
    var context = 1
    if case .integer(let value) = value(of: "context_length", in: config), value > 0 { context = value }
    var section: (path: String, value: JSONValue)?
    for path in rotarySections where section == nil {
      guard let value = config[path: path], !value.isNull else { continue }
      guard value.object != nil else {
        throw HuggingFaceError(file, .invalid(key: path, expected: "an object"))
      }
      section = (path, value)
    }
    return try HuggingFaceRotary(
      section, config, .init(headSize: headSize(in: config), context: context, base: base), file: file)
  }

  /// What a folder of the family calls the tensor `name`.
  func storedName(_ name: String) -> String? {
    guard let parts = TensorName(name), let pattern = tensors[parts.short]?.first else { return nil }
    let isHead = ["output", ScoreHead.name].contains(parts.short)
    return (isHead ? "" : prefixes.last ?? "") + parts.filled(pattern)
  }
}

extension HyperparameterValue {
  /// A setting of `config.json`; nil for what no hyper-parameter is.
  fileprivate init?(_ value: JSONValue) {
    switch value {
    case .int(let number): self = .integer(Int(number))
    case .double(let number): self = .real(number)
    case .bool(let flag): self = .flag(flag)
    case .string(let text): self = .text(text)
    case .array(let items) where items.allSatisfy { $0.int != nil }: self = .integers(items.map { $0.int! })
    // Gemma's layers: which of them slide.
    case .array(let items) where items.allSatisfy { $0.string != nil }:
      self = .flags(items.map { $0.string == "sliding_attention" })
    default: return nil
    }
  }
}

extension JSONValue {
  /// The member at a path such as "rope_parameters.rope_theta".
  subscript(path path: String) -> JSONValue? {
    path.split(separator: ".").reduce(Optional(self)) { $0?[String($1)] }
  }
}
