// What a generative model will take and how fast it will be, before its weights are read: for numbers of threads and
// contexts, memory from the functions that reserve it, speed from the phases of its plan, timed on stand-ins.

import ApusGraph
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusText

/// What is asked of a generative model.
package struct GenerationQuestion: Sendable {
  /// Contexts to plan for, ascending; empty for the largest that fits, at most the model's.
  package var contexts: [Int] = []
  package var sequences = 1
  package var keyValueFormat = KVFormat.f16
  package var batchTokens = 512
  package var coarseActivations = false
  /// Tokens of a prompt.
  package var prompt = 512
  /// How long to measure: 1 is about two seconds.
  package var effort = 1.0

  package init() {}
}

/// A speed, and what keeps it from being higher.
package struct PredictedRate: Sendable, Equatable {
  /// Tokens per second of all sequences together.
  package var tokensPerSecond: Double
  package var limit: StepLimit
  /// The step behind it: the last, where there are several.
  package var step: StepForecast

  init(tokens: Int, seconds: Double, _ step: StepForecast, _ machine: MachineLimits) {
    tokensPerSecond = Double(tokens) / max(1e-9, seconds)
    limit = step.limit(on: machine)
    self.step = step
  }
}

/// The forecast for one context and one number of threads.
package struct GenerationPlan: Sendable {
  package let context: Int
  package let sequences: Int
  package let threads: Int
  package let memory: PlannedMemory
  /// Whether the engine will take it: the share of the memory it leaves to others included.
  package let fits: Bool
  /// The largest context of these that would fit.
  package let largestContext: Int
  /// A prompt at the beginning, of so many tokens.
  package let promptTokens: Int
  package let prompt: PredictedRate?
  /// A prompt that fills the context.
  package let filling: PredictedRate?
  /// Generation behind an empty context, and at its end.
  package let decoding: PredictedRate?
  package let decodingAtEnd: PredictedRate?
}

/// Plans one model.
package struct GenerationPlanner {
  package let files: ModelFiles
  package let network: Network
  private let question: GenerationQuestion
  /// Bytes of the process before weights are loaded.
  private let program: () -> Int
  /// It is a part of the process.
  private let tokenizer: any Tokenizer

  /// - Parameter program: asked when everything but the weights is there.
  /// - Throws: what opening a network and a tokenizer throws; `ModelError.notGenerative`.
  package init(_ files: ModelFiles, _ question: GenerationQuestion, program: @escaping () -> Int) throws {
    self.files = files
    tokenizer = try files.tokenizer()
    self.question = question
    self.program = program
    network = try files.network()
    guard network.isGenerative else {
      throw ModelError.notGenerative(architecture: network.architectureName)
    }
  }

  private func options(_ context: Int) -> EngineOptions {
    var options = EngineOptions(contextLength: context)
    options.sequences = question.sequences
    options.keyValueFormat = question.keyValueFormat
    options.batchTokens = question.batchTokens
    options.coarseActivations = question.coarseActivations
    return options
  }

  /// Tokens in the cache, in the middle of the first 128 that are generated.
  private static let earlyDepth = 64

  /// The forecasts for each context, with the threads of a runtime.
  ///
  /// - Parameter machine: the limits of these threads; nil leaves the speed out.
  /// - Throws: `PlanError`, `InferenceError` for a cache format the model cannot have.
  package func plans(_ runtime: Runtime, _ machine: MachineLimits?) throws -> [GenerationPlan] {
    let graph = try files.graph(network, contextLength: network.configuration.contextLength)
    let weights = WeightStore.footprint(graph, from: network.source).packed
    var largest = options(0)
    let budget = try largest.fit(
      network, weights: weights, memoryLimit: runtime.memoryLimit, isContextGiven: false)
    let contexts = question.contexts.isEmpty ? [largest.contextLength] : question.contexts
    func fits(_ context: Int) -> Bool {
      budget.cacheBytes(context: context) + budget.activations <= budget.available
    }
    // Nothing is timed of what would not run.
    let all = options(contexts.filter(fits).max() ?? 1)
    let plan = try network.plan(all)
    let program = program()
    let layout = network.cacheLayout(question.keyValueFormat)
    let scratch = try StepMeter.scratchBytes(plan, layout: layout, positions: all.contextLength, runtime)
    var speeds: SpeedQuestion?
    if let machine {
      let meter = try StepMeter(
        plan, SyntheticParameters(plan.graph, runtime), layout: layout, positions: all.contextLength,
        sequences: question.sequences, runtime)
      speeds = SpeedQuestion(meter, question, machine)
    }
    return try contexts.map { context in
      var rates:
        (
          prompt: PredictedRate, filling: PredictedRate?, decoding: PredictedRate, atEnd: PredictedRate?
        )?
      let promptTokens = min(question.prompt, context)
      if fits(context), speeds != nil {
        rates = (
          try speeds!.prompt(promptTokens), try context > promptTokens ? speeds!.prompt(context) : nil,
          try speeds!.decoding(at: min(Self.earlyDepth, context - 1)),
          try context > 2 * Self.earlyDepth ? speeds!.decoding(at: context - 1) : nil
        )
      }
      return GenerationPlan(
        context: context, sequences: question.sequences, threads: runtime.workers.count,
        memory: try .generation(files, network, options(context), scratch: scratch, program: program),
        fits: fits(context), largestContext: budget.largestContext(network.configuration.contextLength),
        promptTokens: promptTokens, prompt: rates?.prompt, filling: rates?.filling,
        decoding: rates?.decoding, decodingAtEnd: rates?.atEnd)
    }
  }
}

