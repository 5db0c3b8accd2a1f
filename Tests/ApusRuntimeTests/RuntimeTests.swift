// The context as a whole: clipped threads (F69), the kernels of the environment, notes, ceilings.

import ApusTestSupport
import CApusKernels
import Testing

@testable import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct RuntimeTests {
  static func machine(cpus: Int, quota: Double? = nil) -> Machine {
    var machine = Machine(cpus: cpus)
    machine.cpuQuota = quota
    return machine
  }

  @Test(
    arguments: [
      (nil, 2, 2), (1, 1, 1), (2, 2, 2), (3, 2, 2), (10_000, 2, 2), (0, 1, 1), (-5, 1, 1),
    ] as [(Int?, Int, Int)])
  func clipsThreads(asked: Int?, expected: Int, started: Int) throws {
    let machine = Self.machine(cpus: 2)
    let (count, notes) = Runtime.threadCount(RuntimeOptions(threads: asked), machine)
    #expect(count == expected)
    #expect(notes.isEmpty == (asked == nil || asked == expected))
    if let asked, asked != expected {
      #expect(notes[0].hasPrefix("threads: \(asked) asked for, \(expected) used; "))
    }
  }

  @Test func aQuotaClips() {
    let (count, notes) = Runtime.threadCount(RuntimeOptions(threads: 8), Self.machine(cpus: 64, quota: 2.5))
    #expect(count == 2)
    #expect(notes == ["threads: 8 asked for, 2 used; this machine's quota is 2.5 processors"])
    #expect(Runtime.threadCount(RuntimeOptions(), Self.machine(cpus: 64, quota: 2)).count == 2)
  }

  @Test func testsMayOversubscribe() throws {
    var options = RuntimeOptions(threads: 3)
    options.oversubscribes = true
    #expect(Runtime.threadCount(options, Self.machine(cpus: 1)).count == 3)
  }

  @Test func notesASlowProcessor() {
    var machine = Self.machine(cpus: 1)
    machine.architecture = "x86_64"
    machine.instructions = ["sse2"]
    #expect(Runtime.buildNotes(machine).contains { $0.contains("no fused multiply-add") })
    machine.instructions = ["sse2", "fma"]
    #expect(!Runtime.buildNotes(machine).contains { $0.contains("no fused multiply-add") })
    #expect(Runtime.buildNotes(machine).contains { $0.contains("unoptimised") } == Runtime.unoptimisedBuild)
  }

  @Test func aRuntime() throws {
    let runtime = try Runtime(options: RuntimeOptions(threads: 1, cpu: "portable", memoryLimit: 1 << 20))
    #expect(runtime.workers.count == 1)
    #expect(runtime.cpu.name == "portable")
    #expect(runtime.memoryLimit == 1 << 20)
    #expect(throws: RuntimeError.self) { try Runtime(options: RuntimeOptions(cpu: "z80")) }
  }

  @Test func theEnvironmentChoosesKernels() async {
    await #expect(processExitsWith: .success) {
      setenv("APUS_CPU", "portable", 1)
      let named = try Runtime(options: RuntimeOptions(threads: 1))
      precondition(named.cpu.name == "portable")
      setenv("APUS_CPU", "", 1)
      let best = try Runtime(options: RuntimeOptions(threads: 1))
      precondition(best.cpu.name == best.cpu.supported.last)
      precondition(!best.notes.contains { $0.hasPrefix("kernels:") }, "\(best.notes)")
      setenv("APUS_CPU", "z80", 1)
      do throws(RuntimeError) {
        _ = try Runtime()
        preconditionFailure("kernels for a Z80 were found")
      } catch {
        precondition("\(error)".hasPrefix("unknown CPU 'z80' (APUS_CPU); known: portable, "), "\(error)")
      }
    }
  }

  @Test func ceilings() throws {
    let runtime = try Runtime()
    var ceilings: Ceilings?
    let seconds = try MonotonicClock.seconds { ceilings = try Ceilings.measure(runtime) }
    let measured = try #require(ceilings)
    print("ceilings in \(seconds) s with \(runtime.cpu.name): \(measured)")
    #expect(measured.single.threads == 1)
    #expect(measured.all.threads == runtime.workers.count)
    let table = runtime.cpu.table.pointee
    for ceiling in [measured.single, measured.all] {
      #expect(ceiling.f32 > 1e6)
      #expect(ceiling.readBytes > 1e6)
      #expect((ceiling.bf16 != nil) == (table.peak_bf16 != nil))
      #expect((ceiling.int8 != nil) == (table.peak_i8 != nil))
    }
  }
}
