// How the processors of the machine are arranged: cores and their hardware threads, sockets, memory nodes,
// caches. From /sys on Linux; what is not readable is assumed to be simple (one socket, no shared cores).

/// One kind of data cache.
public struct CacheLevel: Equatable, Sendable {
  /// 1 is nearest to the core.
  public let level: Int
  /// Bytes of one such cache.
  public let bytes: Int
  /// Logical processors that share one.
  public let sharedBy: Int
}

/// The arrangement of the processors that are online.
public struct Topology: Equatable, Sendable {
  /// Logical processors (hardware threads) online.
  public var logicalCPUs: Int
  /// Physical cores online.
  public var cores: Int
  /// Processor packages.
  public var sockets: Int
  /// Memory nodes (NUMA).
  public var memoryNodes: Int
  /// Data and unified caches of the first processor, nearest first. Empty when unknown.
  public var caches: [CacheLevel]
  /// Logical processors this process may run on.
  public var allowedCPUs: Int
  /// Physical cores among them.
  public var allowedCores: Int

  /// Bytes of the given level of data cache, or a modest default for a machine that does not say.
  public func cacheBytes(level: Int) -> Int {
    if let cache = caches.first(where: { $0.level == level }) { return cache.bytes }
    return switch level {
    case 1: 32 << 10
    case 2: 256 << 10
    default: 4 << 20
    }
  }

  /// A machine of `cpus` separate cores, for systems that describe nothing more.
  package init(cpus: Int) {
    let cpus = max(1, cpus)
    logicalCPUs = cpus
    cores = cpus
    sockets = 1
    memoryNodes = 1
    caches = []
    allowedCPUs = cpus
    allowedCores = cpus
  }

  /// Reads the tree of `/sys/devices/system`; `online` is the answer of the C library, used where the
  /// tree is silent.
  package init(_ files: SystemFiles, online: Int) {
    self.init(cpus: online)
    let system = "/sys/devices/system/"
    let listed = files.text(system + "cpu/online").flatMap(parseCPUList)
    let cpus = listed ?? Array(0..<logicalCPUs)
    logicalCPUs = cpus.count

    let status = files.text("/proc/self/status") ?? ""
    let mask = field("Cpus_allowed_list", in: status).flatMap(parseCPUList).map(Set.init)
    // The affinity mask names processors that may be offline: only those online count.
    let runnable = cpus.filter { mask?.contains($0) ?? true }
    let allowed = runnable.isEmpty ? cpus : runnable
    allowedCPUs = mask == nil && listed != nil ? min(online, allowed.count) : allowed.count

    var cores: Set<String> = []
    var allowedCores: Set<String> = []
    var sockets: Set<Int> = []
    let allowedSet = Set(allowed)
    for cpu in cpus {
      let topology = system + "cpu/cpu\(cpu)/topology/"
      let core = files.text(topology + "thread_siblings_list") ?? "\(cpu)"
      cores.insert(core)
      if allowedSet.contains(cpu) { allowedCores.insert(core) }
      if let socket = files.number(topology + "physical_package_id"), socket >= 0 { sockets.insert(socket) }
    }
    self.cores = cores.count
    self.allowedCores = min(allowedCores.count, allowedCPUs)
    self.sockets = max(1, sockets.count)
    memoryNodes = files.text(system + "node/online").flatMap(parseCPUList)?.count ?? 1
    caches = readCaches(files, system + "cpu/cpu\(allowed[0])/cache/index")
  }
}

private func readCaches(_ files: SystemFiles, _ prefix: String) -> [CacheLevel] {
  var caches: [CacheLevel] = []
  for index in 0..<16 {
    let directory = prefix + "\(index)/"
    guard let kind = files.text(directory + "type") else { break }
    guard kind != "Instruction", let level = files.number(directory + "level"),
      let bytes = files.text(directory + "size").flatMap(parseSize)
    else { continue }
    let sharing = files.text(directory + "shared_cpu_list").flatMap(parseCPUList)?.count ?? 1
    caches.append(CacheLevel(level: level, bytes: bytes, sharedBy: sharing))
  }
  return caches.sorted { $0.level < $1.level }
}

/// The bytes of a size such as "1024K".
func parseSize(_ text: String) -> Int? {
  let digits = text.prefix(while: \.isNumber)
  guard let number = Int(digits), number >= 0 else { return nil }
  let unit: Int
  switch text.dropFirst(digits.count) {
  case "": unit = 1
  case "K": unit = 1 << 10
  case "M": unit = 1 << 20
  case "G": unit = 1 << 30
  default: return nil
  }
  let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
  return overflow ? nil : bytes
}
