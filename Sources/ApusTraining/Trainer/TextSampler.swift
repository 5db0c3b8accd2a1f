// Texts by the network in training, from its weights as they are: a sequence decoded token by token, each product packing
// its panels as it goes. Slow beside an engine with packed weights, and without a second copy of them.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText

/// Generates the samples of a run.
final class TextSampler {
  private let executor: Executor
  private let cache: HugeBuffer
  private let pages: UnsafeMutablePointer<UnsafeRawPointer?>
  private let tokenizer: any Tokenizer
  private let prompt: [Int32]
  private let promptText: String
  private let count: Int
  private let length: Int
  private let seed: UInt64
  private let runtime: Runtime

  /// nil when no samples are wanted, nothing can read them, or the network continues no texts.
  init?(
    _ configuration: TrainingConfiguration, _ assembly: TrainingAssembly, _ learner: Learner,
    _ inputs: TrainingInputs, _ runtime: Runtime
  ) throws {
    let evaluation = configuration.evaluation
    guard let tokenizer = inputs.tokenizer, evaluation.samples > 0, evaluation.every > 0,
      evaluation.sampleTokens > 0, configuration.objective.heads.hasTokens
    else { return nil }
    var prompt: [Int32]
    if let chat = inputs.chat, !evaluation.prompt.isEmpty {
      prompt = try chat.tokens(
        [ChatMessage(role: "user", content: evaluation.prompt)], addGenerationPrompt: true)
    } else {
      prompt = try tokenizer.encode(evaluation.prompt, addSpecial: true)
      if tokenizer.addsEOS, !prompt.isEmpty { prompt.removeLast() }
    }
    if prompt.isEmpty, let first = tokenizer.vocabulary.special.bos ?? tokenizer.vocabulary.special.eos {
      prompt = [first]
    }
    let context = assembly.network.configuration.contextLength
    guard !prompt.isEmpty, prompt.count < context else { return nil }
    self.tokenizer = tokenizer
    self.prompt = prompt
    self.runtime = runtime
    promptText = evaluation.prompt
    count = evaluation.samples
    length = min(evaluation.sampleTokens, context - prompt.count)
    seed = UInt64(configuration.seed)
    let plan = Plan(
      try assembly.network.graph(contextLength: context),
      limits: Sizes(tokens: prompt.count, outputs: 1, sequences: 1))
    let layout = assembly.network.cacheLayout(configuration.precision.keyValueFormat)
    let pageCount = KVLayout.pages(prompt.count + length)
    cache = try HugeBuffer(byteCount: pageCount * layout.pageBytes, purpose: "keys and values of samples")
    let weights = learner.engine.weights
    executor = try Executor(
      plan, cpu: runtime.cpu.table, workers: runtime.workers, cache: layout, positions: context
    ) { (reference, type) throws(ModelError) in try weights.parameter(reference, type) }
    pages = .allocate(capacity: pageCount)
    for page in 0..<pageCount {
      (pages + page).initialize(to: UnsafeRawPointer(cache.base + page * layout.pageBytes))
    }
  }

  deinit {
    pages.deallocate()
  }

  /// The samples after a step: other ones at each step, the same ones whenever the step is done again.
  func sample(step: Int) throws -> [(prompt: String, text: String)] {
    try (0..<count).map { number in
      var options = SamplingOptions()
      options.seed = seed &+ UInt64(step)
      var sampler = try Sampler(
        options: options, vocabularySize: executor.result(0).type.columns, kernels: runtime.cpu.table,
        stream: UInt64(number))
      var (tokens, text) = (prompt, [UInt8]())
      var position = 0
      let ends = Set(tokenizer.vocabulary.endOfGeneration)
      for _ in 0..<length {
        executor.step.clear()
        tokens.withUnsafeBufferPointer {
          executor.step.append($0, start: position, pages: pages, outputs: .last(1))
        }
        executor.run()
        position += tokens.count
        let logits = executor.result(0)
        let next = try sampler.sample(
          UnsafeMutableBufferPointer(start: logits.floats, count: logits.type.columns))
        if ends.contains(next) { break }
        sampler.accept(next)
        tokenizer.appendBytes(of: next, to: &text)
        tokens = [next]
      }
      return (promptText, String(decoding: text, as: UTF8.self))
    }
  }
}
