// Which kernels run: the table of functions chosen for this processor, once, when a Runtime is made.

import CApusKernels

/// The kernels in use.
///
/// Every table gives the same bits (contract 1); they differ in speed only. The best one the machine can run
/// is taken, after it has been compared with the portable one (see `KernelCheck`).
public struct CPU: Sendable {
  /// The name of the table, such as "avx512_bf16".
  public let name: String
  /// Bits of its vectors.
  public let vectorBits: Int
  /// The tables this machine can run, portable first, best last.
  public let supported: [String]
  /// What the user should know about the choice, one line each.
  public let notes: [String]

  /// The table itself. It lives as long as the process.
  package var table: UnsafePointer<apus_cpu> { reference.table }

  private let reference: TableReference

  /// Chooses the best table, or the one named.
  ///
  /// - Parameter preferred: taken before the best without a word said against it, where it runs and no name is given.
  /// - Throws: `RuntimeError.unknownCPU`, `.unsupportedCPU`, `.wrongCPU` for a name; `.noKernels`.
  public init(named name: String? = nil, preferred: String? = nil) throws(RuntimeError) {
    var tables: [UnsafePointer<apus_cpu>] = []
    while let table = apus_cpu_at(Int32(tables.count)) { tables.append(table) }
    try self.init(named: name, preferred: preferred, from: tables)
  }

  /// Chooses from the tables given, portable first.
  package init(
    named name: String?, preferred: String? = nil, from tables: [UnsafePointer<apus_cpu>]
  ) throws(RuntimeError) {
    guard let portable = tables.first else { throw .noKernels }
    let runnable = tables.filter { $0.pointee.supported?() != 0 }
    var notes: [String] = []
    var chosen: UnsafePointer<apus_cpu>?
    if let name {
      guard tables.contains(where: { tableName($0) == name }) else {
        throw .unknownCPU(name: name, known: tables.map(tableName))
      }
      guard let table = runnable.last(where: { tableName($0) == name }) else {
        throw .unsupportedCPU(name: name, supported: runnable.map(tableName))
      }
      if table != portable, let difference = KernelCheck.difference(table, portable) {
        throw .wrongCPU(name: name, difference: difference)
      }
      chosen = table
      if let best = runnable.last, best != table {
        notes.append(
          "kernels: \(name) by request; \(tableName(best)) runs here, too\(advantage(best, table))")
      }
    } else {
      let others = runnable.reversed().filter { tableName($0) != preferred }
      for table in runnable.filter({ tableName($0) == preferred }) + others {
        if table != portable, let difference = KernelCheck.difference(table, portable) {
          notes.append("kernels: \(tableName(table)) skipped, it differs from portable in \(difference)")
          continue
        }
        chosen = table
        break
      }
    }
    guard let chosen else { throw .noKernels }
    if name == nil, chosen == portable, tables.count > 1 {
      let others = tables.dropFirst().map(tableName).joined(separator: ", ")
      notes.append("kernels: portable, many times slower; this machine can run none of \(others)")
    }
    self.name = tableName(chosen)
    vectorBits = Int(chosen.pointee.vector_bits)
    supported = runnable.map(tableName)
    self.notes = notes
    reference = TableReference(table: chosen)
  }
}

extension UnsafePointer<apus_cpu> {
  /// The product for a weight layout; nil when the table has none.
  package func gemm(_ layout: apus_layout) -> ProductKernel? { entry(layout, of: pointee.gemm) }

  /// The product for a layout with blocks of 32 and activations with one scale per 256 values.
  package func coarseGemm(_ layout: apus_layout) -> ProductKernel? { entry(layout, of: pointee.gemm_coarse) }

  private func entry<Functions>(_ layout: apus_layout, of functions: Functions) -> ProductKernel? {
    precondition(layout.rawValue < APUS_LAYOUT_COUNT.rawValue)
    // Swift sees a C array as a tuple, which has no subscript.
    return withUnsafeBytes(of: functions) { functions in
      functions.load(
        fromByteOffset: Int(layout.rawValue) * MemoryLayout<ProductKernel?>.stride, as: ProductKernel?.self)
    }
  }
}

/// A product kernel.
package typealias ProductKernel = @convention(c) (UnsafePointer<apus_gemm>?) -> Void

/// Tables are constants of the program, so every thread may read them.
private struct TableReference: @unchecked Sendable {
  let table: UnsafePointer<apus_cpu>
}

private func tableName(_ table: UnsafePointer<apus_cpu>) -> String {
  table.pointee.name.map { String(cString: $0) } ?? "unnamed"
}

/// How much faster the arithmetic of one table is than another's, such as ", 2.0 times faster in f32".
/// Takes a few milliseconds.
private func advantage(_ best: UnsafePointer<apus_cpu>, _ other: UnsafePointer<apus_cpu>) -> String {
  let kinds = [
    ("f32", best.pointee.peak_f32, other.pointee.peak_f32),
    ("bf16", best.pointee.peak_bf16, other.pointee.peak_bf16),
    ("int8", best.pointee.peak_i8, other.pointee.peak_i8),
  ]
  let ratios = kinds.compactMap { kind, fast, slow -> String? in
    guard let fast, let slow else { return nil }
    let tenths = Int((operationsPerSecond(fast) / max(1, operationsPerSecond(slow)) * 10).rounded())
    guard tenths > 11 else { return nil }
    return "\(tenths / 10).\(tenths % 10) times faster in \(kind)"
  }
  return ratios.isEmpty ? "" : ", " + ratios.joined(separator: ", ")
}

/// A rough rate of one thread: the best of three runs, because any of them may be interrupted.
private func operationsPerSecond(_ peak: @convention(c) (Int64) -> Double) -> Double {
  var best = 0.0
  var rounds: Int64 = 256
  var longRuns = 0
  while longRuns < 3, rounds <= 1 << 50 {
    var done = 0.0
    let seconds = MonotonicClock.seconds { done = peak(rounds) }
    best = max(best, done / max(seconds, 1e-9))
    if seconds > 500e-6 { longRuns += 1 } else { rounds *= 2 }
  }
  return best
}
