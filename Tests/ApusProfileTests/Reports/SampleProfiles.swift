// Profiles that tests of audits and reports are made from.

@testable import ApusProfile

/// A machine with round limits: 100, 200 and 400 operations and 10 bytes a nanosecond with all threads, half of each,
/// but 8 bytes, with one.
let sampleMachine = ProfiledMachine(
  processor: "Sample CPU", kernels: "portable", threads: 2, physicalCores: 2, memoryLimit: 8_000_000_000,
  single: MachineLimits(f32: 50e9, bf16: 100e9, int8: 200e9, readBytes: 8e9),
  all: MachineLimits(f32: 100e9, bf16: 200e9, int8: 400e9, readBytes: 10e9))

func operation(
  _ name: String, _ scope: String = "", _ arithmetic: Arithmetic = .f32, calls: Int = 2, flops: Double = 0,
  bytes: Double = 0, busy: [UInt64], wait: [UInt64] = [0, 0], isSerial: Bool = false, single: UInt64? = nil
) -> OperationProfile {
  OperationProfile(
    name: name, scope: scope, arithmetic: arithmetic, calls: calls, flops: flops, bytes: bytes, busy: busy,
    wait: wait, isSerial: isSerial, single: single)
}

func profile(_ phases: [ProfiledPhase], machine: ProfiledMachine = sampleMachine) -> Profile {
  Profile(
    workload: "run tiny.gguf", command: "apus profile run tiny.gguf", machine: machine, phases: phases,
    memory: [], memoryOverTime: [],
    system: SystemCounts(
      minorFaults: 12, majorFaults: 1, voluntarySwitches: 3, involuntarySwitches: 4, allocations: 0,
      throttledMicroseconds: nil, stolenMicroseconds: nil),
    counters: HardwareCounters(
      cycles: nil, instructions: nil, cacheMisses: nil, branchMisses: nil, unavailable: nil),
    timeline: [], isInterrupted: false, notes: [])
}

/// A phase of a millisecond.
func phase(_ operations: [OperationProfile], wall: UInt64 = 1_000_000) -> ProfiledPhase {
  ProfiledPhase(name: "generation", wall: wall, steps: 2, tokens: 4, operations: operations)
}

/// A small profile with something of everything, whose reports are compared letter by letter.
var smallProfile: Profile {
  var small = profile([
    phase([
      operation("lookup", "", calls: 2, bytes: 1_000, busy: [10_000, 0], wait: [0, 10_000], isSerial: true),
      operation(
        "matmul Q4_K", "layer 0/attention", .int8, flops: 8e6, bytes: 1.25e6, busy: [250_000, 250_000],
        single: 300_000),
      operation(
        "matmul Q4_K", "layer 1/attention", .int8, flops: 8e6, bytes: 1.25e6, busy: [250_000, 250_000],
        single: 300_000),
      operation(
        "attention", "layer 1/attention", flops: 4e6, bytes: 1e5, busy: [300_000, 100_000],
        wait: [0, 200_000]),
    ])
  ])
  small.memory = [
    MemoryPurpose(purpose: "weights (mapped)", reserved: 2_500_000, resident: 2_400_000),
    MemoryPurpose(purpose: "keys and values", reserved: 100_000, resident: nil),
  ]
  small.memoryOverTime = [
    MemorySample(time: 0, resident: 1_000_000), MemorySample(time: 500_000, resident: 3_000_000),
    MemorySample(time: 1_000_000, resident: 2_900_000),
  ]
  small.counters.unavailable = "kernel.perf_event_paranoid is 3"
  small.timeline = [
    TimelineSpan(thread: 0, start: 1_500, end: 11_500, phase: 0, operation: 0),
    TimelineSpan(thread: 1, start: 1_500, end: 11_500, phase: 0, operation: nil),
    TimelineSpan(thread: 0, start: 11_500, end: 261_500, phase: 0, operation: 1),
    TimelineSpan(thread: 1, start: 12_000, end: 261_501, phase: 0, operation: 1),
  ]
  small.notes = ["The machine was busy."]
  return small
}

/// Random numbers for samples: a linear congruential generator, so that a seed says everything.
struct SampleNumbers {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493
  }

  /// A number in 0..<1.
  mutating func next() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 11) * 0x1p-53
  }

  /// A number in 0..<bound.
  mutating func next(below bound: Int) -> Int { Int(next() * Double(bound)) }
}

