// Stand-ins for the weights of a model that is not loaded: panels, tables and vectors of the right formats and shapes in
// memory of arbitrary contents. There is enough of it that no cache holds what a step reads; beyond that weights share it.

import ApusGraph
import ApusRuntime
import ApusTensor
import ApusTraining

/// Parameters of graphs, none of which was read from a file.
final class SyntheticParameters {
  /// Bytes that no cache holds: what weights take turns with, unless one alone is larger.
  static let enough = 256 << 20
  /// A vocabulary's table has so many rows here; smaller ones, as those of positions, have all.
  private static let mostTableRows = 65_536

  /// Rows of a table that has `rows` in the model.
  static func tableRows(_ rows: Int) -> Int { rows <= mostTableRows ? rows : 4096 }

  /// Which weights are floats.
  private let isTrained: (ParameterReference) -> Bool
  private let pools: [SyntheticBytes: Pool]
  /// Gradients are written while weights are read: they must not be the same memory.
  private let gradients: Pool?
  private var known: [ParameterReference: Parameter] = [:]
  private let gradientBytes: [ParameterReference: Int]
  private var knownGradients: [ParameterReference: GradientMemory] = [:]

  /// - Parameters:
  ///   - isTraining: trained weights are floats then, whatever their products round them to.
  ///   - isFilled: whether they have contents, without which they take no memory and nothing can be timed.
  /// - Throws: `PlanError.measuring` when the machine has no room for them.
  init(
    _ graph: Graph, isTraining: Bool = false, isFilled: Bool = true, _ runtime: Runtime
  ) throws {
    let isTrainedWhenTraining = graph.isTrained
    let isTrained = { isTraining && isTrainedWhenTraining($0) }
    self.isTrained = isTrained
    var sizes: [SyntheticBytes: (all: Int, largest: Int)] = [:]
    var gathered = (all: 0, largest: 0)
    var gradientBytes: [ParameterReference: Int] = [:]
    var seen: Set<ParameterReference> = []
    for value in graph.values {
      switch value.source {
      case .parameter(let reference) where seen.insert(reference).inserted:
        let (kind, bytes) = Self.size(reference, value.type, isTrained(reference))
        let size = sizes[kind] ?? (0, 0)
        sizes[kind] = (size.all + bytes, max(size.largest, bytes))
      case .gradient(let reference):
        let bytes = Self.floatBytes(value.type)
        gradientBytes[reference] = bytes
        gathered = (gathered.all + bytes, max(gathered.largest, bytes))
      default: break
      }
    }
    let total = (sizes.values + [gathered]).reduce(0) { $0 + Pool.capacity($1.all, $1.largest) }
    guard !isFilled || total <= runtime.memoryLimit / 2 else {
      throw PlanError.measuring(needed: total, available: runtime.memoryLimit)
    }
    self.gradientBytes = gradientBytes
    pools = try Dictionary(
      uniqueKeysWithValues: sizes.map { kind, size in
        (kind, try Pool(isFilled ? kind : nil, Pool.capacity(size.all, size.largest), runtime.workers))
      })
    gradients =
      gathered.all > 0
      ? try Pool(isFilled ? .floats : nil, Pool.capacity(gathered.all, gathered.largest), runtime.workers)
      : nil
  }

  func parameter(_ reference: ParameterReference, _ type: ValueType) -> Parameter {
    if let parameter = known[reference] { return parameter }
    let (kind, bytes) = Self.size(reference, type, isTrained(reference))
    let pool = pools[kind]!
    let base = pool.take(bytes)
    let parameter = make(reference, type, base, pool)
    known[reference] = parameter
    return parameter
  }

  func gradient(_ reference: ParameterReference) -> GradientMemory? {
    if let memory = knownGradients[reference] { return memory }
    guard let gradients, let bytes = gradientBytes[reference] else { return nil }
    let memory = GradientMemory(base: gradients.take(bytes).assumingMemoryBound(to: Float.self))
    knownGradients[reference] = memory
    return memory
  }

  private func make(
    _ reference: ParameterReference, _ type: ValueType, _ base: UnsafeMutableRawPointer, _ pool: Pool
  ) -> Parameter {
    let rows = reference.rows.count
    let isTraining = isTrained(reference)
    switch reference.role {
    case .vector:
      return .vector(FloatVector(borrowing: base.assumingMemoryBound(to: Float.self), count: rows))
    case .lookup:
      let layout = (isTraining ? .f32 : Self.format(type)).layout!
      let rowBytes = isTraining ? 4 * type.columns : type.rowBytes
      return .table(
        RowTable(
          layout: layout, rows: Self.tableRows(rows), columns: type.columns, base: base,
          rowBytes: rowBytes))
    case .product where isTraining:
      return .floats(
        FloatWeights(
          base: base.assumingMemoryBound(to: Float.self), rows: rows, columns: type.columns,
          layout: Self.format(type).layout!))
    case .product:
      return .matrix(
        PackedMatrix(
          layout: Self.format(type).layout!, rows: rows, columns: type.columns, panels: base, owner: pool))
    }
  }

  private static func format(_ type: ValueType) -> TensorType {
    guard case .weight(let tensor) = type.element, tensor.layout != nil else {
      preconditionFailure("\(type) is no weight")
    }
    return tensor
  }

  private static func size(
    _ reference: ParameterReference, _ type: ValueType, _ isTrained: Bool
  ) -> (SyntheticBytes, Int) {
    let rows = reference.rows.count
    switch reference.role {
    case .vector: return (.floats, 4 * rows)
    case .lookup:
      let rows = tableRows(rows)
      return isTrained
        ? (.floats, 4 * rows * type.columns) : (SyntheticBytes(format(type).layout!), rows * type.rowBytes)
    case .product where isTrained: return (.floats, 4 * rows * type.columns)
    case .product:
      let layout = format(type).layout!
      return (
        SyntheticBytes(layout), PackedMatrix.byteCount(layout: layout, rows: rows, columns: type.columns)
      )
    }
  }

  /// Of a gradient, whose rows are fixed.
  private static func floatBytes(_ type: ValueType) -> Int {
    guard case .fixed(let rows) = type.rows else { return 0 }
    return 4 * rows * type.columns
  }
}

/// Memory that is handed out from front to back, and then again.
private final class Pool {
  private let memory: HugeBuffer
  private var next = 0

  /// Bytes for things of so many bytes in all.
  static func capacity(_ all: Int, _ largest: Int) -> Int {
    all == 0 ? 0 : min(all + 4096, max(largest, SyntheticParameters.enough)) + 4096
  }

  /// - Parameter kind: what it is filled with; nil leaves it alone.
  init(_ kind: SyntheticBytes?, _ byteCount: Int, _ workers: WorkerPool) throws(RuntimeError) {
    memory = try HugeBuffer(byteCount: byteCount, purpose: "measuring without weights")
    kind?.fill(memory.bytes, workers)
  }

  func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    if next + bytes > memory.byteCount { next = 0 }
    defer { next += (bytes + 127) & ~127 }
    return memory.base + next
  }
}
