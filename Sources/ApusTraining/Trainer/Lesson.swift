// What a trainer asks of whatever it learns from: texts, conversations, preferences, or what the network itself writes. How
// rows become losses is the lesson's; when to learn, measure and save is the trainer's.

import ApusGraph
import ApusModels
import ApusRuntime

/// The steps of a run, on this process: takes rows, and fills micro-batches with them.
///
/// A step is made of rows, sequences of at most `batch.length` tokens, and is one update of the weights or several. Whatever is
/// random in it follows from the seed, the step and the row, so a run that goes on needs nothing of a lesson's.
protocol Lesson: AnyObject {
  /// Takes the rows of a step.
  ///
  /// - Parameters:
  ///   - step: counted from 0.
  ///   - cursor: the first row, counted through all epochs.
  ///   - rows: of all processes together.
  func begin(step: Int, cursor: Int, rows: Int) throws
  /// Rows of the step, of all processes: how far the cursor goes on.
  var stepRows: Int { get }
  /// Updates of the weights that the step makes.
  var updates: Int { get }
  /// Readies an update, counted from 0, with the weights as they are.
  func prepare(update: Int) throws
  /// Micro-batches of the update.
  var microBatches: Int { get }
  /// What this process's tokens of the update count together.
  var weight: Double { get }
  /// Adds the texts of a micro-batch; `total` is the weight of all processes.
  func add(_ microBatch: Int, to engine: TrainingEngine, total: Double)
  /// The loss of the update, as people know it.
  func loss(_ outcome: StepOutcome) -> Double
  /// What there is to say of the step beside its loss, means over the step; always the same names.
  var figures: [Figure] { get }
  /// What the user should know of what happened since this was last asked, one line each.
  func takeNotes() -> [String]
  /// What was done before the first step, for the records of the run.
  var facts: [RunStart.Fact] { get }
}

extension Lesson {
  var updates: Int { 1 }
  func prepare(update: Int) {}
  func loss(_ outcome: StepOutcome) -> Double { outcome.loss }
  var figures: [Figure] { [] }
  func takeNotes() -> [String] { [] }
  var facts: [RunStart.Fact] { [] }
}

/// A number with a name: "reward", "kl".
public struct Figure: Sendable, Equatable {
  /// What it is.
  public var name: String
  /// Its value.
  public var value: Double

  /// A figure.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// Measures what is held out.
protocol Examination: AnyObject {
  /// Measures all of it; the processes of a group share the work.
  func measure(_ group: RankGroup) throws -> EvaluationRecord
}

/// What a run learns from, or is measured on, read and counted, before memory is reserved.
protocol LessonPlan {
  /// What it was read from, for people.
  var name: String { get }
  /// Tells these data in this order from others.
  var identity: UInt64 { get }
  /// Tokens of an epoch.
  var tokenCount: Int { get }
  /// Rows in which everything occurs once.
  var rowsPerEpoch: Int { get }
  /// Token ids are below.
  var vocabularySize: Int { get }
  /// Whether rows have empty places, so that an epoch is its rows and not its tokens.
  var isPadded: Bool { get }
  /// Texts of a row, at most.
  var mostSegments: Int { get }
  /// What the user should know, one line each.
  var notes: [String] { get }
  /// Bytes that lessons and examinations take beside the network that learns, and beside one that is only measured.
  func memory(_ run: LessonMemory) throws -> Int
  /// What judges answers.
  var reward: (any Reward)? { get }
  /// Bytes that it takes.
  func judgeMemory(_ configuration: TrainingConfiguration) throws -> Int
  /// What a step is made of.
  func work(_ configuration: TrainingConfiguration) -> LessonWork
  /// The lesson of a run.
  func lesson(_ run: LessonRun) throws -> any Lesson
  /// The examination of a run.
  func examination(_ run: LessonRun) throws -> any Examination
}

extension LessonPlan {
  var reward: (any Reward)? { nil }
  func judgeMemory(_ configuration: TrainingConfiguration) -> Int { 0 }
}

/// What is known of a run before memory is reserved.
struct LessonMemory {
  let configuration: TrainingConfiguration
  let network: Network
  /// How the engine that learns is compiled.
  let options: TrainingEngineOptions
}

/// A run with its weights in memory: what lessons and examinations are made of.
struct LessonRun {
  let configuration: TrainingConfiguration
  let assembly: TrainingAssembly
  let inputs: TrainingInputs
  let learner: Learner
  let runtime: Runtime
  /// The processes that share it.
  var group = RankGroup(SingleProcess())

  /// An engine that computes losses only, of the same weights and micro-batches.
  func forwardEngine() throws -> TrainingEngine {
    try forwardEngine(assembly.network) { _ in learner.engine.weights }
  }

  /// The same of any network.
  ///
  /// - Parameters:
  ///   - heads: nil for those of the network that learns.
  ///   - weights: gives the weights of its graph.
  func forwardEngine(
    _ network: Network, heads: NetworkHeads? = nil, weights: (Graph) throws -> TrainableWeights
  ) throws -> TrainingEngine {
    var options = assembly.options.forwardOnly
    if let heads { options.heads = heads }
    let graph = try TrainingEngine.graph(network, options)
    return try TrainingEngine(network, graph, weights(graph), options, runtime)
  }
}