/// A profile such as a model of some layers gives, with a timeline of its first steps.
func modelProfile(seed: UInt64, layers: Int, threads: Int, spans: Int = 4_000) -> Profile {
  var numbers = SampleNumbers(seed: seed)
  var machine = sampleMachine
  machine.processor = "Sample CPU with \(threads) threads"
  machine.threads = threads
  machine.physicalCores = max(1, threads / 2)
  machine.single = MachineLimits(f32: 95e9, bf16: 190e9, int8: 350e9, readBytes: 14e9)
  let scale = Double(threads) * 0.9
  machine.all = MachineLimits(f32: 95e9 * scale, bf16: 190e9 * scale, int8: 350e9 * scale, readBytes: 42e9)

  /// An operation with work for `tokens`, at a part of its roofline.
  func make(
    _ name: String, _ scope: String, _ arithmetic: Arithmetic, calls: Int, flops: Double, bytes: Double,
    reached: Double, isSerial: Bool = false
  ) -> OperationProfile {
    let rate = arithmetic == .int8 ? machine.all.int8 ?? 1 : machine.all.f32
    let least = max(flops / rate, bytes / machine.all.readBytes) * 1e9
    let time = least / reached * (0.9 + 0.2 * numbers.next())
    var busy: [UInt64] = []
    var wait: [UInt64] = []
    for thread in 0..<threads {
      let part = isSerial ? (thread == 0 ? 1 : 0) : 0.8 + 0.2 * numbers.next()
      busy.append(UInt64(time * part))
      wait.append(UInt64(time) - busy[thread])
    }
    return OperationProfile(
      name: name, scope: scope, arithmetic: arithmetic, calls: calls, flops: flops, bytes: bytes, busy: busy,
      wait: wait, isSerial: isSerial, single: UInt64(time * Double(threads) * 0.7))
  }

  func phase(_ name: String, steps: Int, tokens: Int) -> ProfiledPhase {
    let rows = Double(tokens)
    let (read, small) = (Double(steps), tokens < steps * 4)
    var operations = [
      make("lookup", "", .f32, calls: steps, flops: 0, bytes: rows * 4096, reached: 0.1, isSerial: small)
    ]
    for layer in 0..<layers {
      let at = "layer \(layer)/"
      let slow = layer == 7 ? 0.5 : 1.0
      func product(_ name: String, _ scope: String, _ weights: Double, _ reached: Double) {
        operations.append(
          make(
            name, at + scope, .int8, calls: steps, flops: 2 * weights * rows,
            bytes: weights * 0.56 * read + rows * 4096, reached: reached * slow))
      }
      operations.append(
        make(
          "rmsnorm + round", at + "attention", .f32, calls: steps, flops: rows * 10_000,
          bytes: rows * 16_384, reached: 0.12, isSerial: small))
      product("matmul Q4_K", "attention", 6e6, 0.82)
      operations.append(
        make(
          "rotary + store", at + "attention", .f32, calls: steps, flops: rows * 6_000, bytes: rows * 12_288,
          reached: 0.1, isSerial: small))
      operations.append(
        make(
          "attention", at + "attention", .f32, calls: steps, flops: rows * 4e6, bytes: rows * 6e5,
          reached: 0.45))
      product("matmul Q4_K", "attention/output", 4e6, 0.78)
      product("matmul Q4_K", "feed forward", 23e6, 0.86)
      operations.append(
        make(
          "gate", at + "feed forward", .f32, calls: steps, flops: rows * 45_000, bytes: rows * 67_584,
          reached: 0.3))
      product("matmul Q6_K", "feed forward", 11e6, 0.7)
    }
    operations.append(
      make(
        "matmul Q6_K", "head", .int8, calls: steps, flops: 2 * 65e6 * read, bytes: 65e6 * 0.82 * read,
        reached: 0.9))
    operations.append(make("softcap", "", .f32, calls: 0, flops: 0, bytes: 0, reached: 1))
    let time = operations.reduce(0.0) { $0 + Double($1.busy[0] + $1.wait[0]) }
    return ProfiledPhase(
      name: name, wall: UInt64(time * 1.02), steps: steps, tokens: tokens, operations: operations)
  }

  var result = profile(
    [phase("prompt", steps: 2, tokens: 512), phase("generation", steps: 128, tokens: 128)], machine: machine)
  result.workload = "run sample-1b.Q4_K_M.gguf, prompt 512, 128 generated"
  result.command = "apus profile run sample-1b.Q4_K_M.gguf -p 512 -n 128"
  result.memory = [
    MemoryPurpose(purpose: "weights (mapped)", reserved: 667_000_000, resident: 210_000_000),
    MemoryPurpose(purpose: "packed weights", reserved: 640_000_000, resident: 640_000_000),
    MemoryPurpose(purpose: "keys and values", reserved: 46_000_000, resident: 14_000_000),
    MemoryPurpose(purpose: "activations", reserved: 18_000_000, resident: 17_000_000),
    MemoryPurpose(purpose: "runtime", reserved: 9_000_000, resident: nil),
  ]
  result.memoryOverTime = (0..<300).map {
    MemorySample(
      time: UInt64($0) * UInt64(result.phases.reduce(0) { $0 + $1.wall } / 300),
      resident: Int(880e6 * (1 - 0.7 / (1 + Double($0) / 12))) + numbers.next(below: 4_000_000))
  }
  result.counters.unavailable =
    "this machine (often a virtual one) has no counters; on bare metal try sysctl kernel.perf_event_paranoid=1"
  result.notes = ["The memory's bandwidth fell by 12 % during the run."]
  result.timeline = timeline(of: result, spans: spans)
  return result
}

