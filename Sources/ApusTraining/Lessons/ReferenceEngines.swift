// Networks that do not learn, which those that do are compared with.

import ApusModels
import ApusRuntime

extension LessonRun {
  /// An engine that computes losses by another model's weights.
  ///
  /// - Parameters:
  ///   - data: what it is to read, for errors.
  ///   - vocabulary: of the data.
  /// - Throws: what opening the model throws, `TrainingError.vocabulary`, `.context`.
  func referenceEngine(from path: String, _ data: String, vocabulary: Int) throws -> TrainingEngine {
    let (source, precision) = (try ModelFiles(path).source, configuration.precision)
    let network = try Network(PrecisionSource(base: source, precision: precision))
    let sizes = network.configuration
    guard vocabulary <= sizes.vocabularySize else {
      throw TrainingError.vocabulary(data: data, tokens: vocabulary, model: sizes.vocabularySize)
    }
    let length = configuration.batch.length
    guard length <= sizes.contextLength else {
      throw TrainingError.context(length: length, context: sizes.contextLength)
    }
    return try forwardEngine(network, heads: .tokens) { graph in
      let weights = try TrainableWeights(graph, precision: precision)
      try weights.load(from: source)
      return weights
    }
  }

  /// An engine that computes losses by the weights the run began with.
  ///
  /// Weights that are not trained are shared with the network that is; a new adapter changes nothing, so beside it the
  /// reference is the model without one. A run that goes on reads them again from the same file, to the same bits.
  /// - Throws: `RuntimeError.outOfMemory`, `ModelError`.
  func referenceEngine() throws -> TrainingEngine {
    try forwardEngine(assembly.network, heads: .tokens) { graph in
      let weights = try TrainableWeights(
        graph, precision: configuration.precision, frozen: learner.engine.weights.frozen)
      try weights.load(from: inputs.source)
      return weights
    }
  }
}

extension LessonMemory {
  /// Bytes of a network that does not learn and of its engine.
  ///
  /// - Parameter path: of another model; nil for the network that learns, as it began.
  func referenceBytes(from path: String?) throws -> Int {
    let network =
      try path.map {
        try Network(PrecisionSource(base: ModelFiles($0).source, precision: configuration.precision))
      } ?? network
    var options = options
    options.heads = .tokens
    let layout = TrainableWeights.layout(try TrainingEngine.graph(network, options.forwardOnly))
    return try 4 * TrainableWeights.floats(layout)
      + TrainingAssembly.forwardBytes(network, options, configuration.precision)
  }
}
