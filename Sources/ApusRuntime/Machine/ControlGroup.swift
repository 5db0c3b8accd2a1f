// The limits of a Linux control group, version 1 or 2: how many processors' worth of time and how much
// memory a container may use. See the kernel's admin-guide/cgroup-v1 and cgroup-v2.

/// What the process's control groups allow; nil where there is no limit, or none readable.
package struct ControlGroup: Equatable, Sendable {
  /// Processors' worth of time, such as 1.5.
  package var cpuQuota: Double?
  /// Bytes of memory the group may hold.
  package var memoryLimit: Int?
  /// Bytes still free under that limit, counting what the kernel can drop (file cache) as free.
  package var memoryAvailable: Int?

  /// Reads the groups that `/proc/self/cgroup` names. A limit of any ancestor counts; inside a container
  /// the named path may not exist, then the files at the mount point are the container's.
  package init(_ files: SystemFiles) {
    let lines = (files.text("/proc/self/cgroup") ?? "").split(whereSeparator: \.isNewline)
    var sawMemory = false
    var sawQuota = false
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let path = String(parts[2])
      let controllers = parts[1].split(separator: ",").map(String.init)
      if parts[0] == "0", controllers.isEmpty {
        for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
          for group in groupDirectories(mount, path) { addVersion2(files, group) }
        }
        continue
      }
      for mount in Set([parts[1]] + controllers.map { $0[...] }).sorted().map({ "/sys/fs/cgroup/" + $0 }) {
        for group in groupDirectories(mount, path) {
          if controllers.contains("cpu") {
            sawQuota = true
            addQuota(version1Quota(files, group))
          }
          if controllers.contains("memory") {
            sawMemory = true
            addMemory(
              files, limit: files.number(group + "/memory.limit_in_bytes"),
              used: files.number(group + "/memory.usage_in_bytes"), statistics: group + "/memory.stat",
              prefix: "total_")
          }
        }
      }
    }
    // /proc may be hidden while /sys is not: the mount points are better than nothing.
    if lines.isEmpty { addVersion2(files, "/sys/fs/cgroup") }
    if !sawQuota { addQuota(version1Quota(files, "/sys/fs/cgroup/cpu")) }
    if !sawMemory {
      addMemory(
        files, limit: files.number("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        used: files.number("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
        statistics: "/sys/fs/cgroup/memory/memory.stat", prefix: "total_")
    }
  }

  private mutating func addVersion2(_ files: SystemFiles, _ group: String) {
    if let text = files.text(group + "/cpu.max") {
      let numbers = text.split(separator: " ").map { Double($0) }
      if numbers.count == 2, let time = numbers[0], let period = numbers[1] {
        addQuota(quota(time, period))
      }
    }
    addMemory(
      files, limit: files.number(group + "/memory.max"), used: files.number(group + "/memory.current"),
      statistics: group + "/memory.stat", prefix: "")
  }

  private mutating func addQuota(_ quota: Double?) {
    guard let quota else { return }
    cpuQuota = min(cpuQuota ?? quota, quota)
  }

  private mutating func addMemory(
    _ files: SystemFiles, limit: Int?, used: Int?, statistics: String, prefix: String
  ) {
    // Version 1 says "none" with the largest multiple of the page size.
    guard let limit, limit >= 0, limit < 1 << 60 else { return }
    memoryLimit = min(memoryLimit ?? limit, limit)
    var droppable = 0
    for line in (files.text(statistics) ?? "").split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: " ")
      guard parts.count == 2, let value = Int(parts[1]), value >= 0, value < 1 << 60 else { continue }
      if parts[0] == prefix + "inactive_file" || parts[0] == prefix + "active_file" { droppable += value }
    }
    let held = max(0, min(used ?? 0, 1 << 60) - droppable)
    let available = max(0, limit - held)
    memoryAvailable = min(memoryAvailable ?? available, available)
  }
}

/// The directories of a group and its ancestors up to the mount point.
func groupDirectories(_ mount: String, _ path: String) -> [String] {
  var result = [mount]
  var directory = mount
  for part in path.split(separator: "/") where part != ".." {
    directory += "/" + part
    result.append(directory)
  }
  return result
}

private func version1Quota(_ files: SystemFiles, _ group: String) -> Double? {
  guard let time = files.number(group + "/cpu.cfs_quota_us"),
    let period = files.number(group + "/cpu.cfs_period_us")
  else { return nil }
  return quota(Double(time), Double(period))
}

private func quota(_ time: Double, _ period: Double) -> Double? {
  time > 0 && period > 0 && time.isFinite && period.isFinite ? time / period : nil
}
