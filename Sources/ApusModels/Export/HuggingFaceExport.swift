// A model as a Hugging Face folder: safetensors, config.json, generation_config.json and the tokenizer's files, which
// transformers loads as they are. What a file says is decided when the export is made; weights are read when its files
// are written.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor

/// A file of a folder to be written.
package struct ExportedFile {
  /// Takes the next bytes of a file.
  package typealias Sink = (UnsafeRawBufferPointer) throws(FileError) -> Void

  /// Its name in the folder.
  package let name: String
  package let byteCount: Int
  /// Gives exactly `byteCount` bytes.
  package let write: (Sink) throws(FileError) -> Void

  /// A file from its bytes.
  package init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    byteCount = bytes.count
    write = { sink throws(FileError) in
      let result = bytes.withUnsafeBytes { buffer in Result { () throws(FileError) in try sink(buffer) } }
      try result.get()
    }
  }

  /// A JSON document.
  package init(_ name: String, _ object: JSONObject) {
    self.init(name, Array((JSONValue.object(object).serialized(pretty: true) + "\n").utf8))
  }

  init(_ name: String, _ tensors: SafetensorsWriter) {
    self.name = name
    byteCount = tensors.byteCount
    write = { sink throws(FileError) in try tensors.write(sink) }
  }
}

/// The tokenizer of a folder to be written: its files, and the tokens that the model's own files name.
package struct TokenizerFiles {
  /// `tokenizer.json`, `tokenizer_config.json` and whatever else there is, by name.
  package var files: [(name: String, bytes: [UInt8])]
  package var begin: Int?
  /// What ends a text; the first is the one of the tokenizer.
  package var end: [Int]
  package var padding: Int?

  package init(
    files: [(name: String, bytes: [UInt8])] = [], begin: Int? = nil, end: [Int] = [], padding: Int? = nil
  ) {
    (self.files, self.begin, self.end, self.padding) = (files, begin, end, padding)
  }
}

