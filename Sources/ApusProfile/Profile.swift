// What a profile is: plain values, from whichever meter they came. Everything that is shown of a run (tables, the audit,
// pictures, traces) is made from these and from nothing else, so that a profile can be saved and read again.

/// Everything measured of one workload.
public struct Profile: Sendable, Equatable {
  /// What was run, in a line: "run model.gguf, prompt 512, 128 generated".
  public var workload: String
  /// The command that gives the same profile.
  public var command: String
  /// The machine and what it can do at best.
  public var machine: ProfiledMachine
  /// Parts of the run that are told apart: "prompt" and "generation"; "forward", "backward" and "optimiser".
  public var phases: [ProfiledPhase]
  /// Memory by purpose when it was largest.
  public var memory: [MemoryPurpose]
  /// Resident bytes over the run.
  public var memoryOverTime: [MemorySample]
  /// What the operating system counted during the run.
  public var system: SystemCounts
  /// What the processor counted, or why it did not.
  public var counters: HardwareCounters
  /// What each thread did when, of the steps that were recorded: at most a few tens of thousands.
  public var timeline: [TimelineSpan]
  /// Whether the run was stopped before its end.
  public var isInterrupted: Bool
  /// Things a reader must know: noise, a clock that stepped, what could not be counted and why.
  public var notes: [String]
}

/// The machine a profile was taken on.
public struct ProfiledMachine: Sendable, Equatable {
  /// As the processor calls itself.
  public var processor: String
  /// The kernel table in use: "avx512_bf16".
  public var kernels: String
  /// Threads of the run.
  public var threads: Int
  /// Cores that are not the second thread of another.
  public var physicalCores: Int
  /// Bytes the process may use.
  public var memoryLimit: Int
  /// Measured limits with one thread.
  public var single: MachineLimits
  /// Measured limits with all threads of the run.
  public var all: MachineLimits
}

/// What was measured as the best the machine does.
public struct MachineLimits: Sendable, Equatable {
  /// Operations per second; a multiply-add is two. Nil without such an instruction.
  public var f32: Double
  /// The same on bfloat16 pairs.
  public var bf16: Double?
  /// The same on 8-bit integers.
  public var int8: Double?
  /// Bytes per second read from memory.
  public var readBytes: Double
}

/// A part of a run.
public struct ProfiledPhase: Sendable, Equatable {
  /// What it is called in tables.
  public var name: String
  /// Nanoseconds from beginning to end of all its steps.
  public var wall: UInt64
  /// Steps that were run.
  public var steps: Int
  /// Tokens of all steps.
  public var tokens: Int
  /// One for each operation of each layer, in the order of the plan.
  public var operations: [OperationProfile]

  /// Tokens per second.
  public var rate: Double { wall > 0 ? Double(tokens) * 1e9 / Double(wall) : 0 }
}

/// An operation of one layer, or several that are run as one.
public struct OperationProfile: Sendable, Equatable {
  /// "matmul Q4_K", "rmsnorm + round".
  public var name: String
  /// The part of the model as a path, "layer 3/attention"; empty outside of all.
  public var scope: String
  /// The arithmetic its limit is given by.
  public var arithmetic: Arithmetic
  /// Times it was run.
  public var calls: Int
  /// Multiplications and additions of all calls, each counted.
  public var flops: Double
  /// Bytes that must cross the memory bus if nothing is cached.
  public var bytes: Double
  /// Nanoseconds each thread worked on it.
  public var busy: [UInt64]
  /// Nanoseconds each thread waited for the others at its end.
  public var wait: [UInt64]
  /// Whether one thread runs it alone by design, for it is too small to share.
  public var isSerial: Bool
  /// Nanoseconds of the same work in a run with one thread; nil if there was none.
  public var single: UInt64?

  /// The layer's number, if it belongs to one.
  public var layer: Int? {
    guard let word = scope.split(separator: "/").first, word.hasPrefix("layer ") else { return nil }
    return Int(word.dropFirst(6))
  }
}

/// What an operation calculates in.
public enum Arithmetic: String, Sendable, CaseIterable {
  case f32, bf16, int8
}

/// Memory that serves one purpose.
public struct MemoryPurpose: Sendable, Equatable {
  /// "weights (mapped)", "packed weights", "keys and values", "activations", "gradients", "optimiser", "runtime".
  public var purpose: String
  /// Bytes set aside.
  public var reserved: Int
  /// Bytes of them that are in memory; nil where the system does not say.
  public var resident: Int?
}

/// Resident memory at a moment.
public struct MemorySample: Sendable, Equatable {
  /// Nanoseconds since the beginning.
  public var time: UInt64
  /// Resident bytes of the process.
  public var resident: Int
}

/// What the operating system counted.
public struct SystemCounts: Sendable, Equatable {
  /// Page faults served without a disk.
  public var minorFaults: Int
  /// Page faults that read from a disk.
  public var majorFaults: Int
  /// Times a thread gave its processor up.
  public var voluntarySwitches: Int
  /// Times a thread lost its processor to another.
  public var involuntarySwitches: Int
  /// Heap allocations during the steps; nil where they are not counted.
  public var allocations: Int?
  /// Microseconds the control group was held back; nil where it is not said.
  public var throttledMicroseconds: Int?
  /// Microseconds the hypervisor gave this machine's processors to others.
  public var stolenMicroseconds: Int?
}

/// What the processor counted over all threads.
public struct HardwareCounters: Sendable, Equatable {
  /// Processor cycles.
  public var cycles: UInt64?
  /// Instructions retired.
  public var instructions: UInt64?
  /// Misses of the last cache.
  public var cacheMisses: UInt64?
  /// Branches predicted wrongly.
  public var branchMisses: UInt64?
  /// Why some are missing, in words a user can act on.
  public var unavailable: String?
}

/// A thread's work on one operation, or its waiting.
public struct TimelineSpan: Sendable, Equatable {
  /// The worker, from 0.
  public var thread: Int
  /// Nanoseconds since the beginning of the run.
  public var start: UInt64
  /// Nanoseconds since the beginning of the run.
  public var end: UInt64
  /// Index into `Profile.phases`.
  public var phase: Int
  /// Index into the phase's operations; nil while waiting at a barrier.
  public var operation: Int?
}