/// The speeds of one plan. What has been timed is not timed again, but for what knows how long a context is.
private struct SpeedQuestion {
  private let meter: StepMeter
  private let question: GenerationQuestion
  private let machine: MachineLimits
  private var decodingTimes: PhaseTimes = [:]
  private var promptTimes: [Int: PhaseTimes] = [:]

  init(_ meter: StepMeter, _ question: GenerationQuestion, _ machine: MachineLimits) {
    self.meter = meter
    self.question = question
    self.machine = machine
  }

  /// Whether a phase takes longer further into a context.
  private func knowsDepth(_ likeness: PhaseLikeness) -> Bool {
    likeness.groups.joined().contains { [Attention.name, RotaryTable.name].contains($0.name) }
  }

  /// Steps of prompts further into a context take too long to be timed.
  private static let deepest = 16_384

  /// A prompt in steps of the engine's size: what a step at a depth takes grows evenly with the depth.
  mutating func prompt(_ tokens: Int) throws -> PredictedRate {
    let size = min(tokens, question.batchTokens)
    let first = try step(size, start: 0, seconds: 0.6)
    guard tokens > size else {
      return PredictedRate(tokens: tokens, seconds: first.seconds, first, machine)
    }
    let lastStart = tokens - size
    let timedStart = min(lastStart, Self.deepest)
    let timed = try step(size, start: timedStart, seconds: 0.3)
    let last = first.seconds + (timed.seconds - first.seconds) * Double(lastStart) / Double(timedStart)
    let steps = Double(tokens) / Double(size)
    return PredictedRate(tokens: tokens, seconds: steps * (first.seconds + last) / 2, timed, machine)
  }

  private mutating func step(_ tokens: Int, start: Int, seconds: Double) throws -> StepForecast {
    var known = (promptTimes[tokens] ?? [:]).filter { start == 0 || !knowsDepth($0.key) }
    let forecast = try meter.forecast(
      StepShape(tokens: tokens, start: start), known: &known,
      seconds: seconds * question.effort)
    if start == 0 { promptTimes[tokens] = known }
    return forecast
  }

  mutating func decoding(at depth: Int) throws -> PredictedRate {
    let isFirst = decodingTimes.isEmpty
    var known = decodingTimes.filter { !knowsDepth($0.key) }
    let forecast = try meter.forecast(
      StepShape(sequences: question.sequences, tokens: 1, start: depth), known: &known,
      seconds: (isFirst ? 0.6 : 0.2) * question.effort)
    if isFirst { decodingTimes = known }
    return PredictedRate(tokens: question.sequences, seconds: forecast.seconds, forecast, machine)
  }
}
