// A model as a GGUF file that llama.cpp loads: its keys, its tokenizer, its tensors by their names here.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor

/// A model on its way into a GGUF file.
///
///     let export = try GGUFExport(description, type: .q8_0, tokenizer: keys)
///     try export.write(to: "model.gguf", weights: reader, replacing: false)
package struct GGUFExport {
  /// The types that matrices are written in.
  package static let types: [TensorType] = [.f32, .f16, .bf16, .q8_0]
  /// What the families that can be written are called: those llama.cpp has.
  package static var architectures: [String] {
    allArchitectures.filter { $0.isGenerative }.flatMap { $0.names }.sorted()
  }

  package let header: GGUFHeader
  /// Matrices that are not in the type asked for, and why.
  package let exceptions: [(tensor: String, type: TensorType, reason: String)]
  private let tensors: [TensorDescription]

  /// - Parameters:
  ///   - description: the model; everything in it is checked here.
  ///   - type: what matrices are written in; nil leaves each as it is. Vectors and small tables are f32.
  ///   - tokenizer: its keys.
  ///   - sampling: settings of a sampler that the model was published with, by llama.cpp's names.
  ///   - metadata: texts that are kept with the model, such as what it was trained on; `general.name` may be another.
  /// - Throws: `ExportError`, `ModelError`.
  package init(
    _ description: ModelDescription, type: TensorType?, tokenizer: TokenizerKeys = TokenizerKeys(),
    sampling: [(name: String, value: Double)] = [], metadata: [(key: String, text: String)] = []
  ) throws {
    if let type, !Self.types.contains(type) { throw ExportError.type(type, allowed: Self.types) }
    let network = try description.network()
    guard network.isGenerative else {
      throw ExportError.architecture(description.architecture, known: Self.architectures)
    }
    var exceptions: [(String, TensorType, String)] = []
    var types: [TensorType: Int] = [:]
    var header = GGUFHeader()
    for tensor in description.tensors {
      let (chosen, reason) = Self.type(of: tensor, as: type)
      if let reason { exceptions.append((tensor.name, chosen, reason)) }
      types[chosen, default: 0] += tensor.rows * tensor.columns
      let isVector = tensor.rows == 1
      header.addTensor(
        tensor.name, type: chosen, dimensions: isVector ? [tensor.columns] : [tensor.columns, tensor.rows])
    }
    header.set("general.architecture", .string(description.architecture))
    header.set("general.type", .string("model"))
    if let name = description.name { header.set("general.name", .string(name)) }
    for (name, value) in sampling {
      let isWhole = name == "top_k"
      header.set(
        "general.sampling.\(name)", isWhole ? .scalar(Int32(clamping: Int(value))) : .scalar(Float(value)))
    }
    var hyperparameters = description.hyperparameters
    if description.heads == .scores {
      hyperparameters["\(description.architecture).pooling_type"] = .integer(Pooling.rank.id)
    }
    for key in hyperparameters.keys.sorted() { header.set(key, try Self.value(key, hyperparameters[key]!)) }
    let rows = UInt32(network.configuration.vocabularySize)
    header.set("\(description.architecture).vocab_size", .scalar(rows))
    let main = type ?? types.max { $0.value < $1.value }?.key ?? .f32
    if let format = main.format as? any EncodableFormat.Type {
      header.set("general.file_type", .scalar(format.fileType))
    }
    header.set("general.quantization_version", .scalar(UInt32(2)))
    for (key, value) in tokenizer.keys { header.set(key, value) }
    let taken = Set(header.metadata.map(\.key)).subtracting(["general.name"])
    for (key, text) in metadata {
      if taken.contains(key) { throw ExportError.setting(key, "is decided by the model") }
      header.set(key, .string(text))
    }
    self.header = header
    self.exceptions = exceptions
    tensors = description.tensors
  }

  /// Writes the file, which appears under its name only when it is complete.
  ///
  /// - Parameters:
  ///   - weights: where the tensors of the description come from.
  ///   - replacing: whether an existing file may be replaced.
  ///   - progress: called with bytes written.
  ///   - check: called before the file appears; what it throws leaves nothing behind.
  /// - Throws: `ExportError`, and what `check` throws.
  package func write(
    to path: String, weights: TensorReader, replacing: Bool, progress: (Int) -> Void = { _ in },
    check: () throws -> Void = {}
  ) throws {
    let stream = TensorStream(weights)
    var done = 0
    do {
      var writer = try GGUFWriter(path: path, header: header, replacing: replacing)
      for (tensor, record) in zip(tensors, header.tensors) {
        var failure: FileError?
        stream.write(tensor, as: .same, record.type) { bytes in
          guard failure == nil else { return }
          do throws(FileError) { try writer.append(bytes) } catch { failure = error }
          done += bytes.count
          progress(done)
        }
        if let failure { throw failure }
        if let fault = stream.fault { throw ExportError.weight(fault) }
      }
      try check()
      try writer.finish()
    } catch let error as FileError {
      throw ExportError.file(error)
    }
  }

  /// Bytes of all tensors.
  package var byteCount: Int { header.tensors.reduce(0) { $0 + $1.byteCount } }

  /// The type a tensor is written in; why, where it is a matrix and not the type asked for.
  private static func type(
    of tensor: TensorDescription, as wanted: TensorType?
  ) -> (type: TensorType, reason: String?) {
    let stored = tensor.type.isEncodable ? tensor.type : .f32
    let wanted = wanted ?? stored
    let plan = plan(tensor, wanted)
    if plan.type == wanted { return (wanted, nil) }
    // Rows that are no whole blocks stay as they are; what is left are vectors and small tables.
    let isMatrix = tensor.rows > 1 && tensor.columns % wanted.blockSize != 0
    return isMatrix ? (stored, plan.reason) : (.f32, nil)
  }

  /// Whether a tensor is one of the matrices that are written in the type asked for; the others are small.
  package static func isConverted(_ tensor: TensorDescription) -> Bool { plan(tensor, .f16).type == .f16 }

  private static func plan(_ tensor: TensorDescription, _ type: TensorType) -> QuantizePlan {
    let record = GGUFTensor(
      name: tensor.name, type: tensor.type, dimensions: [tensor.columns, tensor.rows], offset: 0,
      byteCount: 0)
    return QuantizePlan(record, as: type)
  }

  private static func value(_ key: String, _ value: HyperparameterValue) throws(ExportError) -> GGUFValue {
    let isReal = realKeys.contains { key.hasSuffix($0) }
    switch value {
    case .real(let number): return .scalar(Float(number))
    case .integer(let number) where isReal: return .scalar(Float(number))
    case .integer(let number):
      guard let whole = UInt32(exactly: number) else {
        throw .setting(key, "is \(number), which is no unsigned number of 32 bits")
      }
      return .scalar(whole)
    case .text(let text): return .string(text)
    case .flag(let flag): return .scalar(flag)
    case .integers(let numbers): return .scalars(numbers.map { Int32(clamping: $0) })
    case .flags(let flags): return .scalars(flags)
    }
  }

  /// Keys whose values are floating-point numbers, also where a config.json has them without a fraction.
  private static let realKeys = [
    "epsilon", "rope.freq_base", "rope.freq_base_swa", "rope.scaling.factor", "rope.scaling.attn_factor",
    "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "logit_softcapping",
  ]
}
