// The context of everything Apus does on a machine: what the machine is, which kernels run, which threads.
// It is made once by the program and passed along explicitly; there is no default one.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a `Runtime` should use. Every field has a default that suits most programs.
public struct RuntimeOptions: Sendable {
  /// Threads; nil for one per physical core this process may use.
  public var threads: Int?
  /// The kernels to use by name; nil for the environment's `APUS_CPU`, or else those that `apus doctor` measured to be
  /// the fastest, or else the best.
  public var cpu: String?
  /// The most memory to plan with, in bytes; nil for what is available.
  public var memoryLimit: Int?
  /// Lets `threads` exceed the processors, for tests that compare thread counts.
  package var oversubscribes = false

  /// Options with the given fields.
  public init(threads: Int? = nil, cpu: String? = nil, memoryLimit: Int? = nil) {
    self.threads = threads
    self.cpu = cpu
    self.memoryLimit = memoryLimit
  }
}

/// The machine, the kernels and the threads that work is done with.
///
///     let runtime = try Runtime(options: RuntimeOptions(threads: 2))
///     for note in runtime.notes { print(note) }
///
/// May be shared by any number of models and sessions; their work takes turns on its threads.
public final class Runtime: Sendable {
  /// What the machine is.
  public let machine: Machine
  /// The kernels in use.
  public let cpu: CPU
  /// The threads.
  public let workers: WorkerPool
  /// Bytes that plans may use.
  public let memoryLimit: Int
  /// What the user should know, one line each: anything that differs from what was asked for, and anything
  /// that makes this slow.
  public let notes: [String]

  /// Describes the machine, chooses and checks kernels, starts threads. Takes a few milliseconds.
  ///
  /// - Throws: `RuntimeError`.
  public convenience init(options: RuntimeOptions = RuntimeOptions()) throws(RuntimeError) {
    try self.init(options: options, machine: .detect())
  }

  /// A runtime for a machine already described.
  package init(
    options: RuntimeOptions, machine: Machine, preference: KernelPreference? = KernelPreference()
  ) throws(RuntimeError) {
    // An empty variable is how shells unset one for a command.
    let name = (options.cpu ?? getenv("APUS_CPU").map { String(cString: $0) }).flatMap {
      $0.isEmpty ? nil : $0
    }
    let cpu = try CPU(named: name, preferred: name == nil ? preference?.table(for: machine.model) : nil)
    let (threads, clipped) = Self.threadCount(options, machine)
    workers = try WorkerPool(count: threads, processors: machine.effectiveCPUCount)
    memoryLimit = max(0, min(options.memoryLimit ?? Int.max, machine.availableMemory))
    notes = Self.buildNotes(machine) + cpu.notes + clipped
    self.machine = machine
    self.cpu = cpu
  }

  /// Whether the Swift code was compiled without optimisation. Kernels are then compiled without it, too.
  public static var unoptimisedBuild: Bool {
    var unoptimised = false
    assert(
      {
        unoptimised = true; return true
      }())
    return unoptimised
  }

  /// The number of threads to use, and a note when it is not the number asked for.
  static func threadCount(_ options: RuntimeOptions, _ machine: Machine) -> (count: Int, notes: [String]) {
    guard let asked = options.threads else {
      return (min(machine.defaultThreadCount, WorkerPool.limit), [])
    }
    let limit = options.oversubscribes ? WorkerPool.limit : min(machine.effectiveCPUCount, WorkerPool.limit)
    let count = max(1, min(asked, limit))
    if count == asked { return (count, []) }
    let reason =
      asked < 1
      ? "the least is 1"
      : machine.cpuQuota.map { "this machine's quota is \($0) processors" }
        ?? "this process may use \(limit) processors"
    return (count, ["threads: \(asked) asked for, \(count) used; \(reason)"])
  }

  static func buildNotes(_ machine: Machine) -> [String] {
    var notes: [String] = []
    if unoptimisedBuild {
      notes.append("unoptimised build, kernels at least 40 times slower; build with -c release")
    }
    if machine.architecture == "x86_64", !machine.instructions.isEmpty, !machine.instructions.contains("fma")
    {
      notes.append("this processor has no fused multiply-add; it is emulated, tens of times slower")
    }
    return notes
  }
}
