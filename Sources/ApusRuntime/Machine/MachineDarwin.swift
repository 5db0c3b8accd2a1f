// The machine as macOS describes it, through sysctl. There are no control groups there.

#if canImport(Darwin)
  import Darwin

  extension Machine {
    static func detectDarwin() -> Machine {
      var machine = Machine(cpus: sysctlNumber("hw.activecpu") ?? 1)
      machine.model = sysctlText("machdep.cpu.brand_string") ?? machine.model
      machine.topology.cores = sysctlNumber("hw.physicalcpu") ?? machine.topology.cores
      machine.topology.allowedCores = machine.topology.cores
      machine.topology.sockets = sysctlNumber("hw.packages") ?? 1
      for (level, name) in [(1, "hw.l1dcachesize"), (2, "hw.l2cachesize"), (3, "hw.l3cachesize")] {
        guard let bytes = sysctlNumber(name), bytes > 0 else { continue }
        machine.topology.caches.append(CacheLevel(level: level, bytes: bytes, sharedBy: 1))
      }
      for name in ["FEAT_DotProd", "FEAT_I8MM", "FEAT_BF16", "FEAT_FP16", "FEAT_SME"]
      where sysctlNumber("hw.optional.arm." + name) == 1 {
        machine.instructions.insert(name)
      }
      machine.totalMemory = sysctlNumber("hw.memsize") ?? machine.totalMemory
      // macOS compresses and pages long before memory is gone: three quarters is a safe share.
      machine.availableMemory = machine.totalMemory / 4 * 3
      machine.pageBytes = sysctlNumber("hw.pagesize") ?? machine.pageBytes
      return machine
    }
  }

  private func sysctlNumber(_ name: String) -> Int? {
    var value: Int64 = 0
    var size = MemoryLayout<Int64>.size
    guard sysctlbyname(name, &value, &size, nil, 0) == 0 else { return nil }
    // Some values are four bytes long; the machine is little-endian and `value` started at zero.
    return Int(value)
  }

  private func sysctlText(_ name: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 256)
    var size = bytes.count
    guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
    return String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self)
  }
#endif
