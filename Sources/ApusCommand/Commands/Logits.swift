// `apus logits`: the numbers behind the next token, for comparison with any other engine.

import ApusInference
import ApusText

enum LogitsCommand: Command {
  static let name = "logits"
  static let summary = "Write the logits of a prompt to a NumPy file"
  static let discussion = [
    "Writes float32 [tokens, vocabulary]: row t is what the model expects after token t."
  ]
  static let examples = ["apus logits model.gguf --ids 1,3,40 --out logits.npy"]

  private static let ids = Option<[Int]>.integers(
    "ids", in: 0...Int(Int32.max), help: "Token ids of the prompt")
  private static let prompt = Option<String?>.text("prompt", "p", help: "The prompt as text")
  private static let output = Option<String?>.file("out", "o", help: "The file to write (.npy)")
  private static let oneByOne = Option<Bool>.flag(
    "one-by-one", help: "Compute token by token instead of in one batch; the numbers are the same")
  private static let plain = Option<Bool>.flag(
    "no-passes", help: "Run the graph without its passes; the numbers are the same")

  static let arguments = [ModelFile.argument.row]
  static let options =
    [ids.row, prompt.row, output.row, oneByOne.row, plain.row] + EngineFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    _ = try ModelFile.path(values)
    guard let out = values[output] else { throw CommandError.usage("no --out file given") }
    let model = try EngineFlags.load(values, console)
    var tokens = values[ids].map(Int32.init)
    if let text = values[prompt] { tokens = try model.tokenizer.encode(text, parseSpecial: true) }
    guard !tokens.isEmpty else { throw CommandError.usage("no --ids and no --prompt given") }
    let vocabulary = model.configuration.vocabularySize
    for id in tokens where Int(id) >= vocabulary {
      throw InferenceError.tokenOutOfRange(id: Int(id), vocabulary: vocabulary)
    }

    let chunk = values[oneByOne] ? 1 : min(values[GenerationFlags.batch], tokens.count)
    var options = try EngineOptions.fitting(
      model, contextLength: GenerationFlags.contextLength(values) ?? tokens.count,
      keyValueFormat: values[EngineFlags.cacheType], batchTokens: chunk, outputs: chunk,
      coarseActivations: values[EngineFlags.coarse])
    options.optimized = !values[plain]
    let engine = try Engine(model, options)
    guard tokens.count <= options.contextLength else {
      throw InferenceError.contextExceeded(tokens: tokens.count, context: options.contextLength)
    }

    var file = try NumPyFile(out, rows: tokens.count, columns: vocabulary)
    var bar = ProgressBar("computing", total: tokens.count, unit: .items("tokens"), on: console)
    let sequence = engine.makeSequence()
    for start in stride(from: 0, to: tokens.count, by: chunk) {
      let part = tokens[start..<min(start + chunk, tokens.count)]
      engine.beginStep()
      try engine.addToStep(sequence, part, outputs: part.count)
      try engine.runStep()
      for row in 0..<part.count {
        try file.append(UnsafeRawBufferPointer(engine.logits(row)))
      }
      bar.update(start + part.count)
    }
    bar.finish()
    try file.finish()
    try console.line("wrote \(tokens.count) × \(vocabulary) float32 to \(out)")
  }
}
