// `apus merge`: a model written again with an adapter's changes added to its weights.

import ApusBasics
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTensor

enum MergeCommand: Command {
  static let name = "merge"
  static let summary = "Write a model with an adapter's changes in its weights"
  static let discussion = [
    "Changed weights are summed in f32 and written in the type they had, quantised anew where they were; everything else "
      + "keeps its bytes. A GGUF file becomes a GGUF file, a folder a folder. The output appears under its name only when "
      + "it is complete."
  ]
  static let examples = [
    "apus merge model.gguf adapter.gguf -o merged.gguf",
    "apus merge model-q4_k.gguf out/adapter=0.5 -o merged.gguf --type Q8_0",
  ]

  private static let model = Positional.one("MODEL", isFile: true, help: "The GGUF file or folder to read")
  private static let adapter = Positional.one(
    "ADAPTER", isFile: true,
    help: "A GGUF adapter or a folder in PEFT's layout; =SCALE behind it multiplies its change")
  private static let more = EngineFlags.adapters
  private static let output = Option<String?>.file("output", "o", help: "The file or folder to write")
  private static let type = Option<String?>.text(
    "type", placeholder: "TYPE", defaultText: "what it was", help: "The type of weight matrices")
  private static let force = Option.flag("force", help: "Replace the output when it exists")
  private static let json = Option.flag("json", help: "Print one JSON document")

  static let arguments = [model.row, adapter.row]
  static let options = [output.row, more.row, type.row, force.row, CommonOptions.threads.row, json.row]

  static func run(_ values: Values, _ console: Console) throws {
    guard let target = values[output] else {
      throw CommandError.usage("no output: -o names a file or a folder")
    }
    var chosen: TensorType?
    if let word = values[type] {
      guard let found = TensorType(named: word), found.isEncodable else {
        let names = TensorType.all.filter(\.isEncodable).map(\.name).joined(separator: ", ")
        throw CommandError.usage("--type: '\(visible(word))' is none of \(names)")
      }
      chosen = found
    }
    let first: AdapterFile
    do throws(ValueProblem) {
      first = try AdapterFile(argument: values[adapter])
    } catch {
      throw CommandError.usage("ADAPTER: '\(visible(values[adapter]))' \(error.text)")
    }
    let files = try ModelFiles(values[model])
    console.notes(files.warnings)
    let read = files.paths + ([first] + values[more]).map(\.path)
    if let same = read.first(where: { isSameFile($0, target) }) {
      throw CommandError.failure("\(target): is \(same), which is never overwritten; choose another name")
    }
    let network = try files.network()
    var adapters: [(adapter: LowRankAdapter, scale: Double)] = []
    for file in [first] + values[more] {
      adapters.append((try LowRankAdapter(file.path, for: network), file.scale))
    }
    let merge = WeightMerge(adapters)
    let written: String
    switch files.kind {
    case .gguf(let file):
      written = try writeFile(file, merge, to: target, chosen, values, console)
    case .folder(let folder):
      written = try writeFolder(files, folder, merge, to: target, chosen, values, console)
    }
    if values[json] {
      try console.json(
        .members([
          "output": .string(target), "changed": .integer(merge.targets.count), "type": .string(written),
        ]))
    } else {
      try console.line("\(target): \(merge.targets.count) of the weights are changed, matrices as \(written)")
    }
  }

  /// Gives the type of the matrices.
  private static func writeFile(
    _ file: GGUFFile, _ merge: WeightMerge, to target: String, _ type: TensorType?, _ values: Values,
    _ console: Console
  ) throws -> String {
    let runtime = try CommonOptions.runtime(values, console)
    var bar = ProgressBar("merging", total: file.tensors.reduce(0) { $0 + $1.byteCount }, on: console)
    var done = 0
    _ = try merge.write(file, to: target, type: type, force: values[force], pool: runtime.workers) {
      tensor, _, _ in
      bar.update(done)
      done += tensor.byteCount
    }
    bar.finish()
    return type?.name ?? "they were"
  }

  private static func writeFolder(
    _ files: ModelFiles, _ folder: HuggingFaceFolder, _ merge: WeightMerge, to target: String,
    _ type: TensorType?, _ values: Values, _ console: Console
  ) throws -> String {
    let description = try ModelDescription.of(files).description
    let chosen = type ?? description.matrixType ?? .f32
    if type == nil, description.matrixType == nil {
      console.notes(["weights of several types become f32; --type bf16 takes half as much"])
    }
    let export = try HuggingFaceExport(
      description, weights: merge.reader(files.source), type: chosen,
      tokenizer: try TokenizerFiles(copying: folder.path), sampling: files.samplingSettings)
    var bar = ProgressBar("merging", total: export.byteCount, on: console)
    do {
      let staged = try StagedFolder(target, replacing: values[force])
      try export.write(to: staged.path, replacing: false) { bar.update($0) }
      try files.verifyUnchanged()
      try staged.commit()
    } catch let error as FileError {
      throw ExportError.file(error)
    }
    bar.finish()
    return chosen.name
  }
}
