// What a checkpoint holds beside the weights: the optimiser's states, where the run stands in its data, and which data
// that are. Everything else follows from the configuration and the step.

import ApusBasics
import ApusData
import ApusFiles
import ApusModels
import ApusRuntime
import ApusTensor

/// Where a run stands between two steps.
struct TrainerState: Equatable {
  /// Steps done.
  var step = 0
  /// The next row of the data.
  var cursor = 0
  /// Updates of the weights: what optimisers count.
  var updates = 0
  /// Tokens learned from.
  var tokens = 0
  /// Steps that changed nothing, because a loss or gradient was not a number.
  var skipped = 0
  /// The lowest validation loss so far.
  var bestLoss: Double?
  /// The latest.
  var validationLoss: Double?
  /// The steps since the last record.
  var recent = RecentSteps()

  /// As a checkpoint's manifest keeps it.
  func json(dataIdentity: UInt64, models: FixedModels, micro: Int) -> JSONObject {
    var object = JSONObject()
    object["step"] = .int(Int64(step))
    object["cursor"] = .int(Int64(cursor))
    object["updates"] = .int(Int64(updates))
    object["tokens"] = .int(Int64(tokens))
    object["skipped"] = .int(Int64(skipped))
    object["bestLoss"] = bestLoss.map { .double($0) } ?? .null
    object["validationLoss"] = validationLoss.map { .double($0) } ?? .null
    object["microBatch"] = .int(Int64(micro))
    object["recentSteps"] = .int(Int64(recent.steps))
    object["recentLoss"] = .double(recent.loss)
    object["recentFigures"] = .members(
      recent.figures.map { ($0.name, .double($0.value)) } + [("steps", .int(Int64(recent.figureSteps)))])
    object["lastLoss"] = .double(recent.lastLoss)
    object["gradientNorm"] = .double(recent.gradientNorm)
    object["data"] = .string(String(dataIdentity, radix: 16))
    object["models"] = models.json
    return object
  }

  init() {}

  /// Reads what `json` wrote.
  ///
  /// - Parameter checkpoint: where it was, for errors.
  init(
    _ object: JSONObject, checkpoint: String, dataIdentity: UInt64, models: FixedModels
  ) throws(TrainingError) {
    func number(_ name: String) throws(TrainingError) -> Int {
      guard let value = object[name]?.int else {
        throw .badState(checkpoint: checkpoint, reason: "its manifest does not say \"\(name)\"")
      }
      return value
    }
    step = try number("step")
    cursor = try number("cursor")
    tokens = try number("tokens")
    skipped = try number("skipped")
    // Older checkpoints are of runs that made one update a step.
    updates = object["updates"]?.int ?? step - skipped
    bestLoss = object["bestLoss"]?.double
    validationLoss = object["validationLoss"]?.double
    recent.steps = try number("recentSteps")
    recent.loss = object["recentLoss"]?.double ?? 0
    recent.lastLoss = object["lastLoss"]?.double ?? 0
    recent.gradientNorm = object["gradientNorm"]?.double ?? 0
    for (name, value) in object["recentFigures"]?.object ?? JSONObject() {
      if name == "steps" {
        recent.figureSteps = value.int ?? 0
      } else {
        recent.figures.append(Figure(name, value.double ?? .nan))
      }
    }
    guard object["data"]?.string == String(dataIdentity, radix: 16) else {
      throw .otherData(checkpoint: checkpoint)
    }
    try models.check(object["models"], checkpoint: checkpoint)
  }
}

extension TrainerState {
  /// The sequences of a micro-batch of the newest checkpoint whose manifest can be read, whatever else is wrong with it.
  ///
  /// Sums over other micro-batches have other roundings, so a run that goes on keeps to the size it began with, even
  /// where there is memory for more by now.
  static func microBatch(ofNewestIn directory: String) -> Int? {
    let folder = CheckpointFolder(directory)
    for step in ((try? folder.steps()) ?? []).reversed() {
      if let manifest = try? folder.manifest(step) { return manifest.metadata["microBatch"]?.int }
    }
    return nil
  }
}

