// The meters of the system: files of other machines, refused counters, stepped clocks, memory that is half in use.

import ApusTestSupport
import Synchronization
import Testing

@testable import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct SystemReadingTests {
  private let tick = 1_000_000 / sysconf(Int32(_SC_CLK_TCK))

  @Test("control groups of version 2: the ancestor that was held back counts")
  func version2() {
    let reading = SystemReading.now(
      SystemFiles([
        "/proc/self/cgroup": "0::/docker/box\n",
        "/sys/fs/cgroup/cpu.stat": "usage_usec 5\n",
        "/sys/fs/cgroup/docker/cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_usec 1500\n",
        "/sys/fs/cgroup/docker/box/cpu.stat": "nr_throttled 0\nthrottled_usec 0\n",
        "/proc/stat": "cpu  1 2 3 4 5 6 7 80 9 10\ncpu0 1 2 3 4 5 6 7 1000 9 10\n",
      ]))
    #expect(reading.throttledPeriods == 4 && reading.throttledMicroseconds == 1500)
    #expect(reading.stolenMicroseconds == 80 * tick)
  }

  @Test("control groups of version 1 count nanoseconds")
  func version1() {
    let reading = SystemReading.now(
      SystemFiles([
        "/proc/self/cgroup": "4:cpu,cpuacct:/box\n2:memory:/box\n",
        "/sys/fs/cgroup/cpu,cpuacct/box/cpu.stat": "nr_periods 9\nnr_throttled 2\nthrottled_time 7000\n",
      ]))
    #expect(reading.throttledPeriods == 2 && reading.throttledMicroseconds == 7)
    #expect(reading.stolenMicroseconds == nil)
  }

  @Test(
    "what cannot be read is not known",
    arguments: ["", "cpu 1 2 3", "cpu  1 2 3 4 5 6 7 x", "cpu  1 2 3 4 5 6 7 -8", "intr 1 2 3 4 5 6 7 8 9"])
  func unreadable(_ stat: String) {
    let reading = SystemReading.now(
      SystemFiles(["/proc/stat": stat, "/sys/fs/cgroup/cpu.stat": "nr_throttled x\nthrottled_usec"]))
    #expect(reading.throttledPeriods == nil && reading.throttledMicroseconds == nil)
    #expect(reading.stolenMicroseconds == nil)
  }

  @Test("differences are those of the fields, and nothing where one side does not know")
  func differences() {
    var (before, after) = (SystemReading(), SystemReading())
    (before.minorFaults, after.minorFaults) = (3, 10)
    (before.involuntarySwitches, after.involuntarySwitches) = (1, 1)
    (before.throttledPeriods, after.throttledPeriods) = (2, 5)
    after.stolenMicroseconds = 7
    (before.nanoseconds, after.nanoseconds) = (5, 12)
    let difference = after.since(before)
    #expect(difference.minorFaults == 7 && difference.involuntarySwitches == 0)
    #expect(difference.throttledPeriods == 3 && difference.stolenMicroseconds == nil)
    #expect(difference.nanoseconds == 7)
  }

  @Test("what hindered is said, and a percent of the time or less is not")
  func hindrances() {
    var reading = SystemReading()
    reading.nanoseconds = 10_000_000_000
    #expect(reading.hindrances(threads: 2).isEmpty)
    reading.throttledPeriods = 0
    // A hundredth of twenty seconds.
    reading.stolenMicroseconds = 200_000
    #expect(reading.hindrances(threads: 2).isEmpty)
    reading.stolenMicroseconds = 220_000
    #expect(reading.hindrances(threads: 2) == ["the hypervisor gave 1 % of the time to other machines"])
    reading.stolenMicroseconds = 1_800_000
    (reading.throttledPeriods, reading.throttledMicroseconds) = (3, 1_499_600)
    let sentences = reading.hindrances(threads: 2)
    #expect(sentences.count == 2)
    #expect(sentences[0].hasPrefix("the control group was held back in 3 periods, 1500 ms in all: "))
    #expect(sentences[1] == "the hypervisor gave 9 % of the time to other machines")
  }

  @Test("writing to new pages faults")
  func faults() throws {
    let before = SystemReading.now()
    let buffer = try HugeBuffer(byteCount: 1 << 20, purpose: "a test")
    for page in stride(from: 0, to: 1 << 20, by: 4096) {
      (buffer.base + page).storeBytes(of: 1, as: UInt8.self)
    }
    #expect(
      SystemReading.now().since(before).minorFaults >= (1 << 20) / max(4096, sysconf(Int32(_SC_PAGESIZE))))
  }
}

