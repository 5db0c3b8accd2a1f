// What the machine is, as far as this process may use it: instruction sets, cores, caches, memory, and the
// limits of the container it runs in. A snapshot, read once; nothing here is measured.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A description of the machine.
///
/// Every field has a sensible value when the system does not say, so a locked-down container still works.
public struct Machine: Equatable, Sendable {
  /// "x86_64", "arm64" or what the compiler was built for.
  public var architecture: String
  /// The processor's name for people, such as "AMD EPYC".
  public var model: String
  /// Instruction-set flags by the names the kernel gives them, such as "avx2". Empty when unknown.
  public var instructions: Set<String>
  /// Cores, sockets, caches.
  public var topology: Topology
  /// Bytes of physical memory.
  public var totalMemory: Int
  /// Bytes that can be taken now without swapping, below the container's and the process's limits.
  public var availableMemory: Int
  /// The memory limit of the control group, if there is one, in bytes.
  public var memoryLimit: Int?
  /// Processors' worth of time the control group may use, if it is limited.
  public var cpuQuota: Double?
  /// Bytes of a page.
  public var pageBytes: Int
  /// How transparent huge pages are given: "always", "madvise", "never", or "unknown".
  public var hugePages: String

  /// Logical processors worth a thread: those allowed to the process, within the quota rounded down
  /// (at least 1). A group that uses more than its quota is stopped in the middle of a phase, and every
  /// other thread would wait for it.
  public var effectiveCPUCount: Int {
    min(topology.allowedCPUs, quotaThreads)
  }

  /// Threads to use when the user does not say: one per physical core allowed, within the quota. Two
  /// hardware threads of a core share the vector units and the caches that the kernels fill on their own.
  public var defaultThreadCount: Int {
    max(1, min(topology.allowedCores, quotaThreads))
  }

  private var quotaThreads: Int {
    guard let cpuQuota else { return Int.max }
    return max(1, Int(min(cpuQuota, 1e6)))
  }

  /// A machine of which nothing is known but the number of processors.
  package init(cpus: Int) {
    architecture = compiledArchitecture
    model = "unknown"
    instructions = []
    topology = Topology(cpus: cpus)
    totalMemory = 2 << 30
    availableMemory = 1 << 30
    pageBytes = 4096
    hugePages = "unknown"
  }

  /// Describes the running machine.
  public static func detect() -> Machine {
    #if canImport(Darwin)
      return detectDarwin()
    #else
      var machine = Machine(.system, online: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
      machine.pageBytes = max(4096, sysconf(Int32(_SC_PAGESIZE)))
      return machine
    #endif
  }

  /// Describes the Linux machine whose files are given; `online` is the C library's count of processors.
  package init(_ files: SystemFiles, online: Int) {
    self.init(cpus: online)
    // The first processor speaks for all; the whole file is slow to make on machines with many.
    let processor = files.text("/proc/cpuinfo", limit: 8192) ?? ""
    let flags = field("flags", in: processor) ?? field("Features", in: processor) ?? ""
    instructions = Set(flags.split(separator: " ").map(String.init))
    if let name = field("model name", in: processor) ?? field("Model", in: processor) { model = name }
    topology = Topology(files, online: online)

    let group = ControlGroup(files)
    cpuQuota = group.cpuQuota
    memoryLimit = group.memoryLimit
    let memory = files.text("/proc/meminfo") ?? ""
    if let total = kilobytes(memory, field: "MemTotal") {
      totalMemory = total
      availableMemory = kilobytes(memory, field: "MemAvailable") ?? total / 2
    } else if let limit = group.memoryLimit {
      totalMemory = limit
      availableMemory = limit
    }
    if let available = group.memoryAvailable { availableMemory = min(availableMemory, available) }
    if let available = addressSpaceLeft(files) { availableMemory = min(availableMemory, available) }

    if let mode = files.text("/sys/kernel/mm/transparent_hugepage/enabled"),
      let chosen = mode.split(separator: " ").first(where: { $0.hasPrefix("[") && $0.hasSuffix("]") })
    {
      hugePages = String(chosen.dropFirst().dropLast())
    }
  }
}

/// Bytes left under `ulimit -v`; nil without a limit.
private func addressSpaceLeft(_ files: SystemFiles) -> Int? {
  guard let limits = files.text("/proc/self/limits") else { return nil }
  for line in limits.split(whereSeparator: \.isNewline) where line.hasPrefix("Max address space") {
    guard
      let limit = line.dropFirst("Max address space".count).split(separator: " ").first.flatMap({ Int($0) })
    else { return nil }
    let used = files.text("/proc/self/status").flatMap { kilobytes($0, field: "VmSize") } ?? 0
    return max(0, limit - used)
  }
  return nil
}

private var compiledArchitecture: String {
  #if arch(x86_64)
    "x86_64"
  #elseif arch(arm64)
    "arm64"
  #elseif arch(riscv64)
    "riscv64"
  #else
    "unknown"
  #endif
}
