// The weights of a network in training: masters in f32, their gradients beside them, one block of memory for each, in
// the order in which the network first asks for them. Where only adapters are trained, the others are as in inference:
// packed, in the file's formats.

import ApusGraph
import ApusModels
import ApusRuntime
import ApusTensor

/// Weights that an optimiser changes and products read.
///
/// Not thread-safe: the trainer decides who writes when.
package final class TrainableWeights {
  /// A tensor and its place.
  package struct Tensor: Sendable {
    package let name: String
    package let rows: Int
    package let columns: Int
    /// Floats before it.
    package let offset: Int
    /// Whether rows are looked up in it, too.
    package let isLookedUp: Bool
    package let isProduct: Bool

    package var count: Int { rows * columns }
  }

  package let tensors: [Tensor]
  /// Floats of all tensors, gaps included.
  package let floatCount: Int
  package let precision: TrainingPrecision
  /// What is read and never changed.
  private let frozen: WeightStore?
  private let masterMemory: HugeBuffer
  private let gradientMemory: HugeBuffer
  private let index: [String: Int]

  /// The weights of `graph` that are trained, and where each would lie.
  package static func layout(_ graph: Graph) -> [Tensor] {
    var tensors: [Tensor] = []
    var sizes: [String: (rows: Int, columns: Int, isLookedUp: Bool, isProduct: Bool)] = [:]
    var order: [String] = []
    let isTrained = graph.isTrained
    for value in graph.values {
      guard case .parameter(let reference) = value.source, isTrained(reference) else { continue }
      let name = reference.tensor
      if sizes[name] == nil { order.append(name) }
      var size = sizes[name] ?? (0, 0, false, false)
      if reference.role == .vector {
        size.rows = 1
        size.columns = max(size.columns, reference.rows.upperBound)
      } else {
        size.rows = max(size.rows, reference.rows.upperBound)
        size.columns = value.type.columns
      }
      size.isLookedUp = size.isLookedUp || reference.role == .lookup
      size.isProduct = size.isProduct || reference.role == .product
      sizes[name] = size
    }
    var offset = 0
    for name in order {
      let size = sizes[name]!
      tensors.append(
        Tensor(
          name: name, rows: size.rows, columns: size.columns, offset: offset, isLookedUp: size.isLookedUp,
          isProduct: size.isProduct))
      offset += (size.rows * size.columns + 15) & ~15
    }
    return tensors
  }

  /// Reserves room for the weights of `graph` that are trained; they hold nothing yet.
  ///
  /// - Parameter frozen: has the others.
  package init(_ graph: Graph, precision: TrainingPrecision, frozen: WeightStore? = nil) throws {
    self.frozen = frozen
    tensors = Self.layout(graph)
    self.precision = precision
    floatCount = Self.floats(tensors)
    index = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    masterMemory = try HugeBuffer(byteCount: max(64, 4 * floatCount), purpose: "weights")
    gradientMemory = try HugeBuffer(byteCount: max(64, 4 * floatCount), purpose: "gradients")
  }

  /// Floats of a layout, gaps included.
  package static func floats(_ tensors: [Tensor]) -> Int {
    tensors.last.map { ($0.offset + $0.count + 15) & ~15 } ?? 0
  }

  /// Weights in all, without gaps.
  package var parameterCount: Int { tensors.reduce(0) { $0 + $1.count } }

  /// The masters of all tensors, at their offsets.
  package var masters: UnsafeMutablePointer<Float> { masterMemory.base.assumingMemoryBound(to: Float.self) }

  /// The gradients of all tensors, at their offsets.
  package var gradients: UnsafeMutablePointer<Float> {
    gradientMemory.base.assumingMemoryBound(to: Float.self)
  }

  /// Where they lie.
  package var regions: [MemoryRegion] {
    [
      MemoryRegion("weights", masterMemory.base, masterMemory.byteCount),
      MemoryRegion("gradients", gradientMemory.base, gradientMemory.byteCount),
    ] + (frozen?.regions ?? [])
  }

  /// Sets all gradients to zero, where no text has made any.
  package func clearGradients() { gradients.update(repeating: 0, count: floatCount) }

  package func tensor(_ name: String) -> Tensor? { index[name].map { tensors[$0] } }

  package func master(_ tensor: Tensor) -> UnsafeMutablePointer<Float> { masters + tensor.offset }

  package func gradient(_ tensor: Tensor) -> UnsafeMutablePointer<Float> { gradients + tensor.offset }

  /// What a graph's parameter is bound to.
  ///
  /// - Throws: `ModelError.missingTensors`.
  package func parameter(
    _ reference: ParameterReference, _ type: ValueType
  ) throws(ModelError) -> Parameter {
    guard let place = index[reference.tensor] else {
      guard let frozen else { throw .missingTensors([reference.tensor]) }
      return try frozen.parameter(reference)
    }
    let tensor = tensors[place]
    let base = master(tensor) + reference.rows.lowerBound * (reference.role == .vector ? 1 : tensor.columns)
    switch reference.role {
    case .vector:
      return .vector(FloatVector(borrowing: base, count: reference.rows.count))
    case .lookup:
      return .table(
        RowTable(
          layout: TensorType.f32.layout!, rows: tensor.rows, columns: tensor.columns,
          base: UnsafeRawPointer(master(tensor)), rowBytes: 4 * tensor.columns))
    case .product:
      // Adapters are f32 in every life: they are small, and their files hold f32. So is a head of scores.
      let isSmall = frozen != nil || tensor.name == ScoreHead.weight
      return .floats(
        FloatWeights(
          base: base, rows: reference.rows.count, columns: tensor.columns,
          layout: (isSmall ? .f32 : precision.matrixType).layout!))
    }
  }

  /// Where a graph's parameter gathers its gradient.
  package func gradient(_ reference: ParameterReference) -> GradientMemory {
    let tensor = tensors[index[reference.tensor]!]
    let before = reference.rows.lowerBound * (reference.role == .vector ? 1 : tensor.columns)
    return GradientMemory(base: gradient(tensor) + before)
  }

  /// Copies the weights of a model file.
  ///
  /// - Throws: `ModelError.missingTensors`.
  package func load(from source: any WeightSource) throws(ModelError) {
    let missing = tensors.filter { source.tensor($0.name) == nil }.map(\.name)
    guard missing.isEmpty else { throw .missingTensors(missing) }
    for tensor in tensors {
      let description = source.tensor(tensor.name)!
      guard description.rows == tensor.rows, description.columns == tensor.columns else {
        throw .tensorShape(
          tensor.name, found: [description.rows, description.columns],
          expected: [tensor.rows, tensor.columns])
      }
      guard let layout = description.type.layout else {
        throw .tensorFormat(tensor.name, format: description.type.name)
      }
      let rowBytes = description.type.bytes(rows: 1, columns: tensor.columns)!
      let table = RowTable(
        layout: layout, rows: tensor.rows, columns: tensor.columns, base: source.bytes(of: description),
        rowBytes: rowBytes)
      for row in 0..<tensor.rows {
        table.copyRow(row, to: master(tensor) + row * tensor.columns)
      }
      source.release(description)
    }
  }
}