@Suite struct HardwareMeterTests {
  private func meter(_ errno: Int32, _ files: [String: String] = [:]) -> String? {
    HardwareMeter(files: SystemFiles(files), threads: [1, 2]) { _, _ in -errno }.unavailable
  }

  @Test(
    "a refusal is told with what can be done",
    arguments: [
      (EACCES, "3", "kernel.perf_event_paranoid is 3"), (EPERM, "4", "sysctl kernel.perf_event_paranoid=2"),
      (EPERM, "2", "although kernel.perf_event_paranoid is 2"), (EACCES, "", "--cap-add PERFMON"),
      (ENOENT, "2", "often a virtual one"), (EOPNOTSUPP, "2", "often a virtual one"),
      (ENOSYS, "", "no perf_event_open"), (EMFILE, "", "ulimit -n"),
    ] as [(Int32, String, String)])
  func refusals(_ errno: Int32, _ paranoid: String, _ words: String) {
    let text = meter(errno, ["/proc/sys/kernel/perf_event_paranoid": paranoid])
    #expect(
      text?.hasPrefix("no hardware counters: ") == true && text?.contains(words) == true, "\(text ?? "")")
  }

  @Test("the events that are refused are named, and only they")
  func some() {
    var closed: Int32 = -1
    let text = HardwareMeter(threads: [7]) { event, _ in
      guard event != .cacheMisses else { return -ENOENT }
      closed = open("/dev/null", O_RDONLY)
      return closed
    }.unavailable
    #expect(text == "no cache misses: this machine (often a virtual one) has no such counters")
    // The meter has ended and with it its descriptors.
    #expect(fcntl(closed, F_GETFD) == -1)
  }

  @Test("a thread that has ended is no refusal; no thread at all is told")
  func threads() {
    #expect(meter(ESRCH)?.contains("not listed") == true)
    #expect(HardwareMeter(threads: []) { _, _ in 0 }.unavailable?.contains("not listed") == true)
    #if os(Linux)
      #expect(HardwareMeter.threads().contains(getpid()))
    #endif
  }

  @Test("this machine counts cycles, or says why not")
  func here() {
    let meter = HardwareMeter()
    var sum = 0.0
    for index in 0..<100_000 { sum += Double(index).squareRoot() }
    #expect(sum > 0)
    if let cycles = meter.count(.cycles) {
      #expect(cycles > 100_000)
    } else {
      #expect(meter.unavailable != nil)
    }
  }
}

@Suite struct TickClockTests {
  @Test("the processor's clock is used only where the kernel trusts it")
  func choice() {
    func clock(_ flags: String, _ sources: String) -> Bool {
      TickClock(
        SystemFiles([
          "/proc/cpuinfo": "processor : 0\nflags\t\t: fpu \(flags) sse2\n",
          "/sys/devices/system/clocksource/clocksource0/available_clocksource": sources,
        ])
      ).isOfProcessor
    }
    #if arch(x86_64)
      #expect(clock("constant_tsc nonstop_tsc", "tsc kvm-clock\n"))
    #endif
    #expect(!clock("constant_tsc nonstop_tsc", "kvm-clock acpi_pm\n"))
    #expect(!clock("constant_tsc", "tsc\n") && !clock("nonstop_tsc", "tsc\n"))
    #expect(!TickClock(SystemFiles([:])).isOfProcessor)
  }

  @Test("it goes on", arguments: [SystemFiles.system, SystemFiles([:])])
  func advances(_ files: SystemFiles) {
    let clock = TickClock(files)
    let (start, begun) = (clock.now, MonotonicClock.nanoseconds)
    while MonotonicClock.nanoseconds < begun + 1_000_000 {}
    #expect(clock.now > start)
  }
}