/// Sums over the steps since the last record. They are kept in checkpoints so that a run that went on has the same
/// records, too.
struct RecentSteps: Equatable {
  /// Updates that were applied.
  var steps = 0
  var loss = 0.0
  /// Sums of what lessons say, and over how many steps.
  var figures: [Figure] = []
  var figureSteps = 0
  /// Of the last step.
  var lastLoss = 0.0
  var gradientNorm = 0.0

  /// After a record.
  mutating func begin() {
    (steps, loss) = (0, 0)
    (figures, figureSteps) = ([], 0)
  }

  mutating func add(_ more: [Figure]) {
    guard !more.isEmpty else { return }
    figureSteps += 1
    if figures.isEmpty {
      figures = more
    } else {
      for index in figures.indices { figures[index].value += more[index].value }
    }
  }

  var meanFigures: [Figure] {
    figures.map { Figure($0.name, $0.value / Double(max(1, figureSteps))) }
  }

  mutating func add(_ outcome: StepOutcome) {
    guard outcome.isApplied else { return }
    steps += 1
    loss += outcome.loss
    (lastLoss, gradientNorm) = (outcome.loss, outcome.gradientNorm)
  }

  var meanLoss: Double { loss / Double(max(1, steps)) }
}

/// The files of a checkpoint: a Hugging Face folder of the model, or of the adapter in PEFT's layout, and the states
/// beside it.
///
/// Of several processes the first one makes and reads them; only states are asked for where they are.
struct TrainerFiles {
  let learner: Learner
  let states: OptimizerStates
  let network: Network
  /// What is saved in place of the model, where there is one.
  let adapter: TrainedAdapter?
  /// By the keys of GGUF files, "llama.block_count".
  let hyperparameters: [String: HyperparameterValue]
  let tokenizer: TokenizerFiles

  static let stateFile = "optimizer.safetensors"

  /// Files that give their bytes from where they lie.
  ///
  /// - Throws: `ExportError`, `AdapterError` for families without a folder form.
  func files() throws -> [CheckpointFile] {
    let (exported, fault) = try savedFiles()
    return exported.map { file in
      CheckpointFile(file.name, byteCount: file.byteCount) { sink throws(FileError) in try file.write(sink) }
    } + [stateContents(fault)]
  }

  /// What is saved, and who knows of a weight in it that is no number once it is written.
  private func savedFiles() throws -> ([ExportedFile], fault: () -> FileError?) {
    func failure(_ file: String, _ fault: some CustomStringConvertible) -> FileError {
      .system(path: file, operation: "save", reason: "\(fault)")
    }
    guard let adapter else {
      let export = try modelExport(.f32)
      return (export.files, { export.fault.map { failure("model.safetensors", $0) } })
    }
    let current = adapter.current(learner.engine.weights)
    return (
      try current.folderFiles(for: network, base: adapter.base),
      { current.nonFinite.map { failure("adapter_model.safetensors", $0) } }
    )
  }

  /// The model as a Hugging Face folder.
  func modelExport(_ type: TensorType) throws -> HuggingFaceExport {
    let weights = learner.engine.weights
    // Values are for learning only; a checkpoint has them with the states.
    let isPolicy = learner.engine.options.heads == .both
    let exported = weights.tensors.filter { !isPolicy || $0.name != ScoreHead.weight }
    let descriptions = exported.map { tensor in
      TensorDescription(name: tensor.name, type: .f32, rows: tensor.rows, columns: tensor.columns)
    }
    var description = ModelDescription(
      architecture: network.architectureName, hyperparameters: hyperparameters, tensors: descriptions)
    description.heads = isPolicy ? .tokens : learner.engine.options.heads
    let source = MasterWeights(weights, descriptions)
    return try HuggingFaceExport(
      description, weights: TensorReader(source), type: type, tokenizer: tokenizer)
  }

