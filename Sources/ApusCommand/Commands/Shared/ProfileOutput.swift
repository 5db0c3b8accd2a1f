// What `apus profile …` leaves: tables on standard output, and the same profile in files. A form of file is one line of
// `files`.

import ApusBasics
import ApusProfile
import ApusRuntime

enum ProfileOutput {
  private static let output = Option<String?>.file("output", "o", help: "Also write the tables to a file")
  private static let markdown = Option<String?>.file("markdown", help: "Write the audit as Markdown")
  private static let html = Option<String?>.file("html", help: "Write a page with all pictures")
  private static let trace = Option<String?>.file(
    "trace", help: "Write what each thread did when, for Perfetto or chrome://tracing")
  private static let folded = Option<String?>.file("folded", help: "Write folded stacks for flame graphs")
  private static let pprof = Option<String?>.file("pprof", help: "Write a profile for pprof")

  /// The forms a profile is written in.
  private static let files: [(option: Option<String?>, contents: @Sendable (Profile) -> [UInt8])] = [
    (output, { Array((text($0, layers: true).joined(separator: "\n") + "\n").utf8) }),
    (markdown, { Array(AuditText(Audit($0)).markdown.utf8) }),
    (html, { Array(Audit($0).html.utf8) }),
    (trace, { Array($0.chromeTrace.serialized().utf8) }),
    (folded, { Array($0.foldedStacks.utf8) }),
    (pprof, { $0.pprof }),
  ]

  static let rows: [OptionRow] = files.map(\.option.row)

  /// Shows a profile, then writes the files that were asked for: a disk that is full keeps nobody from seeing it.
  ///
  /// - Throws: `CommandError.failure` with the path of each file that could not be written.
  static func show(_ profile: Profile, _ values: Values, _ console: Console) throws {
    for line in text(profile, layers: values[CommonOptions.verbose]) { try console.line(line) }
    try console.output.flush()
    var failures: [String] = []
    for file in files {
      guard let path = values[file.option] else { continue }
      do {
        try write(file.contents(profile), to: path)
      } catch {
        failures.append("\(error)")
      }
    }
    if values[CommonOptions.json] { try console.json(profile.json) }
    guard failures.isEmpty else { throw CommandError.failure(failures.joined(separator: "; ")) }
  }

  /// A regular file appears complete or not at all; a device or a pipe gets the bytes.
  private static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    guard case .other = FileKind(path) else {
      var file = try AtomicFile(path: path, replacing: true)
      try file.write(bytes)
      return try file.commit()
    }
    let device = try FileDescriptor.openForWriting(path)
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try device.writeAll(buffer, path) }
    }
    try result.get()
  }

  /// The tables of all phases and what was counted, line by line.
  static func text(_ profile: Profile, layers: Bool) -> [String] {
    var lines = [
      profile.workload,
      "\(profile.machine.processor), kernels \(profile.machine.kernels), \(profile.machine.threads) threads",
    ]
    if profile.isInterrupted { lines.append("interrupted: what was measured until then") }
    for phase in profile.phases {
      let table = ProfileTable(phase, limits: profile.machine.all, threads: profile.machine.threads)
      lines += ["", table.heading] + table.operations
      let parts = layers ? table.layers : []
      if !parts.isEmpty { lines += [""] + parts }
    }
    lines += ["", "memory:"]
    var memory = Table([("purpose", .left), ("reserved", .right), ("resident", .right)])
    for part in profile.memory {
      memory.append([part.purpose, sizeText(part.reserved), part.resident.map { sizeText($0) } ?? "unknown"])
    }
    lines += memory.lines() + ["", counts(profile.system), counters(profile.counters)]
    return lines + profile.notes.map { "note: \($0)" }
  }

  private static func counts(_ system: SystemCounts) -> String {
    var parts = [
      "page faults \(system.minorFaults), from disk \(system.majorFaults)",
      "context switches \(system.voluntarySwitches) given, \(system.involuntarySwitches) taken",
    ]
    if let allocations = system.allocations { parts.append("heap allocations in steps \(allocations)") }
    return parts.joined(separator: "; ")
  }

  private static func counters(_ counters: HardwareCounters) -> String {
    var parts: [String] = []
    func add(_ name: String, _ count: UInt64?) {
      if let count { parts.append("\(name) \(count)") }
    }
    add("cycles", counters.cycles)
    add("instructions", counters.instructions)
    add("cache misses", counters.cacheMisses)
    add("branch misses", counters.branchMisses)
    if let reason = counters.unavailable { parts.append(reason) }
    return parts.joined(separator: ", ")
  }
}
