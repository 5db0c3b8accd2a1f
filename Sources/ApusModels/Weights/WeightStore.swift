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
  /// - Parameters:
  ///   - isWanted: which of them; the others have their place elsewhere.
  ///   - progress: called with bytes done and bytes in all.
  package init(
    _ graph: Graph, from source: any WeightSource, workers: WorkerPool,
    where isWanted: (ParameterReference) -> Bool = { _ in true },
    progress: ((Int, Int) -> Void)? = nil
  ) throws(ModelError) {
    self.source = source
    let wanted = Self.wanted(graph, source, isWanted)
    let total = wanted.reduce(0) { $0 + Self.bytes($1.0, $1.1) }
    var entries: [ParameterReference: Parameter] = [:]
    var (packed, mapped, done) = (0, 0, 0)
    let arena = try Self.arena(wanted)
    let lookedUp = Self.lookedUp(wanted)
    /// Reading a tensor brings the edges of its neighbours back, which were released before: a tenth of the file.
    func releaseRead() {
      for (reference, tensor) in wanted where entries[reference] != nil && !lookedUp.contains(tensor.name) {
        source.release(tensor)
      }
    }
    for (reference, tensor) in wanted where entries[reference] == nil {
      let bytes = Self.bytes(reference, tensor)
      entries[reference] = try Self.load(reference, tensor, source, workers, arena)
      if reference.role == .lookup { mapped += bytes } else { packed += bytes }
      if reference.role == .product, !lookedUp.contains(reference.tensor) { source.release(tensor) }
      done += bytes
      progress?(done, total)
      if entries.count % Self.releaseInterval == 0 { releaseRead() }
    }
    releaseRead()
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

  /// Tensors after which all that were read are released again.
  private static let releaseInterval = 32

  private typealias Wanted = [(ParameterReference, TensorDescription)]

  /// What a graph refers to.
  private static func wanted(
    _ graph: Graph, _ source: any WeightSource, _ isWanted: (ParameterReference) -> Bool
  ) -> Wanted {
    graph.values.compactMap { value in
      guard case .parameter(let reference) = value.source, isWanted(reference),
        let tensor = source.tensor(reference.tensor)
      else { return nil }
      return (reference, tensor)
    }
  }

  /// Tensors that are read from the file at every step.
  private static func lookedUp(_ wanted: Wanted) -> Set<String> {
    Set(wanted.filter { $0.0.role == .lookup }.map(\.0.tensor))
  }

  private static func panelBytes(_ wanted: Wanted) -> Int {
    wanted.reduce(0) { sum, entry in
      let (reference, tensor) = entry
      guard reference.role == .product, let layout = tensor.type.layout else { return sum }
      return sum
        + PanelArena.bytes(
          PackedMatrix.byteCount(layout: layout, rows: reference.rows.count, columns: tensor.columns))
    }
  }

  /// Bytes of the weights of a graph, before any is loaded.
  package static func footprint(
    _ graph: Graph, from source: any WeightSource,
    where isWanted: (ParameterReference) -> Bool = { _ in true }
  ) -> WeightFootprint {
    let wanted = wanted(graph, source, isWanted)
    let lookedUp = lookedUp(wanted)
    let products = Set(wanted.filter { $0.0.role == .product }.map(\.0.tensor))
    var footprint = WeightFootprint(panels: panelBytes(wanted))
    var seen: Set<ParameterReference> = []
    for (reference, tensor) in wanted where seen.insert(reference).inserted {
      let bytes = bytes(reference, tensor)
      if reference.role != .lookup { footprint.packed += bytes }
      if reference.role == .vector { footprint.vectors += max(64, bytes) }
      guard reference.role == .lookup else { continue }
      footprint.mapped += bytes
      if lookedUp.contains(reference.tensor), products.contains(reference.tensor) {
        footprint.mappedAndRead += bytes
      }
    }
    return footprint
  }

  /// Room for the panels of every matrix that is multiplied with.
  private static func arena(
    _ wanted: Wanted
  ) throws(ModelError) -> PanelArena {
    do {
      return try PanelArena(byteCount: panelBytes(wanted))
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

/// Bytes of a model's weights, by where they will be.
package struct WeightFootprint: Sendable, Equatable {
  /// Reserved for panels.
  package var panels = 0
  /// Norms and biases as floats.
  package var vectors = 0
  /// What `WeightStore.packedBytes` will say: the part of the file that is packed.
  package var packed = 0
  /// Tables that stay in the file.
  package var mapped = 0
  /// Those of them that packing has read from end to end, and that stay in memory since.
  package var mappedAndRead = 0
}
