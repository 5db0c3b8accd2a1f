// What a measurement leaves: plain values that are shown, saved and compared. Samples are kept in rounds, for samples of
// one round share the moment and the places in memory, and only rounds are independent.

/// The results of one run of `apus bench`.
package struct BenchRecord: Sendable, Equatable {
  /// What it was saved as; empty when it was not.
  package var name = ""
  /// Seconds since 1970.
  package var time: Int
  /// Of the program.
  package var version: String
  package var machine: BenchMachine
  /// nil where none was named.
  package var model: BenchModel?
  /// What was asked for that speed depends on, in a fixed order.
  package var settings: [BenchSetting]
  package var suites: [String]
  package var tests: [BenchSeries]
  /// Whether it was stopped before its end.
  package var isInterrupted = false
  /// What a reader must know, one line each.
  package var notes: [String] = []

  package init(
    time: Int, version: String, machine: BenchMachine, model: BenchModel?, settings: [BenchSetting],
    suites: [String],
    tests: [BenchSeries]
  ) {
    self.time = time
    self.version = version
    self.machine = machine
    self.model = model
    self.settings = settings
    self.suites = suites
    self.tests = tests
  }
}

/// The machine of a run.
package struct BenchMachine: Sendable, Equatable {
  /// As the processor calls itself.
  package var processor: String
  /// The kernel table: "avx512_bf16".
  package var kernels: String
  package var threads: Int
  /// Bytes of memory of the machine.
  package var memory: Int

  package init(processor: String, kernels: String, threads: Int, memory: Int) {
    self.processor = processor
    self.kernels = kernels
    self.threads = threads
    self.memory = memory
  }
}

/// The model of a run.
package struct BenchModel: Sendable, Equatable {
  package var name: String
  /// Bytes of its files.
  package var bytes: Int
  package var parameters: Int
  /// Tells its weights from others', in hexadecimal.
  package var fingerprint: String

  package init(name: String, bytes: Int, parameters: Int, fingerprint: String) {
    self.name = name
    self.bytes = bytes
    self.parameters = parameters
    self.fingerprint = fingerprint
  }
}

/// One thing that was asked for.
package struct BenchSetting: Sendable, Equatable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// What a test counts.
package enum BenchUnit: String, Sendable, CaseIterable {
  case tokens, operations, bytes, values

  /// The unit of its rate in tables, and how many of what is counted are one.
  package var rate: (text: String, scale: Double) {
    switch self {
    case .tokens: ("t/s", 1)
    case .operations: ("GOP/s", 1e9)
    case .bytes: ("GB/s", 1e9)
    case .values: ("Gvalue/s", 1e9)
    }
  }
}

/// A test: what it is, apart from its times.
package struct BenchTest: Sendable, Equatable {
  /// "pp512", "tg32x4 @ d512".
  package var name: String
  package var unit: BenchUnit
  /// Tokens, operations or bytes of a sample.
  package var work: Double

  package init(_ name: String, unit: BenchUnit = .tokens, work: Double) {
    self.name = name
    self.unit = unit
    self.work = work
  }
}

/// A test with its times.
package struct BenchSeries: Sendable, Equatable {
  package var test: BenchTest
  /// Names of the operations that were timed, in the order of the plan.
  package var operations: [String] = []
  package var rounds: [BenchRound] = []

  package init(_ test: BenchTest) { self.test = test }

  /// The median of each round, in seconds.
  package var seconds: [Double] { rounds.map(\.seconds.middle) }

  /// What is done per second, in the unit of tables, by round.
  package var rates: [Double] { seconds.map { $0 > 0 ? test.work / $0 / test.unit.rate.scale : 0 } }

  /// The share of an operation in the time of all.
  package func share(of operation: Int) -> Double {
    let all = rounds.reduce(0) { $0 + $1.operations.reduce(0) { $0 + $1.middle } }
    return all > 0 ? rounds.reduce(0) { $0 + $1.operations[operation].middle } / all : 0
  }
}

/// Samples that were taken together.
package struct BenchRound: Sendable, Equatable {
  /// Of each sample, from its beginning to its end.
  package var seconds: [Double] = []
  /// For each operation, and each sample: seconds of all threads together.
  package var operations: [[Double]] = []
  /// What the machine did in the same moments, per second: bytes read, and operations in single precision.
  package var memory: Double?
  package var arithmetic: Double?

  package init() {}
}
