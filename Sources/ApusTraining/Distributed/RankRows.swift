// How the rows of a step, the weights of a model and the cores of a machine are divided when a run is put together.

import ApusModels
import ApusRuntime

extension RankGroup {
  /// The rows of a step of `count` that a rank reads: those r with ⌊r · size / count⌋ = rank.
  package static func rows(of rank: Int, size: Int, count: Int) -> Range<Int> {
    (rank * count + size - 1) / size..<((rank + 1) * count + size - 1) / size
  }
}

extension TrainingAssembly {
  /// Who updates which rows; nil when one process updates all.
  static func shards(
    _ layout: [TrainableWeights.Tensor], _ tensors: [TrainableTensor], _ kind: OptimizerKind,
    _ group: RankGroup
  ) -> ShardPlan? {
    guard !group.isAlone else { return nil }
    return ShardPlan(layout, size: group.size) { kind.needsWholeTensor(tensors[$0].kind) }
  }
}

extension RankGroup {
  /// Threads a process should use when the user does not say: the processes of a machine share its cores, unless whoever
  /// started them has given each its own.
  package func threads(on machine: Machine) -> Int? {
    let processes = communicator.ranksHere
    guard processes > 1 else { return nil }
    let topology = machine.topology
    let overlap = max(1, Double(topology.allowedCPUs * processes) / Double(max(1, topology.logicalCPUs)))
    let quota = machine.cpuQuota.map { $0 / Double(processes) } ?? .infinity
    return max(1, Int(min(Double(topology.allowedCores) / overlap, quota)))
  }
}
