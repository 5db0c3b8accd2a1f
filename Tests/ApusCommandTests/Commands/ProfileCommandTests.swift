// `apus profile`: its tables, its files, and a disk that is full.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand
@testable import ApusProfile

@Suite struct ProfileOutputTests {
  private var profile: Profile {
    func operation(_ name: String, _ scope: String, _ busy: [UInt64], _ wait: [UInt64]) -> OperationProfile {
      OperationProfile(
        name: name, scope: scope, arithmetic: .int8, calls: 10, flops: 4e6, bytes: 2e6, busy: busy,
        wait: wait,
        isSerial: false, single: 3_000_000)
    }
    let limits = MachineLimits(f32: 1e11, bf16: nil, int8: 4e11, readBytes: 1e10)
    return Profile(
      workload: "run tiny", command: "apus profile run tiny.gguf",
      machine: ProfiledMachine(
        processor: "made up", kernels: "portable", threads: 2, physicalCores: 2, memoryLimit: 1 << 30,
        single: limits, all: limits),
      phases: [
        ProfiledPhase(
          name: "generation", wall: 4_000_000, steps: 10, tokens: 10,
          operations: [
            operation("matmul Q8_0", "layer 0/attention", [1_000_000, 500_000], [0, 500_000]),
            operation("matmul Q8_0", "layer 1/attention", [1_000_000, 1_000_000], [0, 0]),
            operation("norm", "", [500_000, 0], [0, 500_000]),
          ])
      ],
      memory: [MemoryPurpose(purpose: "packed weights", reserved: 2_000_000, resident: nil)],
      memoryOverTime: [],
      system: SystemCounts(
        minorFaults: 7, majorFaults: 1, voluntarySwitches: 2, involuntarySwitches: 3, allocations: 0,
        throttledMicroseconds: nil, stolenMicroseconds: nil),
      counters: HardwareCounters(unavailable: "no hardware counters: made up"), timeline: [],
      isInterrupted: true, notes: ["a note"])
  }

  @Test("kinds of operations in order of their time, with shares of the limits and the threads' efficiency")
  func tables() {
    let lines = ProfileOutput.text(profile, layers: true)
    #expect(lines.contains("interrupted: what was measured until then"))
    let rows = lines.filter { $0.hasPrefix("matmul") || $0.hasPrefix("norm") || $0.hasPrefix("waiting") }
    #expect(rows.map { $0.split(separator: " ").first! } == ["matmul", "waiting", "norm"])
    // 3.5 ms of two threads for 8 MFLOP and 4 MB; 6 ms with one thread against 4 ms of two.
    #expect(
      rows[0].split(separator: " ").joined(separator: " ")
        == "matmul Q8_0 20 3.50 70.0 % 4.6 2.3 23 % 150 %", "\(rows[0])")
    #expect(
      lines.contains { $0.hasPrefix("layer 0") } && lines.contains { $0.hasPrefix("outside of layers") })
    #expect(
      lines.contains {
        $0.contains("page faults 7, from disk 1") && $0.contains("heap allocations in steps 0")
      })
    #expect(lines.contains("no hardware counters: made up") && lines.last == "note: a note")
    #expect(lines.contains { $0.hasPrefix("packed weights") && $0.hasSuffix("unknown") })
  }

  private func show(_ words: [String]) throws -> (console: Console, error: CommandError?) {
    let console = memoryConsole()
    let parser = ArgumentParser(
      options: ProfileRunCommand.options, positionals: ProfileRunCommand.arguments, environment: [:])
    do {
      try ProfileOutput.show(profile, try parser.parse(words), console)
      return (console, nil)
    } catch let error as CommandError {
      return (console, error)
    }
  }

  @Test("a full disk under a file is an error with the path; the tables are shown all the same")
  func fullDisk() throws {
    let (console, error) = try show(["-o", "/dev/full"])
    #expect(console.output.text.contains("matmul Q8_0"))
    #expect(error?.exitCode == ExitCode.failure)
    #expect(
      error?.description.contains("/dev/full") == true && error?.description.contains("No space left") == true
    )
    let nowhere = try show(["-o", "/nonexistent/file"])
    #expect(nowhere.console.output.text.contains("matmul Q8_0"))
    #expect(nowhere.error?.description.contains("/nonexistent") == true)
  }

  @Test("a file gets the tables with the layers")
  func file() throws {
    let scratch = try EmbedScratch()
    let (console, error) = try show(["-o", scratch.file("tables.txt")])
    #expect(error == nil && !console.output.text.contains("layer 0"))
    #expect(try scratch.text("tables.txt").contains("layer 0"))
  }
}

@Suite struct ProfileUsageTests {
  @Test(
    "what cannot be measured is refused before anything is loaded",
    arguments: [
      (["profile", "run", "none.gguf", "-p", "0", "-n", "0"], 2, "nothing to measure"),
      (["profile", "run"], 2, "no model"), (["profile", "embed"], 2, "no model"),
      (["profile", "train"], 2, "no configuration"), (["profile", "fly"], 2, "unknown command 'profile'"),
      (["profile", "run", "none.gguf"], 1, "none.gguf"),
    ] as [([String], Int32, String)])
  func usage(_ words: [String], _ code: Int32, _ text: String) {
    let ending = runApplication(words)
    #expect(ending.code == code && ending.errors.contains(text), "\(ending)")
  }
}

@Suite(.enabled(if: builtProgram != nil, "needs the built program"), .timeLimit(.minutes(2)))
struct ProfileProcessTests {
  @Test("Ctrl-C ends measuring and shows what there is")
  func interrupt() throws {
    let scratch = try EmbedScratch()
    let ending = try shell(
      """
      cd '\(scratch.path)'; "$APUS" tiny tiny.gguf > /dev/null
      "$APUS" profile run tiny.gguf -p 100 -n 100 -t 2 -o tables > out 2> errors & child=$!
      sleep 1; kill -INT $child; wait $child; echo $?
      """)
    #expect(ending.output == "130\n", "\(ending)")
    let text = try scratch.text("out")
    #expect(text.contains("interrupted: what was measured until then") && text.contains("memory:"), "\(text)")
    #expect(try scratch.text("tables").contains("interrupted"))
  }
}
