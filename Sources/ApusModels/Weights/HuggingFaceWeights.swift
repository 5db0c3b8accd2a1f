// A Hugging Face folder as a source of weights: the family's own file says how its settings and tensors are called
// there (HuggingFaceLayout); what is stored differently is put right here, once, when it is first asked for.

import ApusBasics
import ApusFiles
import ApusTensor

/// Hyper-parameters and tensors of a model folder.
package final class HuggingFaceWeights: WeightSource {
  package let folder: HuggingFaceFolder
  package let layout: HuggingFaceLayout
  private let family: String
  private let modelType: String
  private let rotary: HuggingFaceRotary?
  private let copies = TensorCopies()

  /// Finds the family and checks that nothing is asked of it that it does not do.
  ///
  /// - Throws: `HuggingFaceError`.
  package init(_ folder: HuggingFaceFolder) throws {
    let config = folder.config
    let file = "\(folder.path)/config.json"
    guard let modelType = config["model_type"]?.string else {
      throw HuggingFaceError(file, .invalid(key: "model_type", expected: "a text"))
    }
    let layouts = allArchitectures.flatMap { $0.huggingFace }
    let found = layouts.first { layout in
      layout.modelTypes[modelType] != nil
        && layout.condition.map { (config[$0.key]?.bool ?? false) == $0.value } ?? true
    }
    guard let found, let family = found.modelTypes[modelType] else {
      let known = Set(layouts.flatMap { $0.modelTypes.keys }).sorted().joined(separator: ", ")
      throw HuggingFaceError(
        file,
        .unsupported("\"model_type\" is \"\(modelType)\", which is not supported; known: \(known)"))
    }
    if let problem = found.problem(in: config) { throw HuggingFaceError(file, .unsupported(problem)) }
    self.folder = folder
    self.family = family
    self.modelType = modelType
    layout = found
    rotary = try found.rotary(config, file: file)
  }

  package var name: String { folder.path }
  package var architecture: String? { family }

  // MARK: Settings

  package func hyperparameter(_ key: String) -> HyperparameterValue? {
    let name = String(key.dropFirst(family.count + 1))
    switch rotary?.settings[name] ?? layout.value(of: name, in: folder.config) {
    // What a GGUF file can hold, so that one made of this folder is the same network.
    case .real(let number): return .real(Double(Float(number)))
    case .integer(let positions) where name == "context_length":
      return .integer(positions - skippedPositions)
    case let value: return value
    }
  }

  package func fileKey(_ key: String) -> String {
    let name = String(key.dropFirst(family.count + 1))
    return layout.setting(name, in: folder.config)?.path ?? layout.keys[name]?.first ?? key
  }

  /// The names of hyper-parameters that the folder has values for, without the architecture.
  package var hyperparameterNames: [String] {
    Set(layout.keys.keys).union(rotary?.settings.keys.map { $0 } ?? [])
      .filter { hyperparameter("\(family).\($0)") != nil }.sorted()
  }

  /// RoBERTa counts positions from the padding token's id plus one; the rows before are never used.
  private var skippedPositions: Int {
    guard layout.positionsAfterPadding.contains(modelType) else { return 0 }
    return max(0, folder.config["pad_token_id"]?.int ?? 1) + 1
  }

  // MARK: The head

  /// Whether the head is the embedding.
  package var isTied: Bool { folder.config["tie_word_embeddings"]?.bool ?? layout.tiesHead ?? false }

  /// Refuses a folder whose head is neither stored nor the embedding: embedding models leave it out.
  package func requireHead() throws(HuggingFaceError) {
    guard layout.tiesHead != nil, !isTied, stored("output.weight") == nil else { return }
    throw HuggingFaceError(
      "\(folder.path)/config.json",
      .unsupported(
        "\"tie_word_embeddings\" is not true, and there is no lm_head.weight to continue texts with"))
  }

  // MARK: Tensors

  package func tensor(_ name: String) -> TensorDescription? {
    if let factors = rotary?.factors[name] {
      return TensorDescription(name: name, type: .f32, rows: 1, columns: factors.count)
    }
    guard let found = stored(name), let type = found.tensor.type else { return nil }
    let skipped = isPositions(name) ? skippedPositions : 0
    switch form(name) {
    case .transposed:
      return TensorDescription(name: name, type: type, rows: found.tensor.columns, columns: found.tensor.rows)
    case .lessOne, .same, .halves:
      return TensorDescription(
        name: name, type: form(name) == .lessOne ? .f32 : type, rows: found.tensor.rows - skipped,
        columns: found.tensor.columns)
    }
  }

  package func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    let name = tensor.name
    if let factors = rotary?.factors[name] {
      return copies.copy(name, byteCount: 4 * factors.count) { target in
        factors.withUnsafeBytes { target.copyMemory(from: $0) }
      }
    }
    // A tensor that was described is in a file.
    let (file, stored) = stored(name)!
    let bytes = file.bytes(of: stored)
    let type = stored.type!
    switch form(name) {
    case .lessOne:
      return copies.copy(name, byteCount: 4 * stored.elementCount) { target in
        let values = target.bindMemory(to: Float.self)
        type.decode(bytes, into: values)
        for index in values.indices { values[index] += 1 }
      }
    case .transposed:
      return copies.copy(name, byteCount: bytes.count) { target in
        StoredForm.transpose(
          bytes.baseAddress!, rows: stored.rows, columns: stored.columns, elementSize: type.blockBytes,
          into: target.baseAddress!)
      }
    case .halves:
      return copies.copy(name, byteCount: bytes.count) { target in
        // The rows of a bias are its values.
        let rows = stored.rows == 1 ? stored.columns : stored.rows
        reorder(bytes, into: target, rows: rows, form(name))
      }
    case .same:
      let skipped = isPositions(name) ? skippedPositions * bytes.count / max(1, stored.rows) : 0
      let alignment = min(8, type.blockBytes)
      guard Int(bitPattern: bytes.baseAddress) % alignment != 0 else { return bytes.baseAddress! + skipped }
      return copies.copy(name, byteCount: bytes.count) { $0.copyMemory(from: bytes) } + skipped
    }
  }

  private func reorder(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, rows: Int,
    _ form: StoredForm
  ) {
    let size = source.count / rows
    for row in 0..<rows {
      let from = form.storedRow(row) * size
      UnsafeMutableRawBufferPointer(rebasing: target[row * size..<(row + 1) * size])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + size]))
    }
  }

  package func release(_ tensor: TensorDescription) {
    copies.release(tensor.name)
    if let (file, stored) = stored(tensor.name) { file.advise(.done, stored) }
  }

  /// What the folder calls a tensor, whether it is there or not.
  package func storedName(_ name: String) -> String? { layout.storedName(name) }

  private func isPositions(_ name: String) -> Bool { name == "position_embd.weight" }

  private func form(_ name: String) -> StoredForm {
    guard let parts = TensorName(name) else { return .same }
    return layout.form(parts.short, parts.suffix, headSize: layout.headSize(in: folder.config))
  }

  /// Where the tensor that is called `name` here is stored.
  private func stored(_ name: String) -> (file: SafetensorsFile, tensor: SafetensorsTensor)? {
    guard let parts = TensorName(name) else { return nil }
    if let place = denseLayers.firstIndex(of: parts.short) {
      guard let dense = folder.sentenceTransformers?.dense, dense.indices.contains(place) else { return nil }
      let file = dense[place].weights
      return file.tensor(named: "linear" + parts.suffix).map { (file, $0) }
    }
    if parts.short == "output", isTied { return nil }
    for pattern in layout.tensors[parts.short] ?? [] {
      for prefix in layout.prefixes {
        if let found = folder.weights.tensor(named: prefix + parts.filled(pattern)) {
          return (folder.weights, found)
        }
      }
    }
    return nil
  }

  /// The dense layers behind the pooling, in order.
  private let denseLayers = ["dense_2", "dense_3"]
}

/// A tensor's name taken apart: "blk.3.attn_q.weight" is "blk.#.attn_q", layer 3, ".weight".
package struct TensorName {
  package let short: String
  package let layer: String
  package let suffix: String

  /// Nil for a name without a suffix.
  package init?(_ name: String) {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    suffix = String(name[dot...])
    let parts = name[..<dot].split(separator: ".", maxSplits: 2)
    guard parts.count == 3, parts[0] == "blk" else {
      (short, layer) = (String(name[..<dot]), "")
      return
    }
    (short, layer) = ("blk.#.\(parts[2])", String(parts[1]))
  }

  /// A pattern with this layer's number, and the suffix.
  package func filled(_ pattern: String) -> String {
    pattern.split(separator: "#", omittingEmptySubsequences: false).joined(separator: layer) + suffix
  }
}