/// A model on its way into a Hugging Face folder.
///
///     let export = try HuggingFaceExport(description, weights: reader, type: .bf16, tokenizer: tokenizer)
///     try export.write(to: "checkpoint", replacing: false)
package struct HuggingFaceExport {
  /// The types that weights are written in.
  package static let types: [TensorType] = [.f32, .f16, .bf16]
  /// What the families that can be written are called here.
  package static var architectures: [String] {
    Set(
      allArchitectures.flatMap { $0.huggingFace }.filter { $0.className != nil }.flatMap {
        $0.modelTypes.values
      }
    )
    .sorted()
  }

  /// The files, config.json last: without it no reader takes the folder for a model.
  package let files: [ExportedFile]
  private let stream: TensorStream

  /// - Parameters:
  ///   - description: the model; everything in it is checked here.
  ///   - weights: where they come from; read here for factors of frequencies, and later for what is written.
  ///   - type: what all weights are written in.
  ///   - sampling: settings of a sampler that the model was published with, by llama.cpp's names.
  ///   - shardBytes: the most bytes of weights in one file.
  /// - Throws: `ExportError`, `ModelError`.
  package init(
    _ description: ModelDescription, weights: TensorReader, type: TensorType = .f32,
    tokenizer: TokenizerFiles = TokenizerFiles(), sampling: [(name: String, value: Double)] = [],
    shardBytes: Int = 5_000_000_000
  ) throws {
    guard Self.types.contains(type) else { throw ExportError.type(type, allowed: Self.types) }
    let network = try description.network()
    let layout = try Self.layout(description, network)
    let settings = HuggingFaceConfig(
      description: description, network: network, layout: layout, reader: weights)
    let ids = HuggingFaceConfig.TokenIDs(
      begin: tokenizer.begin, end: tokenizer.end, padding: tokenizer.padding)
    let stream = TensorStream(weights)
    self.stream = stream

    var tensors: [StoredTensor] = []
    for tensor in description.tensors where !ModelDescription.factorTensors.contains(tensor.name) {
      tensors.append(try StoredTensor(tensor, layout, headSize: network.configuration.headSize))
    }
    files =
      Self.weightFiles(tensors, type, shardBytes, stream)
      + tokenizer.files.map { ExportedFile($0.name, $0.bytes) }
      + (description.heads.hasTokens
        ? [ExportedFile("generation_config.json", settings.generation(ids, sampling))] : [])
      + [ExportedFile("config.json", try settings.config(type, ids))]
  }

  /// Bytes of all files.
  package var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// The first weight written that is no number or does not fit its type. Asked when all files are written.
  package var fault: WeightFault? { stream.fault }

  /// Writes the files into `folder`, which is made if it is not there. Each appears under its name only when it is
  /// complete.
  ///
  /// - Parameters:
  ///   - replacing: whether files of these names may be replaced.
  ///   - progress: called with bytes written.
  /// - Throws: `ExportError`; files written before stay, and there is no config.json then unless there was one.
  package func write(
    to folder: String, replacing: Bool, progress: (Int) -> Void = { _ in }
  ) throws(ExportError) {
    var done = 0
    do throws(FileError) {
      try makeFolder(folder)
      for file in files {
        var target = try AtomicFile(
          path: "\(folder)/\(file.name)", replacing: replacing, expectedBytes: file.byteCount)
        try file.write { bytes throws(FileError) in
          try target.write(bytes)
          done += bytes.count
          progress(done)
        }
        // Weights that cannot be written as asked must not become a model.
        if stream.fault != nil { break }
        try target.commit()
      }
    } catch {
      throw .file(error)
    }
    if let fault { throw .weight(fault) }
  }

  private static func layout(
    _ description: ModelDescription, _ network: Network
  ) throws(ExportError) -> HuggingFaceLayout {
    guard let layout = network.huggingFaceLayout else {
      throw .architecture(description.architecture, known: architectures)
    }
    return layout
  }

  // MARK: Weights

  /// A tensor with its name and form in the folder.
  private struct StoredTensor {
    let tensor: TensorDescription
    let name: String
    let form: StoredForm
    /// Outermost dimension first.
    let shape: [Int]

    init(_ tensor: TensorDescription, _ layout: HuggingFaceLayout, headSize: Int) throws(ExportError) {
      guard let parts = TensorName(tensor.name), let name = layout.storedName(tensor.name) else {
        throw .tensor(tensor.name, "has no place in a \(layout.className ?? "") of transformers")
      }
      self.tensor = tensor
      self.name = name
      form = layout.form(parts.short, parts.suffix, headSize: headSize)
      let isVector = parts.suffix == ".bias" || parts.short.hasSuffix("norm")
      shape =
        isVector
        ? [tensor.columns]
        : form == .transposed ? [tensor.columns, tensor.rows] : [tensor.rows, tensor.columns]
    }
  }

  private static func weightFiles(
    _ tensors: [StoredTensor], _ type: TensorType, _ shardBytes: Int, _ stream: TensorStream
  ) -> [ExportedFile] {
    var shards: [[StoredTensor]] = [[]]
    var (bytes, total) = (0, 0)
    for tensor in tensors {
      let size = tensor.shape.reduce(type.blockBytes, *)
      if bytes > 0, bytes + size > shardBytes {
        shards.append([])
        bytes = 0
      }
      shards[shards.count - 1].append(tensor)
      bytes += size
      total += size
    }
    guard shards.count > 1 else {
      return [ExportedFile("model.safetensors", writer(shards[0], type, stream))]
    }
    var places = JSONObject()
    var files: [ExportedFile] = []
    for (index, shard) in shards.enumerated() {
      let name = "model-\(fiveDigits(index + 1))-of-\(fiveDigits(shards.count)).safetensors"
      files.append(ExportedFile(name, writer(shard, type, stream)))
      for tensor in shard { places[tensor.name] = .string(name) }
    }
    var metadata = JSONObject()
    metadata["total_size"] = .int(Int64(total))
    var document = JSONObject()
    document["metadata"] = .object(metadata)
    document["weight_map"] = .object(places)
    return files + [ExportedFile("model.safetensors.index.json", document)]
  }

  private static func writer(
    _ tensors: [StoredTensor], _ type: TensorType, _ stream: TensorStream
  ) -> SafetensorsWriter {
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    for stored in tensors {
      writer.add(stored.name, type: type, shape: stored.shape) { sink in
        stream.write(stored.tensor, as: stored.form, type, sink)
      }
    }
    return writer
  }

  private static func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
