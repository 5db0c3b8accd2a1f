// `apus convert`: a model in the other of the two formats, a Hugging Face folder as a GGUF file and the other way round.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTensor

enum ConvertCommand: Command {
  static let name = "convert"
  static let summary = "Turn a Hugging Face folder into a GGUF file, or a GGUF file into a folder"
  static let discussion = [
    "A folder becomes a GGUF file that llama.cpp loads; a GGUF file becomes a folder that transformers loads: "
      + "safetensors, config.json, generation_config.json and tokenizer.json. Weights keep their type, unless --type "
      + "says another; those of a quantised GGUF file become f32. What the other format cannot say is refused.",
    "The output appears under its name only when it is complete.",
  ]
  static let examples = [
    "apus convert Qwen3-0.6B qwen3.gguf --type q8_0", "apus convert model.gguf folder --type bf16",
  ]

  /// The types that weights are written in.
  enum WeightType: String, CaseIterable {
    case kept, f32, f16, bf16, q8_0

    var type: TensorType? { TensorType(named: rawValue) }
  }

  private static let input = Positional.one(
    "IN", isFile: true, help: "A Hugging Face folder, a GGUF file, or \(DefaultModel.name)")
  private static let output = Positional.one(
    "OUT", isFile: true, help: "The GGUF file or the folder to write")
  private static let type = Option<WeightType>.choice(
    "type", placeholder: "TYPE", default: .kept, help: "The type of weight matrices; q8_0 in GGUF files only")
  private static let metadata = Option<[String]>.list(
    "metadata", placeholder: "KEY=TEXT",
    help: "A text to keep in the GGUF file, such as general.description=…; may be repeated")
  private static let force = Option.flag("force", help: "Replace OUT, or the model in it, when it exists")
  private static let json = Option.flag("json", help: "Print one JSON document")

  static let arguments = [input.row, output.row]
  static let options = [type.row, metadata.row, force.row, json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let (source, target) = (values[input], values[output])
    let texts = try values[metadata].map(text)
    let summary = try ModelFile.naming(source) {
      let files = try ModelFile.open(source)
      console.notes(files.warnings)
      if let same = files.paths.first(where: { isSameFile($0, target) }) {
        throw CommandError.failure(
          "\(target): is \(same == source ? "the input itself" : "a file of the input"), which is never overwritten; choose another name"
        )
      }
      let conversion = try Conversion(files, texts, console)
      return try conversion.write(to: target, type: values[type].type, force: values[force])
    }
    if values[json] {
      try console.json(
        .members([
          "output": .string(target), "format": .string(summary.format), "type": .string(summary.type),
          "tensors": .integer(summary.tensors), "bytes": .integer(summary.bytes),
        ]))
    } else {
      try console.line(
        "\(target): \(summary.format), \(summary.tensors) tensors, matrices as \(summary.type), \(sizeText(summary.bytes))"
      )
    }
  }

  /// The key and the text of `KEY=TEXT`.
  private static func text(_ argument: String) throws(CommandError) -> (key: String, text: String) {
    guard let sign = argument.firstIndex(of: "="),
      argument[..<sign].contains("."),
      argument[..<sign].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
    else {
      throw .usage(
        "option '--metadata': '\(visible(argument))' is no KEY=TEXT with a key such as general.description")
    }
    return (String(argument[..<sign]), String(argument[argument.index(after: sign)...]))
  }
}

/// One conversion, its input opened.
private struct Conversion {
  /// What was written.
  struct Summary {
    var format: String
    var type: String
    var tensors: Int
    var bytes: Int
  }

  private let files: ModelFiles
  private let description: ModelDescription
  private let metadata: [(key: String, text: String)]
  private let console: Console

  init(_ files: ModelFiles, _ metadata: [(key: String, text: String)], _ console: Console) throws {
    self.files = files
    self.metadata = metadata
    self.console = console
    let (description, unused) = try ModelDescription.of(files)
    self.description = description
    if let first = unused.first {
      console.notes([
        "\(files.path): \(unused.count) tensors that the network has no use for are left out: \(first)"
      ])
    }
  }

  func write(to target: String, type: TensorType?, force: Bool) throws -> Summary {
    switch files.kind {
    case .folder(let folder): try writeFile(folder, to: target, type, force)
    case .gguf(let file): try writeFolder(file, to: target, type, force)
    }
  }

  private func writeFile(
    _ folder: HuggingFaceFolder, to target: String, _ type: TensorType?, _ force: Bool
  ) throws -> Summary {
    guard !HuggingFaceFolder.isFolder(target) else {
      throw CommandError.failure("\(target): is a folder; a folder becomes a GGUF file: name one")
    }
    let network = try files.network()
    let keys = try TokenizerKeys(
      folder: folder.path, rows: network.configuration.vocabularySize,
      chatTemplate: files.chatTemplate(), ends: folder.endOfText())
    console.notes(keys.notes)
    let export = try GGUFExport(
      description, type: type, tokenizer: keys, sampling: files.samplingSettings, metadata: metadata)
    for (tensor, type, reason) in export.exceptions {
      console.notes(["\(tensor) becomes \(type): \(reason)"])
    }
    var bar = ProgressBar("converting", total: export.byteCount, on: console)
    try export.write(
      to: target, weights: TensorReader(files.source), replacing: force, progress: { bar.update($0) },
      check: { try files.verifyUnchanged() })
    bar.finish()
    return Summary(
      format: "GGUF", type: type?.name ?? description.matrixType?.name ?? "they were",
      tensors: export.header.tensors.count,
      bytes: export.byteCount)
  }

  private func writeFolder(
    _ file: GGUFFile, to target: String, _ type: TensorType?, _ force: Bool
  ) throws -> Summary {
    guard metadata.isEmpty else {
      throw CommandError.usage("--metadata is for GGUF files; a folder has no place for it")
    }
    let tokenizer = try TokenizerFiles(
      of: file, contextLength: files.network().configuration.contextLength)
    let chosen = type ?? description.matrixType ?? .f32
    if type == nil, description.matrixType == nil {
      console.notes(["weights of several or of quantised types become f32; --type bf16 takes half as much"])
    }
    let export = try HuggingFaceExport(
      description, weights: TensorReader(files.source), type: chosen, tokenizer: tokenizer,
      sampling: files.samplingSettings
    )
    var bar = ProgressBar("converting", total: export.byteCount, on: console)
    do {
      let folder = try StagedFolder(target, replacing: force)
      try export.write(to: folder.path, replacing: false) { bar.update($0) }
      try files.verifyUnchanged()
      try folder.commit()
    } catch let error as FileError {
      throw ExportError.file(error)
    }
    bar.finish()
    return Summary(
      format: "Hugging Face folder", type: chosen.name, tensors: description.tensors.count,
      bytes: export.byteCount)
  }
}
