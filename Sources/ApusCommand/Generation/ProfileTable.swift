// The profile of a run as a table: one row per kind of operation, ranked by time.

import ApusBasics
import ApusGraph
import ApusRuntime

/// Rows of a profile.
struct ProfileTable {
  struct Row {
    var name: String
    var nanoseconds: UInt64 = 0
    var cost = Cost()
  }

  private var rows: [Row] = []
  private let total: Double
  private let ceiling: Ceiling

  init(_ profile: ExecutionProfile, _ ceilings: Ceilings) {
    ceiling = ceilings.all
    let plan = profile.plan
    var places: [String: Int] = [:]
    var wait: UInt64 = 0
    for (phase, groups) in plan.phases.enumerated() {
      for (group, nodes) in groups.groups.enumerated() {
        let name = plan.name(of: nodes)
        let place = places[name] ?? rows.count
        if place == rows.count {
          rows.append(Row(name: name))
          places[name] = place
        }
        rows[place].nanoseconds += profile.busyTime(phase: phase, group: group)
        rows[place].cost = nodes.reduce(rows[place].cost) { $0 + profile.work[$1] }
      }
      wait += profile.waitTime(phase: phase)
    }
    rows.append(Row(name: "waiting at barriers", nanoseconds: wait))
    rows.sort { $0.nanoseconds > $1.nanoseconds }
    total = max(1, Double(rows.reduce(0) { $0 + $1.nanoseconds }))
  }

  /// The table under its heading.
  static func report(_ profile: ExecutionProfile, of name: String, _ ceilings: Ceilings) -> [String] {
    let seconds = fixed(Double(profile.wall) * 1e-9, 3)
    return ["\(name): \(profile.runs) steps in \(seconds) s, times of all threads:"]
      + ProfileTable(profile, ceilings).lines()
  }

  /// Times are summed over threads; rates are those of all threads together.
  func lines() -> [String] {
    var table = Table([
      ("operation", .left), ("ms", .right), ("share", .right), ("GFLOP/s", .right), ("GB/s", .right),
      ("of limit", .right),
    ])
    for row in rows where row.nanoseconds > 0 {
      let seconds = Double(row.nanoseconds) * 1e-9 / Double(ceiling.threads)
      let (flops, bytes) = (row.cost.flops / seconds, row.cost.bytes / seconds)
      let limit = max(bytes / max(1, ceiling.readBytes), flops / peak(row.name))
      table.append([
        row.name, fixed(Double(row.nanoseconds) * 1e-6, 2),
        fixed(100 * Double(row.nanoseconds) / total, 1) + " %",
        row.cost.flops > 0 ? fixed(flops * 1e-9, 1) : "", row.cost.bytes > 0 ? fixed(bytes * 1e-9, 1) : "",
        row.cost.bytes > 0 ? fixed(100 * limit, 0) + " %" : "",
      ])
    }
    return table.lines()
  }

  /// The arithmetic limit of an operation: products in integers or bf16 have their own.
  private func peak(_ name: String) -> Double {
    guard name.hasPrefix("matmul") else { return max(1, ceiling.f32) }
    if name.hasSuffix("F32") || name.hasSuffix(" F16") { return max(1, ceiling.f32) }
    return max(1, (name.hasSuffix("BF16") ? ceiling.bf16 : ceiling.int8) ?? ceiling.f32)
  }
}
