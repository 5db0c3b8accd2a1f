// `apus inspect`: what a model file holds. The report's parts are in Shared/ModelReport.

import ApusBasics
import ApusFiles
import ApusGraph
import ApusModels
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
    "apus inspect model.gguf --dot | dot -Tsvg > graph.svg",
  ]

  private static let tensors = Option.flag("tensors", help: "List the tensors")
  private static let metadata = Option.flag("metadata", help: "List the metadata")
  private static let template = Option.flag("template", help: "Print the chat template")
  private static let graph = Option.flag(
    "graph",
    help: "Show the graph before and after the passes, what runs side by side, and the planned memory")
  private static let dot = Option.flag("dot", help: "The graph after the passes as a drawing for Graphviz")
  private static let check = Option.flag(
    "check", help: "Decode every weight; exit code 1 when one is no finite number")
  private static let json = Option.flag("json", help: "Print one JSON document, with all tensors and keys")

  static let arguments = [ModelFile.defaultedArgument.row]
  static let options = [
    ModelFile.option.row, tensors.row, metadata.row, template.row, graph.row, dot.row, check.row,
    CommonOptions.threads.row,
    json.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    let path = try ModelFile.pathOrDefault(values)
    if values[graph] || values[dot] { return try showGraph(path, asDrawing: values[dot], console) }
    let files = try InspectedFiles(path)
    console.notes(files.warnings)
    let report = ModelReport(files)
    if values[template] {
      guard let text = files.chatTemplate else {
        throw CommandError.failure("\(path) has no chat template (\(files.templatePlace))")
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
      faults = files.checkWeights(pool)
    }
    if values[json] { try console.json(report.document(faults: faults)) }
    guard let faults else { return }
    for fault in faults.prefix(100) where !values[json] { try console.line(oneLine("\(fault)")) }
    try files.verifyUnchanged()
    if let problem = report.tokenizerProblem {
      throw CommandError.failure("\(path): tokenizer: \(problem)")
    }
    guard faults.isEmpty else {
      throw CommandError.failure(
        "\(path): \(faults.count) of \(files.tensors.count) tensors have bad weights")
    }
    if !values[json] {
      try console.line("All \(countText(files.parameterCount)) weights are finite numbers.")
    }
  }

  /// The network as it is written down and as it runs, planned for a prompt of 512 tokens.
  private static func showGraph(_ path: String, asDrawing: Bool, _ console: Console) throws {
    let graph = try ModelFile.naming(path) {
      let files = try ModelFile.open(path)
      console.notes(files.warnings)
      let network = try files.network()
      return try files.graph(
        network, contextLength: network.configuration.contextLength,
        for: files.isScorer ? .embedding(.rank) : .generation)
    }
    let limits = Sizes(tokens: 512, outputs: 1, sequences: 1)
    let plan = Plan(graph, limits: limits)
    if asDrawing { return try console.foreign(plan.dot()) }
    try console.line("As written:\n")
    try console.foreign(Plan(graph, limits: limits, optimized: false).listing())
    try console.line("\nAs it runs:\n")
    try console.foreign(plan.listing())
  }
}