@Suite struct ClockWatchTests {
  @Test(
    "a clock that was set is told",
    arguments: [(0.0, nil), (0.9, nil), (3600.2, "forward by 3600 s"), (-2, "back by 2 s")]
      as [(Double, String?)])
  func steps(_ step: Double, _ words: String?) {
    let looks = Looks()
    let watch = ClockWatch {
      // The second look is ten seconds later, by both clocks.
      looks.count.wrappingAdd(1, ordering: .relaxed).oldValue == 0 ? (100, 1000) : (110, 1010 + step)
    }
    let note = watch.note
    if let words { #expect(note?.contains(words) == true) } else { #expect(note == nil) }
  }
}

/// How often the made-up clocks were looked at.
private final class Looks: Sendable {
  let count = Atomic(0)
}

@Suite struct MemoryMeterTests {
  @Test(
    "pages that were written are in memory, the others are not",
    .enabled(if: ResidentPages() != nil, "needs pagemap"))
  func pages() throws {
    // Small pages: a huge one would be there as a whole.
    let buffer = try HugeBuffer(byteCount: 1 << 20, purpose: "a test")
    guard let pages = ResidentPages() else { return }
    let region = MemoryRegion("a test", buffer.base, 1 << 20)
    #expect(pages.bytes(of: region) == 0)
    memset(buffer.base, 1, 1 << 19)
    #expect(pages.bytes(of: region) == 1 << 19)
    #expect(pages.bytes(of: MemoryRegion("half", buffer.base + (1 << 19), 1 << 19)) == 0)
    #expect(pages.bytes(of: MemoryRegion("nothing", buffer.base, 0)) == 0)
  }

  @Test("samples are thinned, not lost", .enabled(if: ResidentSampler().resident != nil, "needs statm"))
  func samples() throws {
    let sampler = ResidentSampler(capacity: 8, pause: 0)
    var first: UInt64?
    for _ in 0..<100 {
      sampler.look()
      first = first ?? sampler.samples.first?.time
    }
    #expect(sampler.samples.count <= 8 && sampler.samples.count >= 4)
    #expect(sampler.samples.first?.time == first)
    #expect(zip(sampler.samples, sampler.samples.dropFirst()).allSatisfy { $0.time < $1.time })
    let whole = try #require(ProcessMemory.resident)
    #expect(abs(sampler.resident! - whole) < max(16 << 20, whole / 4))
    #expect(countAllocations { for _ in 0..<100 { sampler.look() } } == 0 || !allocationsAreCounted)
  }
}

@Suite struct MeasuredPoolTests {
  /// What the workers of a run leave.
  private struct Marks {
    var pool: WorkerPool
    var units: UnsafeMutablePointer<Int>
  }

  @Test("a pool that works alone does every unit on the caller, and all again afterwards", arguments: [1, 3])
  func alone(_ threads: Int) throws {
    let pool = try WorkerPool(count: threads, processors: threads)
    let units = UnsafeMutablePointer<Int>.allocate(capacity: threads)
    let times = UnsafeMutablePointer<UInt64>.allocate(capacity: threads)
    defer {
      units.deallocate()
      times.deallocate()
    }
    func run() -> [Int] {
      units.initialize(repeating: 0, count: threads)
      times.initialize(repeating: 0, count: threads)
      var marks = Marks(pool: pool, units: units)
      withUnsafeMutablePointer(to: &marks) { marks in
        pool.run(UnsafeMutableRawPointer(marks)) { marks, worker in
          let marks = marks.assumingMemoryBound(to: Marks.self).pointee
          marks.units[worker] += 1
          marks.pool.barrier(worker)
          marks.pool.barrier(worker) { marks.units[worker] += 10 }
        }
      }
      return (0..<threads).map { units[$0] }
    }
    pool.measure(alone: true, times: times)
    #expect(pool.activeCount == 1)
    #expect(run() == [11] + Array(repeating: 0, count: threads - 1))
    #expect(times[0] > 0 && (1..<threads).allSatisfy { times[$0] == 0 })
    pool.measure()
    #expect(pool.activeCount == threads)
    let all = run()
    #expect(all.allSatisfy { $0 % 10 == 1 } && all.reduce(0, +) == threads + 10)
    #expect((0..<threads).allSatisfy { times[$0] == 0 })
  }
}
