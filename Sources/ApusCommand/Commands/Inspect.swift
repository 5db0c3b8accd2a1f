// `apus inspect`: what a model file holds. The report's parts are in Shared/ModelReport.

import ApusFiles
import ApusRuntime
import ApusText

enum InspectCommand: Command {
  static let name = "inspect"
  static let summary = "Show what a model file holds"
  static let discussion = [
    "Without options: the model, its sizes, its tokenizer and its chat template in short. Opening checks every "
      + "count, offset and length in the file; --check also looks at every weight."
  ]
  static let examples = [
    "apus inspect model.gguf", "apus inspect model.gguf --tensors", "apus inspect model.gguf --check",
  ]

  private static let tensors = Option.flag("tensors", help: "List the tensors")
  private static let metadata = Option.flag("metadata", help: "List the metadata")
  private static let template = Option.flag("template", help: "Print the chat template")
  private static let check = Option.flag(
    "check", help: "Decode every weight; exit code 1 when one is no finite number")
  private static let json = Option.flag("json", help: "Print one JSON document, with all tensors and keys")

  static let arguments = [ModelFile.argument.row]
  static let options = [
    ModelFile.option.row, tensors.row, metadata.row, template.row, check.row, CommonOptions.threads.row,
    json.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    let file = try ModelFile.open(ModelFile.path(values), console)
    let report = ModelReport(file)
    if values[template] {
      guard let text = report.chatTemplate else {
        throw CommandError.failure("\(file.name) has no chat template (tokenizer.chat_template)")
      }
      try console.foreign(text)
      if console.output.isTerminal, !text.hasSuffix("\n") { try console.line() }
      return
    }
    if !values[json] {
      if !values[tensors], !values[metadata] { try report.summary(console) }
      if values[metadata] { try report.metadata(console) }
      if values[tensors] { try report.tensors(console) }
    }
    var faults: [WeightFault]?
    if values[check] {
      let threads = values[CommonOptions.threads] ?? Machine.detect().defaultThreadCount
      let pool = try WorkerPool(count: min(max(1, threads), Machine.detect().effectiveCPUCount))
      faults = file.checkWeights(pool: pool)
    }
    if values[json] { try console.json(report.document(faults: faults)) }
    guard let faults else { return }
    for fault in faults.prefix(100) where !values[json] { try console.line(oneLine("\(fault)")) }
    try file.verifyUnchanged()
    if let problem = report.tokenizerProblem {
      throw CommandError.failure("\(file.name): tokenizer: \(problem)")
    }
    guard faults.isEmpty else {
      throw CommandError.failure(
        "\(file.name): \(faults.count) of \(file.tensors.count) tensors have bad weights")
    }
    if !values[json] {
      try console.line("All \(countText(report.parameterCount)) weights are finite numbers.")
    }
  }
}
