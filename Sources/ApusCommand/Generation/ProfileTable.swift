// A phase of a profile as tables: a row for each kind of operation ranked by time, and a row for each layer. What `run`
// and `bench` show with --profile, and `profile` always.

import ApusBasics
import ApusGraph
import ApusProfile
import ApusRuntime

/// The tables of a phase.
struct ProfileTable {
  private let phase: ProfiledPhase
  private let limits: MachineLimits
  private let threads: Int

  /// - Parameters:
  ///   - limits: what the machine does at best with the threads of the phase.
  ///   - threads: how many.
  init(_ phase: ProfiledPhase, limits: MachineLimits, threads: Int) {
    self.phase = phase
    self.limits = limits
    self.threads = threads
  }

  /// All runs of an executor under their heading.
  static func report(_ profile: ExecutionProfile, of name: String, _ ceilings: Ceilings) -> [String] {
    let table = ProfileTable(
      ProfiledPhase(name, profile), limits: MachineLimits(ceilings.all), threads: profile.workers)
    return [table.heading] + table.operations
  }

  /// What was run, in a line.
  var heading: String {
    let seconds = Double(phase.wall) * 1e-9
    return "\(phase.name): \(phase.steps) steps in \(fixed(seconds, 3)) s, \(fixed(phase.rate, 1)) tokens/s; "
      + "times of all threads:"
  }

  /// A kind of operation, in all layers.
  private struct Row {
    var name: String
    var arithmetic = Arithmetic.f32
    var calls = 0
    var time: UInt64 = 0
    var flops = 0.0
    var bytes = 0.0
    /// Nanoseconds with one thread, of the operations that were run so, and those operations' here.
    var single: UInt64 = 0
    var comparable: UInt64 = 0
  }

  /// A row for each kind of operation. Times are summed over threads, rates are those of all threads together;
  /// efficiency is t₁ / (n·tₙ).
  var operations: [String] {
    var rows: [Row] = []
    var wait: UInt64 = 0
    for operation in phase.operations {
      let place = rows.firstIndex { $0.name == operation.name } ?? rows.count
      if place == rows.count { rows.append(Row(name: operation.name, arithmetic: operation.arithmetic)) }
      let (busy, waited) = (operation.busy.reduce(0, +), operation.wait.reduce(0, +))
      rows[place].calls += operation.calls
      rows[place].time += busy
      rows[place].flops += operation.flops
      rows[place].bytes += operation.bytes
      if let single = operation.single {
        rows[place].single += single
        rows[place].comparable += busy + waited
      }
      wait += waited
    }
    rows.append(Row(name: "waiting at barriers", time: wait))
    let hasSingle = rows.contains { $0.single > 0 }
    var table = Table(
      [
        ("operation", .left), ("calls", .right), ("ms", .right), ("share", .right), ("GFLOP/s", .right),
        ("GB/s", .right), ("of limit", .right),
      ] + (hasSingle ? [("efficiency", .right)] : []))
    let total = max(1, Double(rows.reduce(0) { $0 + $1.time }))
    for row in rows.sorted(by: { $0.time > $1.time }) where row.time > 0 {
      let seconds = Double(row.time) * 1e-9 / Double(threads)
      let (flops, bytes) = (row.flops / seconds, row.bytes / seconds)
      let limit = max(bytes / max(1, limits.readBytes), flops / max(1, limits.peak(row.arithmetic)))
      table.append(
        [
          row.name, row.calls > 0 ? "\(row.calls)" : "", fixed(Double(row.time) * 1e-6, 2),
          fixed(100 * Double(row.time) / total, 1) + " %",
          row.flops > 0 ? fixed(flops * 1e-9, 1) : "", row.bytes > 0 ? fixed(bytes * 1e-9, 1) : "",
          row.bytes > 0 ? fixed(100 * limit, 0) + " %" : "",
        ]
          + (hasSingle
            ? [row.comparable > 0 ? fixed(100 * Double(row.single) / Double(row.comparable), 0) + " %" : ""]
            : []))
    }
    return table.lines()
  }

  /// A row for each layer, in order, and one for what is outside of all; none where there is only one row.
  var layers: [String] {
    var rows: [(name: String, busy: UInt64, wait: UInt64)] = []
    for operation in phase.operations {
      let first = operation.scope.split(separator: "/").first.map(String.init) ?? ""
      let name = first.isEmpty ? "outside of layers" : first
      let place = rows.firstIndex { $0.name == name } ?? rows.count
      if place == rows.count { rows.append((name, 0, 0)) }
      rows[place].busy += operation.busy.reduce(0, +)
      rows[place].wait += operation.wait.reduce(0, +)
    }
    guard rows.count > 1 else { return [] }
    let total = max(1, Double(rows.reduce(0) { $0 + $1.busy + $1.wait }))
    var table = Table([("part", .left), ("ms", .right), ("waiting ms", .right), ("share", .right)])
    for row in rows {
      table.append([
        row.name, fixed(Double(row.busy) * 1e-6, 2), fixed(Double(row.wait) * 1e-6, 2),
        fixed(100 * Double(row.busy + row.wait) / total, 1) + " %",
      ])
    }
    return table.lines()
  }
}
