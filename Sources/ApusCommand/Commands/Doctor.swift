// `apus doctor`: what this machine is to Apus, which kernels run on it, and how fast it is at best.

import ApusBasics
import ApusRuntime
import ApusTensor

enum DoctorCommand: Command {
  static let name = "doctor"
  static let summary = "Show the machine, the kernels chosen for it, and its measured limits"
  static let discussion = [
    "The limits are what arithmetic in registers and reading of memory reach here, with one thread and with all. "
      + "They are the ceilings against which apus run --profile shows each operation. Where vectors of 256 and of 512 "
      + "bits run, both are timed and the faster kernels are kept for later runs (their results have the same bits). "
      + "Measuring takes a few seconds; other work on the machine lowers the limits."
  ]

  private static let measure = Option<Bool>.toggle("measure", default: true, help: "Measure the limits")

  static let options = [measure.row, CommonOptions.threads.row, CommonOptions.json.row]

  static func run(_ values: Values, _ console: Console) throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: values[CommonOptions.threads]))
    let isJSON = values[CommonOptions.json]
    if !isJSON { try describe(runtime, console) }
    if !isJSON, values[measure] { try console.output.flush() }
    let ceilings = values[measure] ? try Ceilings.measure(runtime) : nil
    let contest = values[measure] ? try TableContest.measure(runtime) : nil
    if let contest { try keep(contest, runtime, console) }
    if isJSON {
      try console.json(document(runtime, ceilings))
      return
    }
    if let ceilings { try show(ceilings, console) }
    if let contest { try show(contest, console) }
    if !runtime.notes.isEmpty {
      try console.line("\nNotes")
      for note in runtime.notes { try console.line("  \(note)") }
    }
  }

  private static func describe(_ runtime: Runtime, _ console: Console) throws(CommandError) {
    let machine = runtime.machine
    let topology = machine.topology
    var sheet = Sheet()
    sheet.add(
      "Version", "apus \(Application.version)" + (Runtime.unoptimisedBuild ? ", unoptimised build" : ""))
    sheet.add("Processor", "\(machine.model), \(machine.architecture)")
    sheet.add("Instructions", instructions(machine).joined(separator: " "))
    sheet.add(
      "Cores",
      "\(counted(topology.cores, "core")), \(counted(topology.logicalCPUs, "thread")), "
        + "\(counted(topology.sockets, "socket")), \(counted(topology.memoryNodes, "memory node")); "
        + "this process may use \(counted(topology.allowedCPUs, "thread")) of \(counted(topology.allowedCores, "core"))"
    )
    sheet.add(
      "Caches",
      topology.caches.map { cache in
        "L\(cache.level) \(byteText(cache.bytes))"
          + (cache.sharedBy > 1 ? " for \(cache.sharedBy) threads" : "")
      }.joined(separator: ", "))
    sheet.add(
      "Memory",
      "\(byteText(machine.totalMemory)), \(byteText(machine.availableMemory)) available; "
        + "pages of \(byteText(machine.pageBytes)), huge pages: \(machine.hugePages)")
    var limits: [String] = []
    if let quota = machine.cpuQuota { limits.append("\(fixed(quota, 2)) processors") }
    if let memory = machine.memoryLimit { limits.append("\(byteText(memory)) of memory") }
    sheet.add("Group limits", limits.isEmpty ? "none" : limits.joined(separator: ", "))
    sheet.add("Kernels", "\(runtime.cpu.name), vectors of \(runtime.cpu.vectorBits) bits")
    sheet.add("Also here", runtime.cpu.supported.filter { $0 != runtime.cpu.name }.joined(separator: ", "))
    sheet.add("Threads", "\(runtime.workers.count)")
    for line in sheet.lines(width: console.width) { try console.line(oneLine(line)) }
  }

  /// The winner is what programs of this user take from now on; the widest needs no note of it.
  private static func keep(_ contest: TableContest, _ runtime: Runtime, _ console: Console) throws {
    let preference = KernelPreference { console.environment[$0] }
    let winner = contest.winner == contest.wide ? nil : contest.winner
    guard winner != preference.table(for: runtime.machine.model) else { return }
    do {
      try preference.keep(winner, for: runtime.machine.model)
    } catch {
      console.note("note: \(contest.winner) is faster here but could not be kept: \(error)")
    }
  }

  private static func show(_ contest: TableContest, _ console: Console) throws(CommandError) {
    let ratios = contest.ratios.map { "\($0.what) \(fixed($0.ratio, 2))" }.joined(separator: "; ")
    try console.line("\n\(contest.wide) is so many times as fast as \(contest.narrow): \(ratios)")
    if contest.winner == contest.narrow, let path = KernelPreference({ console.environment[$0] }).path {
      try console.line("\(contest.narrow) will be used from now on (kept in \(path); APUS_CPU overrides it)")
    }
  }

  private static func show(_ ceilings: Ceilings, _ console: Console) throws(CommandError) {
    let columns =
      ceilings.all.threads == ceilings.single.threads ? [ceilings.single] : [ceilings.single, ceilings.all]
    var table = Table(
      [(title: "Limit", alignment: .left)]
        + columns.map { (title: counted($0.threads, "thread"), alignment: .right) } + [
          (title: "", alignment: .left)
        ])
    func row(_ name: String, _ unit: String, _ value: (Ceiling) -> Double?) {
      table.append([name] + columns.map { value($0).map { fixed($0 / 1e9, 1) } ?? "-" } + [unit])
    }
    row("f32 multiply-add", "GFLOP/s") { $0.f32 }
    row("bf16 dot product", "GFLOP/s") { $0.bf16 }
    row("int8 dot product", "GOP/s") { $0.int8 }
    row("reading memory", "GB/s") { $0.readBytes }
    try console.line()
    for line in table.lines() { try console.line(line) }
  }

  /// The instruction sets that matter to the kernels, in the order of their age.
  private static func instructions(_ machine: Machine) -> [String] {
    let known = [
      "sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
      "avx_vnni", "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2",
    ]
    let found = known.filter { machine.instructions.contains($0) }
    return found.isEmpty ? ["unknown"] : found
  }

  private static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  private static func document(_ runtime: Runtime, _ ceilings: Ceilings?) -> JSONValue {
    let machine = runtime.machine
    let topology = machine.topology
    func ceiling(_ ceiling: Ceiling) -> JSONValue {
      .members([
        "threads": .integer(ceiling.threads), "f32": .double(ceiling.f32),
        "bf16": .optional(ceiling.bf16) { .double($0) }, "int8": .optional(ceiling.int8) { .double($0) },
        "readBytes": .double(ceiling.readBytes),
      ])
    }
    return .members([
      "version": .string(Application.version),
      "optimized": .bool(!Runtime.unoptimisedBuild),
      "processor": .string(machine.model),
      "architecture": .string(machine.architecture),
      "instructions": .array(machine.instructions.sorted().map { .string($0) }),
      "cores": .integer(topology.cores),
      "logicalProcessors": .integer(topology.logicalCPUs),
      "sockets": .integer(topology.sockets),
      "memoryNodes": .integer(topology.memoryNodes),
      "allowedCores": .integer(topology.allowedCores),
      "allowedProcessors": .integer(topology.allowedCPUs),
      "caches": .array(
        topology.caches.map { cache in
          .members([
            "level": .integer(cache.level), "bytes": .integer(cache.bytes),
            "sharedBy": .integer(cache.sharedBy),
          ])
        }),
      "totalMemory": .integer(machine.totalMemory),
      "availableMemory": .integer(machine.availableMemory),
      "groupProcessors": .optional(machine.cpuQuota) { .double($0) },
      "groupMemory": .optional(machine.memoryLimit) { .integer($0) },
      "hugePages": .string(machine.hugePages),
      "kernels": .string(runtime.cpu.name),
      "supportedKernels": .array(runtime.cpu.supported.map { .string($0) }),
      "threads": .integer(runtime.workers.count),
      "ceilings": .optional(ceilings) { .members(["single": ceiling($0.single), "all": ceiling($0.all)]) },
      "notes": .array(runtime.notes.map { .string($0) }),
    ])
  }
}
