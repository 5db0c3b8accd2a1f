// The machine as described by made-up trees of /proc and /sys: ordinary ones, containers, and systems that
// show nothing (F71). The real machine is only asked for plausible answers.

import ApusTestSupport
import Testing

@testable import ApusRuntime

struct MachineTests {
  /// Two sockets of two cores with two threads each.
  static let server: [String: String] = {
    var files = [
      "/sys/devices/system/cpu/online": "0-7\n",
      "/sys/devices/system/node/online": "0-1\n",
      "/proc/cpuinfo": """
      processor	: 0
      model name	: Example 9000
      flags		: fpu sse2 avx2 fma avx512f avx512_vnni

      processor	: 1
      model name	: Example 9000
      flags		: fpu
      """,
      "/proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n",
      "/proc/self/status": "Name:\tapus\nVmSize:\t   1000 kB\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
      "/proc/self/limits": "Limit  Soft  Hard  Units\nMax address space   unlimited  unlimited  bytes\n",
      "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    ]
    for cpu in 0..<8 {
      let core = cpu % 4
      files["/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list"] = "\(core),\(core + 4)\n"
      files["/sys/devices/system/cpu/cpu\(cpu)/topology/physical_package_id"] = "\(core / 2)\n"
    }
    let caches = [
      ("Data", 1, "48K", "0,4"), ("Instruction", 1, "32K", "0,4"), ("Unified", 2, "2048K", "0,4"),
      ("Unified", 3, "32M", "0-1,4-5"),
    ]
    for (index, cache) in caches.enumerated() {
      let directory = "/sys/devices/system/cpu/cpu0/cache/index\(index)/"
      files[directory + "type"] = cache.0 + "\n"
      files[directory + "level"] = "\(cache.1)\n"
      files[directory + "size"] = cache.2 + "\n"
      files[directory + "shared_cpu_list"] = cache.3 + "\n"
    }
    return files
  }()

  static func machine(_ changes: [String: String] = [:], online: Int = 8) -> Machine {
    Machine(SystemFiles(server.merging(changes) { $1 }), online: online)
  }

  @Test func aServer() {
    let machine = Self.machine()
    #expect(machine.model == "Example 9000")
    #expect(machine.instructions == ["fpu", "sse2", "avx2", "fma", "avx512f", "avx512_vnni"])
    #expect(machine.topology.logicalCPUs == 8)
    #expect(machine.topology.cores == 4)
    #expect(machine.topology.sockets == 2)
    #expect(machine.topology.memoryNodes == 2)
    #expect(
      machine.topology.caches == [
        CacheLevel(level: 1, bytes: 48 << 10, sharedBy: 2), CacheLevel(level: 2, bytes: 2 << 20, sharedBy: 2),
        CacheLevel(level: 3, bytes: 32 << 20, sharedBy: 4),
      ])
    #expect(machine.totalMemory == 16_000_000 * 1024)
    #expect(machine.availableMemory == 12_000_000 * 1024)
    #expect(machine.memoryLimit == nil)
    #expect(machine.cpuQuota == nil)
    #expect(machine.hugePages == "madvise")
    #expect(machine.effectiveCPUCount == 8)
    #expect(machine.defaultThreadCount == 4)
  }

  /// F71: nothing is readable.
  @Test func nothingReadable() {
    let machine = Machine(SystemFiles([:]), online: 3)
    #expect(machine.effectiveCPUCount == 3)
    #expect(machine.defaultThreadCount == 3)
    #expect(machine.topology.caches.isEmpty)
    #expect(machine.topology.cacheBytes(level: 2) > 0)
    #expect(machine.totalMemory > 0)
    #expect(machine.availableMemory > 0)
    let none = Machine(SystemFiles(root: "/nonexistent"), online: -1)
    #expect(none.effectiveCPUCount == 1)
  }

  /// Files that hold nonsense are as good as absent.
  @Test(arguments: [
    "", "x", "-1", "5-1", "0-99999999", "999999999999999999999999", "\u{0}\u{0}", "max max", ": kB",
  ])
  func nonsense(text: String) {
    var files = Self.server
    for path in files.keys { files[path] = text }
    files["/proc/self/cgroup"] = "0::/\n" + text
    for name in ["cpu.max", "memory.max", "memory.current", "cpu.cfs_quota_us", "cpu.cfs_period_us"] {
      files["/sys/fs/cgroup/" + name] = text
    }
    let machine = Machine(SystemFiles(files), online: 2)
    #expect(machine.effectiveCPUCount >= 1)
    #expect(machine.defaultThreadCount >= 1)
    #expect(machine.availableMemory >= 0)
  }