  /// The optimiser's states; and the vectors once more, because some families' folders hold them less one, rounded.
  ///
  /// It is the last file: weights that are no numbers, found when theirs were written, end the attempt here, before the
  /// checkpoint has its name.
  private func stateContents(_ fault: @escaping () -> FileError?) -> CheckpointFile {
    var writer = SafetensorsWriter(metadata: ["format": "apus"])
    let gathering = Gathering()
    for (number, state) in states.all.enumerated() {
      writer.add(state.name, dtype: state.shape.dtype, shape: state.shape.shape) { give in
        gathering.read(states, number, give)
      }
    }
    let weights = learner.engine.weights
    for tensor in weights.tensors where tensor.rows == 1 {
      let bytes = UnsafeRawBufferPointer(start: weights.master(tensor), count: 4 * tensor.count)
      writer.add("weight.\(tensor.name)", type: .f32, shape: [tensor.count]) { $0(bytes) }
    }
    let contents = writer
    return CheckpointFile(Self.stateFile, byteCount: writer.byteCount) { sink throws(FileError) in
      if let fault = fault() { throw fault }
      gathering.failure = nil
      try contents.write { bytes throws(FileError) in
        if let error = gathering.failure { throw error }
        try sink(bytes)
      }
      if let error = gathering.failure { throw error }
    }
  }

  /// Brings the weights back to where the checkpoint was made, and makes sure that it has every state.
  ///
  /// - Throws: `TrainingError.badState`, and what reading throws.
  /// - Returns: where the states are, for `OptimizerStates.distribute`.
  func restoreWeights(_ checkpoint: SavedCheckpoint) throws -> SafetensorsFile {
    let weights = learner.engine.weights
    if let adapter {
      try adapter.load(checkpoint.path, network, into: weights)
    } else {
      let saved = try HuggingFaceWeights(HuggingFaceFolder(checkpoint.path))
      // The head of a policy's values comes with the states.
      let hidden = weights.tensor(ScoreHead.weight)?.columns
      try weights.load(from: hidden.map { ScoredWeights.of(saved, hidden: $0, .zeros) } ?? saved)
    }
    let file = try SafetensorsFile.open(checkpoint.file(Self.stateFile))
    func bytes(_ name: String, count: Int) throws(TrainingError) -> UnsafeRawBufferPointer {
      guard let tensor = file.tensor(named: name) else {
        throw .badState(checkpoint: checkpoint.path, reason: "\(Self.stateFile) has no \"\(name)\"")
      }
      let bytes = file.bytes(of: tensor)
      guard bytes.count == count else {
        throw .badState(
          checkpoint: checkpoint.path,
          reason: "\"\(name)\" has \(bytes.count) bytes instead of \(count)")
      }
      return bytes
    }
    for state in states.all { _ = try bytes(state.name, count: state.shape.byteCount) }
    for tensor in weights.tensors where tensor.rows == 1 {
      let target = UnsafeMutableRawBufferPointer(start: weights.master(tensor), count: 4 * tensor.count)
      target.copyMemory(from: try bytes("weight.\(tensor.name)", count: target.count))
    }
    return file
  }
}

/// States read from other processes for a file whose writer knows errors of files only.
private final class Gathering {
  var failure: FileError?

  func read(_ states: OptimizerStates, _ state: Int, _ give: (UnsafeRawBufferPointer) -> Void) {
    var given = 0
    do throws(CommunicationError) {
      try states.read(state) { bytes in
        given += bytes.count
        give(bytes)
      }
    } catch {
      failure = .system(path: TrainerFiles.stateFile, operation: "gather", reason: "\(error)")
      // A writer takes as many bytes as it was promised; these are not written any more.
      let rest = [UInt8](repeating: 0, count: states.all[state].shape.byteCount - given)
      rest.withUnsafeBytes(give)
    }
  }
}

/// Masters as a source of weights: what exports read.
private struct MasterWeights: WeightSource, @unchecked Sendable {
  private let weights: TrainableWeights
  private let tensors: [String: TensorDescription]

  init(_ weights: TrainableWeights, _ descriptions: [TensorDescription]) {
    self.weights = weights
    tensors = Dictionary(uniqueKeysWithValues: descriptions.map { ($0.name, $0) })
  }

  var name: String { "weights in training" }
  var architecture: String? { nil }
  func hyperparameter(_ key: String) -> HyperparameterValue? { nil }
  func tensor(_ name: String) -> TensorDescription? { tensors[name] }
  func bytes(of tensor: TensorDescription) -> UnsafeRawPointer {
    UnsafeRawPointer(weights.master(weights.tensor(tensor.name)!))
  }
  func release(_ tensor: TensorDescription) {}
}
