// `apus quantize`: a model written again with its weight matrices in a smaller type.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor

enum QuantizeCommand: Command {
  static let name = "quantize"
  static let summary = "Write a model with its weights in a smaller type"
  static let discussion = [
    "Weight matrices are converted; norms, biases and small tables keep their precision. The new file appears "
      + "under its name only when it is complete."
  ]
  static let examples = ["apus quantize model-f16.gguf model-q8.gguf Q8_0"]

  private static let types = TensorType.all.filter(\.isEncodable)
  private static let input = Positional.one("IN", isFile: true, help: "The GGUF file to read")
  private static let output = Positional.one("OUT", isFile: true, help: "The GGUF file to write")
  private static let type = Positional.one(
    "TYPE", help: "One of \(types.map(\.name).joined(separator: ", "))")
  private static let force = Option.flag("force", help: "Replace OUT when it exists")
  private static let verbose = Option.flag("verbose", "v", help: "List the tensors that are not converted")
  private static let json = Option.flag("json", help: "Print one JSON document")

  static let arguments = [input.row, output.row, type.row]
  static let options = [force.row, CommonOptions.threads.row, verbose.row, json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let word = values[type]
    guard let type = TensorType(named: word), type.isEncodable else {
      let names = types.map(\.name)
      let similar = suggestion(for: word.uppercased(), among: names).map { "; did you mean '\($0)'?" }
      throw CommandError.usage(
        "TYPE: '\(visible(word))' is none of \(names.joined(separator: ", "))" + (similar ?? ""))
    }
    let runtime = try CommonOptions.runtime(values, console)
    var bar: ProgressBar?
    var done = 0
    let total = (try? GGUFFile.open(values[input]))?.tensors.reduce(0) { $0 + $1.byteCount } ?? 0
    let summary = try quantizeFile(
      from: values[input], to: values[output], type: type, force: values[force], pool: runtime.workers
    ) { tensor, _, _ in
      if bar == nil { bar = ProgressBar("quantizing", total: total, on: console) }
      bar?.update(done)
      done += tensor.byteCount
    }
    bar?.finish()
    if values[verbose] {
      for (tensor, type, reason) in summary.left {
        console.note("note: \(visible(tensor)) stays \(type): \(reason)")
      }
    }
    if values[json] {
      try console.json(
        .members([
          "output": .string(values[output]), "type": .string(type.name),
          "converted": .integer(summary.converted), "kept": .integer(summary.left.count),
          "bytesBefore": .integer(summary.bytesBefore), "bytesAfter": .integer(summary.bytesAfter),
        ]))
    } else {
      try console.line(
        "\(values[output]): \(summary.converted) tensors as \(type), \(summary.left.count) kept; "
          + "\(sizeText(summary.bytesBefore)) became \(sizeText(summary.bytesAfter))")
    }
  }
}