  @Test(arguments: [
    ("200000 100000", 2), ("150000 100000", 1), ("50000 100000", 1), ("max 100000", 8), ("900000 100000", 8),
    ("390000 100000", 3),
  ])
  func version2Quota(text: String, threads: Int) {
    let machine = Self.machine(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text + "\n"])
    #expect(machine.effectiveCPUCount == threads)
  }

  @Test(arguments: [("200000", "100000", 2), ("-1", "100000", 8), ("100000", "50000", 2)])
  func version1Quota(quota: String, period: String, threads: Int) {
    // Docker without a cgroup namespace: the named path does not exist inside.
    let machine = Self.machine([
      "/proc/self/cgroup": "3:cpu,cpuacct:/docker/abc\n2:memory:/docker/abc\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": quota + "\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": period + "\n",
    ])
    #expect(machine.effectiveCPUCount == threads)
  }

  @Test func anAncestorsLimitCounts() {
    let machine = Self.machine([
      "/proc/self/cgroup": "0::/user.slice/job\n",
      "/sys/fs/cgroup/user.slice/cpu.max": "300000 100000\n",
      "/sys/fs/cgroup/user.slice/job/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/user.slice/job/memory.max": "1073741824\n",
      "/sys/fs/cgroup/user.slice/job/memory.current": "600000000\n",
      "/sys/fs/cgroup/user.slice/job/memory.stat": "anon 1\ninactive_file 100000000\nactive_file 200000000\n",
    ])
    #expect(machine.effectiveCPUCount == 3)
    #expect(machine.memoryLimit == 1 << 30)
    #expect(machine.availableMemory == (1 << 30) - 300_000_000)
  }

  @Test func version1Memory() {
    let machine = Self.machine([
      "/proc/self/cgroup": "4:memory:/a/b\n3:cpuset:/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "2000000000\n",
      "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "500000000\n",
    ])
    #expect(machine.memoryLimit == 2_000_000_000)
    #expect(machine.availableMemory == 1_500_000_000)
  }

  @Test(arguments: [("0-1", 2, 2), ("0,4", 2, 1), ("3", 1, 1), ("0-63", 8, 4), ("6-9", 2, 2)])
  func affinity(list: String, threads: Int, cores: Int) {
    let machine = Self.machine(["/proc/self/status": "Cpus_allowed_list:\t\(list)\n"])
    #expect(machine.effectiveCPUCount == threads)
    #expect(machine.defaultThreadCount == cores)
  }

  @Test func addressSpaceLimit() {
    let machine = Self.machine([
      "/proc/self/limits": "Max address space        1048576000     unlimited     bytes\n"
    ])
    #expect(machine.availableMemory == 1_048_576_000 - 1000 * 1024)
  }

  @Test func cpuLists() {
    #expect(parseCPUList("0-3,8,10-11\n") == [0, 1, 2, 3, 8, 10, 11])
    #expect(parseCPUList("0") == [0])
    for wrong in ["", "a", "3-1", "-1", "1-", "0--2", "0-70000", "1,,b"] {
      #expect(parseCPUList(wrong) == nil)
    }
  }

  @Test func thisMachine() {
    let machine = Machine.detect()
    #expect(machine.effectiveCPUCount >= 1)
    #expect((1...machine.effectiveCPUCount).contains(machine.defaultThreadCount))
    #expect(machine.totalMemory >= 64 << 20)
    #expect(machine.availableMemory <= machine.totalMemory)
    print("machine: \(machine.model), \(machine.topology), \(byteText(machine.availableMemory)) available")
  }

  @Test func peakMemory() throws {
    guard let before = ProcessMemory.peakResident else { return }
    let buffer = try HugeBuffer(byteCount: 64 << 20, purpose: "a test")
    buffer.bytes.initializeMemory(as: UInt8.self, repeating: 1)
    let after = try #require(ProcessMemory.peakResident)
    #expect(after >= before)
    #expect(after >= 64 << 20)
    #expect(after < 64 << 30)
  }
}
