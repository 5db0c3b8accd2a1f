// What is measured: the model loaded or made, the workloads of the suites, and what a result says of them.

import ApusBasics
import ApusGraph
import ApusInference
import ApusModels
import ApusProfile
import ApusRuntime
import ApusTensor
import ApusTraining

struct BenchSubject {
  let runtime: Runtime
  let suites: [Suite]
  private(set) var workloads: [any Workload] = []
  private var model: BenchModel?
  private let settings: [BenchSetting]
  private let handicap: Handicap?

  init(
    _ values: Values, _ request: BenchRequest, _ console: Console, isStopped: @escaping () -> Bool
  ) throws {
    runtime = try CommonOptions.runtime(values, console)
    let isEncoder = try request.model.map { path in
      try ModelFile.naming(path) { try !ModelFile.open(path).network().isGenerative }
    }
    suites =
      request.suites
      ?? (request.model == nil
        ? Suite.standard
        : isEncoder == true
          ? [.embeddings] : [.prefill, .decode] + (values[BenchOptions.parallel] == [1] ? [] : [.batch]))
    settings = [
      BenchSetting("cache-type", values[EngineFlags.cacheType].rawValue),
      BenchSetting("batch-size", "\(values[GenerationFlags.batch])"),
      BenchSetting("coarse-activations", "\(values[EngineFlags.coarse])"),
    ]
    let clocks = !request.isPlain
    handicap = request.handicap
    if suites.contains(.kernels) { workloads.append(try KernelWorkload(runtime, isStopped: isStopped)) }
    if !Set(suites).isDisjoint(with: [.prefill, .decode, .batch]) {
      let loaded =
        try request.model == nil ? Self.madeModel(runtime) : EngineFlags.load(values, console, on: runtime)
      let tests = try request.tests(values, suites, context: loaded.configuration.contextLength)
      let options = try EngineOptions.fitting(
        loaded, contextLength: tests.map(\.positions).max(), sequences: tests.map(\.sequences).max() ?? 1,
        keyValueFormat: values[EngineFlags.cacheType], batchTokens: values[GenerationFlags.batch],
        coarseActivations: values[EngineFlags.coarse])
      workloads.append(
        GenerationWorkload(
          loaded, options, tests, clocksOperations: clocks, handicap: handicap, isStopped: isStopped))
      model = BenchModel(
        name: loaded.name, bytes: loaded.files.byteCount, parameters: loaded.parameterCount,
        fingerprint: try Self.fingerprint(loaded))
    }
    if suites.contains(.embeddings) {
      guard let path = request.model else {
        throw CommandError.usage("the suite embeddings needs a model that makes vectors")
      }
      let loaded = try ModelFile.naming(path) { try EmbeddingModel(path, runtime: runtime) }
      let lengths = values.has(BenchOptions.prompt) ? values[BenchOptions.prompt] : [4, 32, 128]
      guard let longest = lengths.max(), longest <= loaded.contextLength else {
        throw CommandError.failure(
          "\(lengths.max() ?? 0) tokens are more than the \(loaded.contextLength) the model takes")
      }
      workloads.append(
        EmbeddingWorkload(loaded, lengths: lengths.filter { $0 > 0 }, clocksOperations: clocks))
      let files = try ModelFiles(path)
      model = BenchModel(
        name: loaded.name, bytes: files.byteCount, parameters: files.parameterCount,
        fingerprint: try loaded.fingerprint())
    }
    if suites.contains(.training) {
      var options = TrainingBenchOptions(.small)
      // One micro-batch: a step is a fraction of a second.
      options.sequences = options.micro
      workloads.append(
        TrainingWorkload(
          "small", options, runtime, clocksOperations: clocks, handicap: handicap))
    }
  }

  /// A result without times.
  func record(time: Int) -> BenchRecord {
    var record = BenchRecord(
      time: time, version: Application.version,
      machine: BenchMachine(
        processor: runtime.machine.model, kernels: runtime.cpu.name, threads: runtime.workers.count,
        memory: runtime.machine.totalMemory),
      model: model, settings: settings, suites: suites.map(\.rawValue), tests: [])
    if let handicap {
      record.notes.append(
        "\(handicap.operation) was made to take \(shortText(handicap.factor)) times as long")
    }
    return record
  }

  /// The workloads as one contestant.
  func contestant(renews: Bool) -> LocalContestant {
    LocalContestant(workloads, renews: renews, handicap: handicap)
  }

  private static func madeModel(_ runtime: Runtime) throws -> Model {
    try Model(TinyModel(seed: 0, .measurable).file(), runtime: runtime)
  }

  private static func fingerprint(_ model: Model) throws -> String {
    let graph = try model.network.graph(contextLength: model.configuration.contextLength)
    return String(model.network.fingerprint(graph), radix: 16)
  }
}
