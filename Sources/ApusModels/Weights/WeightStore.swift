// The weights of a loaded model: each tensor packed once for the use the graph makes of it, shared by every
// session. A tensor used both for look-up and for products (tied embeddings) has one entry for each.

import ApusGraph
import ApusRuntime
import ApusTensor

/// Weights ready for executors.
package final class WeightStore: @unchecked Sendable {
  private let source: any WeightSource
  private let entries: [ParameterReference: Parameter]
  /// Bytes of packed panels and vectors.
  package let packedBytes: Int
  /// Bytes of the file that stay mapped for look-ups.
  package let mappedBytes: Int
  /// Where they lie.
  package let regions: [MemoryRegion]

  /// Loads what `graph` refers to, in parallel.
  ///
  /// - Parameter progress: called with bytes done and bytes in all.
  package init(
    _ graph: Graph, from source: any WeightSource, workers: WorkerPool,
    progress: ((Int, Int) -> Void)? = nil
  ) throws(ModelError) {
    self.source = source
    let wanted = graph.values.compactMap { value -> (ParameterReference, TensorDescription)? in
      guard case .parameter(let reference) = value.source, let tensor = source.tensor(reference.tensor)
      else { return nil }
      return (reference, tensor)
    }
    let total = wanted.reduce(0) { $0 + Self.bytes($1.0, $1.1) }
    var entries: [ParameterReference: Parameter] = [:]
    var (packed, mapped, done) = (0, 0, 0)
    let arena = try Self.arena(wanted)
    let lookedUp = Set(wanted.filter { $0.0.role == .lookup }.map(\.0.tensor))
    for (reference, tensor) in wanted where entries[reference] == nil {
      let bytes = Self.bytes(reference, tensor)
      entries[reference] = try Self.load(reference, tensor, source, workers, arena)
      if reference.role == .lookup { mapped += bytes } else { packed += bytes }
      if reference.role == .product, !lookedUp.contains(reference.tensor) { source.release(tensor) }
      done += bytes
      progress?(done, total)
    }
    self.entries = entries
    regions =
      [arena.region]
      + entries.values.compactMap { entry in
        guard case .table(let table) = entry else { return nil }
        return MemoryRegion("weights (mapped)", table.base, table.rows * table.rowBytes)
      }
    packedBytes = packed
    mappedBytes = mapped
  }

  /// Bytes of the part of a tensor that a reference takes.
  package static func bytes(_ reference: ParameterReference, _ tensor: TensorDescription) -> Int {
    reference.role == .vector
      ? 4 * reference.rows.count
      : tensor.type.bytes(rows: reference.rows.count, columns: tensor.columns) ?? 0
  }

  /// Room for the panels of every matrix that is multiplied with.
  private static func arena(
    _ wanted: [(ParameterReference, TensorDescription)]
  ) throws(ModelError) -> PanelArena {
    var bytes = 0
    for (reference, tensor) in wanted where reference.role == .product {
      guard let layout = tensor.type.layout else { continue }
      bytes += PanelArena.bytes(
        PackedMatrix.byteCount(layout: layout, rows: reference.rows.count, columns: tensor.columns))
    }
    do {
      return try PanelArena(byteCount: bytes)
    } catch {
      throw .memory("\(error)")
    }
  }

  private static func load(
    _ reference: ParameterReference, _ tensor: TensorDescription, _ source: any WeightSource,
    _ workers: WorkerPool, _ arena: PanelArena
  ) throws(ModelError) -> Parameter {
    guard let layout = tensor.type.layout,
      let rowBytes = tensor.type.bytes(rows: 1, columns: tensor.columns)
    else { throw .tensorFormat(tensor.name, format: tensor.type.name) }
    let base = source.bytes(of: tensor)
    switch reference.role {
    case .lookup:
      return .table(
        RowTable(
          layout: layout, rows: tensor.rows, columns: tensor.columns, base: base, rowBytes: rowBytes))
    case .vector:
      let values = tensor.floats(source)
      return .vector(
        FloatVector(count: reference.rows.count) { buffer in
          for index in buffer.indices {
            buffer[index] = values[reference.rows.lowerBound + index]
          }
        })
    case .product:
      return .matrix(
        PackedMatrix(
          layout: layout, rows: reference.rows.count, columns: tensor.columns,
          source: base + reference.rows.lowerBound * rowBytes, rowBytes: rowBytes, workers: workers,
          arena: arena))
    }
  }

  /// The parameter a graph refers to.
  package func parameter(_ reference: ParameterReference) throws(ModelError) -> Parameter {
    guard let parameter = entries[reference] else { throw .missingTensors([reference.tensor]) }
    return parameter
  }
}
