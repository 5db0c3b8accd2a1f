// The machine as profiles describe it.

import ApusRuntime

extension ProfiledMachine {
  /// The machine of a runtime, and what was measured as its best.
  package init(_ runtime: Runtime, _ ceilings: Ceilings) {
    self.init(
      processor: runtime.machine.model, kernels: runtime.cpu.name, threads: runtime.workers.count,
      physicalCores: runtime.machine.topology.allowedCores, memoryLimit: runtime.memoryLimit,
      single: MachineLimits(ceilings.single), all: MachineLimits(ceilings.all))
  }
}

extension MachineLimits {
  package init(_ ceiling: Ceiling) {
    self.init(f32: ceiling.f32, bf16: ceiling.bf16, int8: ceiling.int8, readBytes: ceiling.readBytes)
  }

  /// The most operations per second in an arithmetic; single precision stands in for what there is not.
  package func peak(_ arithmetic: Arithmetic) -> Double {
    switch arithmetic {
    case .f32: f32
    case .bf16: bf16 ?? f32
    case .int8: int8 ?? f32
    }
  }
}
