// Adapters in llama.cpp's layout: a GGUF file with the pairs "blk.0.attn_q.weight.lora_a" and "….lora_b" and an alpha. Rows and
// columns are those of the model's own GGUF file.

import ApusFiles
import ApusRuntime
import ApusTensor

/// Reads and writes adapters as GGUF files.
enum GGUFAdapter {
  private static let (general, kind, alphaKey) = ("general.type", "adapter.type", "adapter.lora.alpha")

  /// Whether a file says that it holds an adapter.
  static func isAdapter(_ file: GGUFFile) -> Bool { file.metadata[general]?.string == "adapter" }

  /// Reads the file at `path`. The scale is alpha / rank of each tensor; without an alpha, 1.
  ///
  /// - Throws: `AdapterError`, `GGUFError`.
  static func read(_ path: String, _ network: Network, _ targets: [ProductTarget]) throws -> LowRankAdapter {
    let file = try GGUFFile.open(path)
    let metadata = file.metadata
    guard try metadata.string(general) == "adapter" else {
      throw AdapterError(
        path,
        .setting(
          general, "is \(try metadata.string(general) ?? "missing"), not \"adapter\": it is no adapter's file"
        ))
    }
    let type = try metadata.string(kind)
    guard type == "lora" else {
      throw AdapterError(path, .setting(kind, "is \(type ?? "missing"); supported: lora"))
    }
    let family = try metadata.string("general.architecture")
    guard family == network.architectureName else {
      throw AdapterError(
        path,
        .architecture(
          family ?? "", model: network.source.name, expected: network.architectureName))
    }
    let alpha = try metadata.float(alphaKey) ?? metadata.int(alphaKey).map(Double.init) ?? 0
    guard alpha.isFinite else { throw AdapterError(path, .setting(alphaKey, "is \(alpha)")) }
    var found = AdapterPairs(name: path)
    for tensor in file.tensors {
      guard let (target, isA) = AdapterTensor.parts(tensor.name) else {
        throw AdapterError(
          path, .tensor(tensor.name, "is no low-rank matrix (.lora_a or .lora_b); nothing else is supported"))
      }
      guard tensor.type.layout != nil, tensor.dimensions.count == 2 else {
        throw AdapterError(path, .tensor(tensor.name, "is no matrix of numbers: \(tensor.type)"))
      }
      let values = FloatVector(count: tensor.elementCount) {
        tensor.type.decode(file.bytes(of: tensor), into: $0)
      }
      try found.add(
        tensor.name, target: target, isA: isA, rows: tensor.rows, columns: tensor.columns, values)
    }
    let rank = found.firstRank
    let settings = AdapterSettings(rank: rank, alpha: alpha == 0 ? Double(rank) : alpha)
    return try found.adapter(name: path, targets, settings, declaresRank: false) { rank in
      alpha == 0 ? 1 : alpha / Double(rank)
    }
  }

  /// The file's header: an alpha that divided by the rank is the adapter's factor, whichever way that came about.
  private static func header(_ adapter: LowRankAdapter, architecture: String) -> GGUFHeader {
    var header = GGUFHeader()
    header.set("general.architecture", .string(architecture))
    header.set(general, .string("adapter"))
    header.set("general.name", .string(adapter.name))
    header.set(kind, .string("lora"))
    header.set(alphaKey, .scalar(Float(alpha(adapter))))
    for change in adapter.changes {
      header.addTensor(
        AdapterTensor.a(of: change.target), type: .f32, dimensions: [change.columns, change.rank])
      header.addTensor(
        AdapterTensor.b(of: change.target), type: .f32, dimensions: [change.rank, change.rows])
    }
    return header
  }

  private static func alpha(_ adapter: LowRankAdapter) -> Double {
    adapter.changes.first.map { $0.factor * Double($0.rank) } ?? 0
  }

  /// Writes the file.
  ///
  /// - Throws: `AdapterError`.
  static func write(
    _ adapter: LowRankAdapter, architecture: String, to path: String, replacing: Bool
  ) throws(AdapterError) {
    do {
      var writer = try GGUFWriter(
        path: path, header: header(adapter, architecture: architecture), replacing: replacing)
      for change in adapter.changes {
        for values in [change.a, change.b] {
          try writer.append(UnsafeRawBufferPointer(start: values.base, count: 4 * values.count))
        }
      }
      try writer.finish()
    } catch {
      throw AdapterError(path, .file(error))
    }
  }
}
