// The weights of a network in training, packed for an engine that generates: every product's panels are made once and read
// by every token, until the weights change. The memory is reserved once.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor
import CApusKernels

/// Panels of masters, in the trainer's precision.
///
/// Norms, biases and look-ups are read from the masters themselves, and weights that are not trained from where they are.
/// Not thread-safe: nobody may read while `refresh` packs.
package final class PolicyWeights {
  private struct Piece {
    let weights: FloatWeights
    let panels: UnsafeMutableRawPointer
    let panelBytes: Int
    /// Panels of all pieces before.
    let first: Int
  }

  private let weights: TrainableWeights
  private let panels: PanelOwner
  private var pieces: [Piece] = []
  private var entries: [ParameterReference: Parameter] = [:]
  private let panelCount: Int
  private let runtime: Runtime

  /// Panels start where cache lines begin, in pairs.
  private static let alignment = 128

  /// Bytes of the panels of a network's trained products.
  ///
  /// - Parameter graph: the one that generates.
  package static func byteCount(_ graph: Graph, _ precision: TrainingPrecision) -> Int {
    let isTrained = graph.isTrained
    let layout = (graph.isAdapted ? .f32 : precision.matrixType).layout!
    var seen: Set<ParameterReference> = []
    return graph.values.reduce(0) { sum, value in
      guard case .parameter(let reference) = value.source, reference.role == .product, isTrained(reference),
        seen.insert(reference).inserted
      else { return sum }
      return sum + bytes(layout, reference.rows.count, value.type.columns)
    }
  }

  private static func bytes(_ layout: apus_layout, _ rows: Int, _ columns: Int) -> Int {
    (PackedMatrix.byteCount(layout: layout, rows: rows, columns: columns) + alignment - 1) & ~(alignment - 1)
  }

  /// Reserves the panels and packs them.
  ///
  /// - Parameter graph: the one that generates, of the network whose weights these are.
  /// - Throws: `RuntimeError.outOfMemory`, `ModelError.missingTensors`.
  package init(_ graph: Graph, _ weights: TrainableWeights, _ runtime: Runtime) throws {
    self.weights = weights
    self.runtime = runtime
    var floats: [(ParameterReference, FloatWeights)] = []
    for value in graph.values {
      guard case .parameter(let reference) = value.source, entries[reference] == nil else { continue }
      let parameter = try weights.parameter(reference, value.type)
      entries[reference] = parameter
      if case .floats(let weight) = parameter { floats.append((reference, weight)) }
    }
    let total = floats.reduce(0) { $0 + Self.bytes($1.1.layout, $1.1.rows, $1.1.columns) }
    let owner = PanelOwner(
      try HugeBuffer(byteCount: max(1, total), purpose: "packed weights of the policy"), weights)
    panels = owner
    var (offset, count) = (0, 0)
    for (reference, weight) in floats {
      let matrix = PackedMatrix(
        layout: weight.layout, rows: weight.rows, columns: weight.columns, panels: owner.base + offset,
        owner: owner)
      entries[reference] = .matrix(matrix)
      pieces.append(
        Piece(
          weights: weight, panels: owner.base + offset, panelBytes: matrix.panelBytes, first: count))
      offset += Self.bytes(weight.layout, weight.rows, weight.columns)
      count += matrix.panelCount
    }
    panelCount = count
    refresh()
  }

  /// What a graph's parameter is bound to.
  package func parameter(_ reference: ParameterReference) throws(ModelError) -> Parameter {
    guard let parameter = entries[reference] else { throw .missingTensors([reference.tensor]) }
    return parameter
  }

  /// Where the panels lie.
  package var region: MemoryRegion { MemoryRegion("packed weights", panels.base, panels.byteCount) }

  /// Packs the weights as they are now.
  ///
  /// - Complexity: O(weights), on all threads; allocates nothing.
  package func refresh() {
    let units = (panelCount + Self.panelsPerUnit - 1) / Self.panelsPerUnit
    guard units > 0 else { return }
    runtime.workers.parallel(units, Unmanaged.passUnretained(self).toOpaque()) { context, unit, _ in
      Unmanaged<PolicyWeights>.fromOpaque(context).takeUnretainedValue().pack(unit)
    }
  }

  /// Enough for the hand-off not to matter, few enough to balance a small network.
  private static let panelsPerUnit = 32

  private func pack(_ unit: Int) {
    let end = min((unit + 1) * Self.panelsPerUnit, panelCount)
    var panel = unit * Self.panelsPerUnit
    var index = pieces.lastIndex { $0.first <= panel }!
    while panel < end {
      if index + 1 < pieces.count, pieces[index + 1].first <= panel { index += 1 }
      let (piece, weights) = (pieces[index], pieces[index].weights)
      let row = (panel - piece.first) * Int(APUS_LANES)
      runtime.cpu.table.pointee.pack_floats(
        weights.layout, weights.base + row * weights.columns, weights.columns, 1,
        Int32(min(Int(APUS_LANES), weights.rows - row)), weights.columns,
        piece.panels + (panel - piece.first) * piece.panelBytes)
      panel += 1
    }
  }
}

/// What an engine over the panels keeps: their memory, and the masters that it reads as they are.
private final class PanelOwner {
  private let memory: HugeBuffer
  private let weights: TrainableWeights

  init(_ memory: consuming HugeBuffer, _ weights: TrainableWeights) {
    self.memory = memory
    self.weights = weights
  }

  var base: UnsafeMutableRawPointer { memory.base }
  var byteCount: Int { memory.byteCount }
}
