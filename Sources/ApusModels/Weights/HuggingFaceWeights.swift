// A Hugging Face folder as a source of weights: the family's own file says how its settings and tensors are called
// there (HuggingFaceLayout); what is stored differently is put right here, once, when it is first asked for.

import ApusBasics
import ApusFiles
import ApusTensor
import Synchronization

/// Hyper-parameters and tensors of a model folder.
package final class HuggingFaceWeights: WeightSource {
  package let folder: HuggingFaceFolder
  private let layout: HuggingFaceLayout
  private let family: String
  private let modelType: String
  /// Tensors whose values differ from the file's, or that lie where they cannot be read in place.
  private let copies = Mutex<[String: TensorCopy]>([:])

  /// Finds the family and checks that nothing is asked of it that it does not do.
  ///
  /// - Throws: `ModelError.unknownArchitecture`, `HuggingFaceError`.
  package init(_ folder: HuggingFaceFolder) throws {
    let config = folder.config
    guard let modelType = config["model_type"]?.string else {
      throw HuggingFaceError("\(folder.path)/config.json", .invalid(key: "model_type", expected: "a text"))
    }
    let layouts = allArchitectures.compactMap { $0.huggingFace }
    let found = layouts.first { layout in
      layout.modelTypes[modelType] != nil
        && layout.condition.map { (config[$0.key]?.bool ?? false) == $0.value } ?? true
    }
    guard let found, let family = found.modelTypes[modelType] else {
      let known = Set(layouts.flatMap { $0.modelTypes.keys })
      throw ModelError.unknownArchitecture(modelType, known: known.sorted())
    }
    for (key, allowed) in found.requires {
      guard let value = config[path: key], !value.isNull else { continue }
      let text = value.string ?? value.serialized()
      guard allowed.contains(text) else {
        throw HuggingFaceError(
          "\(folder.path)/config.json",
          .unsupported("\"\(key)\" is \(text); supported: \(allowed.joined(separator: ", "))"))
      }
    }
    self.folder = folder
    self.family = family
    self.modelType = modelType
    layout = found
  }

  package var name: String { folder.path }
  package var architecture: String? { family }

  // MARK: Settings

  package func hyperparameter(_ key: String) -> HyperparameterValue? {
    let name = String(key.dropFirst(family.count + 1))
    guard let value = setting(name)?.value else { return layout.defaults[name] }
    if name == "context_length", let positions = value.int {
      return .integer(positions - skippedPositions)
    }
    return HyperparameterValue(value)
  }

  package func fileKey(_ key: String) -> String {
    let name = String(key.dropFirst(family.count + 1))
    return setting(name)?.path ?? layout.keys[name]?.first ?? key
  }

  private func setting(_ name: String) -> (path: String, value: JSONValue)? {
    for path in layout.keys[name] ?? [] {
      if let value = folder.config[path: path], !value.isNull { return (path, value) }
    }
    return nil
  }

  /// RoBERTa counts positions from the padding token's id plus one; the rows before are never used.
  private var skippedPositions: Int {
    guard layout.positionsAfterPadding.contains(modelType) else { return 0 }
    return max(0, folder.config["pad_token_id"]?.int ?? 1) + 1
  }

  // MARK: Tensors

  package func tensor(_ name: String) -> TensorDescription? {
    guard let found = stored(name), let type = found.tensor.type else { return nil }
    let skipped = isPositions(name) ? skippedPositions : 0
    return TensorDescription(
      name: name, type: lacksOne(name) ? .f32 : type, rows: found.tensor.rows - skipped,
      columns: found.tensor.columns)
  }

  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    // A tensor that was described is in a file.
    let (file, stored) = stored(tensor.name)!
    let bytes = file.bytes(of: stored)
    let alignment = min(8, stored.type!.blockBytes)
    if lacksOne(tensor.name) {
      return copy(tensor.name, byteCount: 4 * stored.elementCount) { target in
        stored.type!.decode(bytes, into: target.bindMemory(to: Float.self))
        for index in 0..<stored.elementCount {
          target.storeBytes(
            of: target.load(fromByteOffset: 4 * index, as: Float.self) + 1, toByteOffset: 4 * index,
            as: Float.self)
        }
      }
    }
    let skipped = isPositions(tensor.name) ? skippedPositions * bytes.count / max(1, stored.rows) : 0
    guard Int(bitPattern: bytes.baseAddress) % alignment != 0 else { return bytes.baseAddress! + skipped }
    return copy(tensor.name, byteCount: bytes.count) { $0.copyMemory(from: bytes) } + skipped
  }

  package func release(_ tensor: TensorDescription) {
    if let (file, stored) = stored(tensor.name) { file.advise(.done, stored) }
  }

  private func isPositions(_ name: String) -> Bool { name == "position_embd.weight" }

  private func lacksOne(_ name: String) -> Bool {
    layout.normsLackOne && name.hasSuffix("norm.weight")
  }

  /// Where the tensor that is called `name` here is stored.
  private func stored(_ name: String) -> (file: SafetensorsFile, tensor: SafetensorsTensor)? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    var (short, suffix) = (String(name[..<dot]), String(name[dot...]))
    if let place = denseLayers.firstIndex(of: short) {
      guard let dense = folder.sentenceTransformers?.dense, dense.indices.contains(place) else { return nil }
      let file = dense[place].weights
      return file.tensor(named: "linear" + suffix).map { (file, $0) }
    }
    var layer = ""
    if short.hasPrefix("blk.") {
      let parts = short.split(separator: ".", maxSplits: 2)
      layer = String(parts[1])
      short = "blk.#.\(parts[2])"
    }
    for pattern in layout.tensors[short] ?? [] {
      let stem = pattern.split(separator: "#", omittingEmptySubsequences: false).joined(separator: layer)
      for prefix in layout.prefixes {
        if let found = folder.weights.tensor(named: prefix + stem + suffix) { return (folder.weights, found) }
      }
    }
    return nil
  }

  /// The dense layers behind the pooling, in order.
  private let denseLayers = ["dense_2", "dense_3"]

  /// The copy of a tensor, made by `fill` the first time.
  private func copy(
    _ name: String, byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> UnsafeRawPointer {
    copies.withLock { copies in
      if let known = copies[name] { return UnsafeRawPointer(known.base) }
      let copy = TensorCopy(byteCount: byteCount)
      fill(UnsafeMutableRawBufferPointer(start: copy.base, count: byteCount))
      copies[name] = copy
      return UnsafeRawPointer(copy.base)
    }
  }
}

/// Bytes in memory of their own.
private final class TensorCopy: @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  init(byteCount: Int) {
    base = .allocate(byteCount: max(64, byteCount), alignment: 64)
  }

  deinit {
    base.deallocate()
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
  fileprivate subscript(path path: String) -> JSONValue? {
    path.split(separator: ".").reduce(Optional(self)) { $0?[String($1)] }
  }
}
