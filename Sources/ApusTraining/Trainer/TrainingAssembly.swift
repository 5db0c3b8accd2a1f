// From a configuration and its inputs to something that learns: how many texts at once, what it takes of memory, the
// engine, the optimiser, the schedule.

import ApusBasics
import ApusData
import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor

/// A run that could begin, and its memory, before anything is reserved.
package struct TrainingAssembly {
  package let configuration: TrainingConfiguration
  package let network: Network
  /// Sequences of a micro-batch.
  package let micro: Int
  /// Texts of a sequence, at most.
  package let segments: Int
  package let forecast: MemoryForecast
  package let totalSteps: Int
  /// Whether the micro-batches are not those that were used before.
  private let isAnotherMicro: Bool
  let options: TrainingEngineOptions
  private let graph: Graph
  private let group: RankGroup

  /// Decides everything the configuration leaves open.
  ///
  /// - Parameters:
  ///   - group: the processes that share the run.
  ///   - lastMicro: sequences of a micro-batch before the run was stopped, or of the others: the same again, if they fit.
  /// - Throws: `TrainingError.memory` when no micro-batch fits, and what plans and graphs throw.
  package init(
    _ configuration: TrainingConfiguration, _ inputs: TrainingInputs, _ runtime: Runtime,
    _ group: RankGroup = RankGroup(SingleProcess()), lastMicro: Int? = nil
  ) throws {
    self.configuration = configuration
    self.group = group
    let batch = configuration.batch
    network = try Network(PrecisionSource(base: inputs.source, precision: configuration.precision))
    guard batch.length <= network.configuration.contextLength else {
      throw TrainingError.context(length: batch.length, context: network.configuration.contextLength)
    }
    let lessons = inputs.training
    totalSteps = configuration.totalSteps(
      tokensPerStep: batch.sequences * batch.length,
      dataTokens: lessons.isPadded ? lessons.rowsPerEpoch * batch.length : lessons.tokenCount)
    let (network, validates) = (network, inputs.validation != nil)
    let limit = configuration.memory.limit.bytes(
      available: runtime.memoryLimit / group.communicator.ranksHere)
    var smallest: MemoryForecast?
    var found: (Int, TrainingEngineOptions, Graph, MemoryForecast)?
    segments = max(lessons.mostSegments, inputs.validation?.mostSegments ?? 1)
    for micro in Self.candidates(
      batch, texts: configuration.objective.textsOfRow, group.size, last: lastMicro) where found == nil
    {
      var options = Self.engineOptions(configuration, sequences: micro * segments, micro: micro)
      let graph = try TrainingEngine.graph(network, options)
      func forecasting(_ recomputing: RecomputationBudget) throws -> MemoryForecast {
        options.recomputing = recomputing
        var forecast = try Self.forecast(
          configuration, network, TrainingEngine.plan(graph, options), options, validates: validates,
          group)
        try inputs.addLesson(to: &forecast, configuration, network, options)
        return forecast
      }
      var forecast = try forecasting(configuration.memory.recompute == .all ? .all : .none)
      if forecast.total > limit, configuration.memory.recompute == .auto {
        forecast = try forecasting(.fitting(forecast.activationRoom(limit)))
      }
      smallest = forecast
      if forecast.total <= limit { found = (micro, options, graph, forecast) }
    }
    guard let found else { throw TrainingError.memory(smallest!, limit: limit) }
    (micro, options, graph, forecast) = found
    // With another number of processes the bits are others in any case.
    isAnotherMicro = group.isAlone && lastMicro.map { $0 != found.0 } ?? false
  }

  /// What the user should know of how rows become sums, one line each.
  package var notes: [String] {
    guard isAnotherMicro else { return [] }
    return [
      "there is memory for micro-batches of \(micro) sequences only, fewer than before: the run goes on, but not to the "
        + "same bits"
    ]
  }

  /// Sequences of a micro-batch to try: the one asked for, or those that divide a step, the largest first that has about
  /// a thousand tokens, and no more than a process has rows. More do not run faster, but take more memory.
  private static func candidates(
    _ batch: TrainingConfiguration.Batch, texts: Int, _ processes: Int, last: Int?
  ) -> [Int] {
    if let micro = batch.micro { return [micro] }
    // A ramp grows by whole micro-batches, from its first step on.
    let divisors = (1...(batch.sequences - 1) / processes + 1).reversed().filter {
      batch.sequences % $0 == 0 && (batch.ramp.from ?? 0) % $0 == 0
    }
    if let last, divisors.contains(last) { return divisors.filter { $0 <= last } }
    return divisors.filter { $0 * texts * batch.length <= 1024 || $0 == 1 }
  }

  /// How a micro-batch is compiled.
  package static func engineOptions(
    _ configuration: TrainingConfiguration, sequences: Int, micro: Int
  ) -> TrainingEngineOptions {
    var options = TrainingEngineOptions(
      tokens: micro * configuration.objective.textsOfRow * configuration.batch.length, sequences: sequences,
      contextLength: configuration.batch.length)
    options.heads = configuration.objective.heads
    options.loss = LossOptions(
      labelSmoothing: Float(configuration.loss.labelSmoothing), zLoss: Float(configuration.loss.zLoss))
    return options
  }

  /// What a run takes of memory with micro-batches compiled in this way.
  ///
  /// - Parameter validates: whether there is held-out text.
  package static func forecast(
    _ configuration: TrainingConfiguration, _ network: Network, _ plan: Plan,
    _ options: TrainingEngineOptions, validates: Bool, _ group: RankGroup = RankGroup(SingleProcess())
  ) throws -> MemoryForecast {
    var forecast = MemoryForecast()
    let weights = TrainableWeights.layout(plan.graph)
    let floats = TrainableWeights.floats(weights)
    let isTrained = plan.graph.isTrained
    let frozen = WeightStore.footprint(plan.graph, from: network.source) { !isTrained($0) }
    forecast.weights = 4 * floats + frozen.panels + frozen.vectors + frozen.mapped
    forecast.gradients = 4 * floats
    // Nobody looks behind these pointers: only sizes are asked for.
    let nowhere = UnsafeMutablePointer<Float>(bitPattern: 64)!
    let whole = Learner.tensors(weights, masters: nowhere, gradients: nowhere)
    let kind = configuration.optimizer.kind
    let shards = shards(weights, whole, kind, group)
    let tensors = shards?.tensors(of: group.rank, whole) ?? whole
    forecast.exchange = shards.map { PieceReceiver.byteCount($0) } ?? 0
    forecast.optimizer =
      OptimizerEngine.stateBytes(kind, tensors, averages: configuration.optimizer.ema > 0)
      + kind.scratchBytes(tensors)
    add(plan, TrainingEngine.cacheBytes(network, options, configuration.precision), to: &forecast)
    if validates, configuration.evaluation.every > 0 {
      let options = options.forwardOnly
      let plan = TrainingEngine.plan(try TrainingEngine.graph(network, options), options)
      add(plan, TrainingEngine.cacheBytes(network, options, configuration.precision), to: &forecast)
    }
    return forecast
  }

  /// Bytes of an engine that computes losses only, beside its weights.
  static func forwardBytes(
    _ network: Network, _ options: TrainingEngineOptions, _ precision: TrainingPrecision
  ) throws -> Int {
    var forecast = MemoryForecast()
    let options = options.forwardOnly
    let plan = TrainingEngine.plan(try TrainingEngine.graph(network, options), options)
    add(plan, TrainingEngine.cacheBytes(network, options, precision), to: &forecast)
    return forecast.activations + forecast.cache + forecast.scratch
  }

  /// What an engine takes.
  private static func add(_ plan: Plan, _ cacheBytes: Int, to forecast: inout MemoryForecast) {
    forecast.activations += plan.memory.byteCount
    forecast.cache += cacheBytes
    forecast.scratch += plan.logitBytes + panelBytes
  }

  /// Panels and rows of the workers, about.
  private static let panelBytes = 4 << 20

  /// Reserves memory, makes the engine and the optimiser, and gives the weights their first values.
  package func makeLearner(_ inputs: TrainingInputs, _ runtime: Runtime) throws -> Learner {
    let isTrained = graph.isTrained
    let frozen =
      graph.isAdapted
      ? try WeightStore(graph, from: network.source, workers: runtime.workers) { !isTrained($0) } : nil
    let weights = try TrainableWeights(graph, precision: configuration.precision, frozen: frozen)
    if inputs.isNew {
      try initialise(weights, runtime)
    } else {
      try weights.load(from: inputs.source)
    }
    let engine = try TrainingEngine(network, graph, weights, options, runtime)
    let (whole, kind) = (tensors(weights), configuration.optimizer.kind)
    let shards = Self.shards(weights.tensors, whole, kind, group)
    let optimizer = try OptimizerEngine(
      kind, tensors: shards?.tensors(of: group.rank, whole) ?? whole,
      averageDecay: configuration.optimizer.ema > 0 ? configuration.optimizer.ema : nil,
      workers: runtime.workers, cpu: runtime.cpu.table)
    return Learner(
      engine, optimizer,
      exchange: try shards.map {
        try GradientExchange(
          group, $0, weights, phases: engine.gradientPhases, workers: runtime.workers, cpu: runtime.cpu.table)
      })
  }

  /// The optimiser's states, wherever they are.
  func states(_ learner: Learner) -> OptimizerStates {
    OptimizerStates(
      configuration.optimizer.kind, tensors(learner.engine.weights),
      averages: configuration.optimizer.ema > 0,
      learner.optimizer, group, learner.exchange?.plan)
  }

  private func tensors(_ weights: TrainableWeights) -> [TrainableTensor] {
    let (optimizer, initializer) = (configuration.optimizer, initializer)
    let muonScale = Float(optimizer.muonLearningRate / optimizer.learningRate)
    return Learner.tensors(
      weights.tensors, masters: weights.masters, gradients: weights.gradients,
      decays: { kind in
        switch kind {
        case .matrix: true
        case .embedding: optimizer.decayEmbeddings
        case .vector: optimizer.decayNorms
        }
      },
      rateScale: { name, kind in
        let scale = (try? initializer?.learningRateScale(of: name)) ?? 1
        return optimizer.name == .muon && kind == .matrix ? scale * muonScale : scale
      })
  }

  private func initialise(_ weights: TrainableWeights, _ runtime: Runtime) throws {
    guard let initializer else { return }
    try initializer.validate()
    for tensor in weights.tensors {
      try initializer.fill(
        tensor.name, columns: tensor.columns, weights.master(tensor), count: tensor.count,
        workers: runtime.workers, cpu: runtime.cpu.table)
    }
  }

  private var initializer: WeightInitializer? {
    guard let sizes = configuration.model.sizes else { return nil }
    let scheme: InitializationScheme =
      switch sizes.initialization {
      case .gpt2: .gpt2()
      case .llama: .llama
      case .mup: .muP(baseHidden: configuration.model.mupBaseWidth ?? 256)
      }
    return WeightInitializer(
      scheme, layers: sizes.layers, hidden: sizes.hidden, seed: UInt64(configuration.seed))
  }

  /// The learning rate over the run.
  package var schedule: Schedule {
    let (schedule, peak) = (configuration.schedule, configuration.optimizer.learningRate)
    let phases = schedule.phases(steps: totalSteps)
    let shape: Schedule.Shape =
      switch schedule.name {
      case .constant: .constant
      case .linear: .linear
      case .cosine: .cosine
      case .wsd: .warmupStableDecay(decaySteps: phases.decay, decay: .linear)
      case .inverseSquareRoot: .inverseSquareRoot
      }
    return Schedule(
      shape, peak: peak, steps: totalSteps, warmup: phases.warmup, minimum: schedule.minimum * peak)
  }

  /// Sequences of a step over the run.
  package var ramp: BatchRamp {
    let batch = configuration.batch
    return BatchRamp(
      first: batch.ramp.from ?? batch.sequences, last: batch.sequences, steps: batch.ramp.steps ?? 0,
      multiple: batch.ramp.from == nil ? 1 : micro)
  }
}

extension TrainingConfiguration.Optimizer {
  /// The optimiser with its settings.
  package var kind: OptimizerKind {
    var adam = AdamWSettings()
    (adam.beta1, adam.beta2, adam.epsilon, adam.weightDecay) = (beta1, beta2, epsilon, weightDecay)
    switch name {
    case .adamw: return .adamW(adam)
    case .adamw8bit: return .adamW8(adam)
    case .sgd:
      var sgd = SGDSettings()
      (sgd.momentum, sgd.nesterov, sgd.weightDecay) = (momentum, nesterov, weightDecay)
      return .sgd(sgd)
    case .lion:
      var lion = LionSettings()
      (lion.beta1, lion.beta2, lion.weightDecay) = (beta1, beta2, weightDecay)
      return .lion(lion)
    case .adafactor:
      var adafactor = AdafactorSettings()
      adafactor.weightDecay = weightDecay
      return .adafactor(adafactor)
    case .muon:
      var muon = MuonSettings()
      (muon.momentum, muon.nesterov, muon.weightDecay) = (momentum, nesterov, weightDecay)
      (muon.iterations, muon.scale) = (muonIterations, .original)
      return .muon(muon, rest: adam)
    }
  }
}