/// The first steps of every phase as spans of all threads.
private func timeline(of profile: Profile, spans: Int) -> [TimelineSpan] {
  var timeline: [TimelineSpan] = []
  var clock: UInt64 = 0
  for (phaseIndex, phase) in profile.phases.enumerated() {
    for _ in 0..<phase.steps {
      for (index, operation) in phase.operations.enumerated() where operation.calls > 0 {
        let calls = UInt64(operation.calls)
        let length = (operation.busy[0] + operation.wait[0]) / calls
        for thread in operation.busy.indices {
          let end = clock + operation.busy[thread] / calls
          if end > clock {
            timeline.append(
              TimelineSpan(thread: thread, start: clock, end: end, phase: phaseIndex, operation: index))
          }
          if clock + length > end {
            timeline.append(
              TimelineSpan(
                thread: thread, start: end, end: clock + length, phase: phaseIndex, operation: nil))
          }
        }
        clock += length
        if timeline.count > spans * (phaseIndex + 1) / profile.phases.count { break }
      }
      if timeline.count > spans * (phaseIndex + 1) / profile.phases.count { break }
    }
  }
  return timeline
}

/// Names nobody should give, and somebody will.
let hostileNames = [
  "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"quoted\" & 'single' &amp;",
  "two\nlines\r\nand\ta tab", "semi;colon;", "|pipe|`tick`*star*_under_[link](x)",
  "\u{0}\u{1B}[31m\u{7F}\u{85}",
  "", " ", "\u{202E}right to left\u{2028}", "𝔘𝔫𝔦\u{301}code 🦜", "layer 3", "/", "]]><!--",
  String(repeating: "long ", count: 400),
]

/// A profile in which every text is `name`, with numbers at their ends.
func hostileProfile(_ name: String) -> Profile {
  var hostile = smallProfile
  hostile.workload = name
  hostile.command = name
  hostile.machine.processor = name
  hostile.machine.kernels = name
  hostile.machine.memoryLimit = .max
  hostile.phases[0].name = name
  for index in hostile.phases[0].operations.indices {
    hostile.phases[0].operations[index].name = name
    hostile.phases[0].operations[index].scope = name
  }
  hostile.phases[0].operations[0].flops = 1e300
  hostile.phases[0].operations[1].busy = [0, 0]
  hostile.phases[0].operations[2].bytes = 0
  hostile.phases[0].operations[3].calls = 0
  hostile.phases.append(ProfiledPhase(name: name, wall: 0, steps: 0, tokens: 0, operations: []))
  hostile.memory[0].purpose = name
  hostile.memory[1].resident = .max
  hostile.counters.unavailable = name
  hostile.counters.cycles = .max
  hostile.counters.instructions = 0
  hostile.system.stolenMicroseconds = .max
  hostile.notes = [name, name]
  return hostile
}

/// A profile of nothing at all.
var emptyProfile: Profile {
  let none = MachineLimits(f32: 0, bf16: nil, int8: nil, readBytes: 0)
  return profile(
    [],
    machine: ProfiledMachine(
      processor: "", kernels: "", threads: 0, physicalCores: 0, memoryLimit: 0, single: none, all: none))
}
