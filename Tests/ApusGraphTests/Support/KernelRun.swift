// A graph bound to kernels, with weights as training has them: floats that products pack as they go, and memory for
// gradients that starts as NaN, so that what nobody writes shows.

import ApusRuntime
import ApusTensor

@testable import ApusGraph

/// Not thread-safe.
final class KernelRun {
  let plan: Plan
  private let executor: Executor
  private var weights: [String: FloatVector] = [:]
  private var gradients: [String: FloatVector] = [:]
  private let cache: HugeBuffer
  private let pages: UnsafeMutablePointer<UnsafeRawPointer?>

  /// - Parameter passes: nil to keep every operation as built.
  init(
    _ graph: Graph, passes: [any Pass.Type]?, _ step: ReferenceStep,
    weights values: [String: ReferenceTensor<Double>], cache shape: (layers: Int, heads: Int, headSize: Int)?,
    recomputing: RecomputationBudget = .none, _ runtime: Runtime
  ) throws {
    // Larger than the step, so that nothing relies on its being full.
    let sizes = step.sizes
    let limits = Sizes(tokens: sizes.tokens + 3, outputs: sizes.outputs + 1, sequences: sizes.sequences + 1)
    plan = Plan(
      graph, limits: limits, optimized: passes != nil, passes: passes ?? [], recomputing: recomputing)
    let layout = KVLayout(
      format: .f32, layers: shape?.layers ?? 1, heads: shape?.heads ?? 1, headSize: shape?.headSize ?? 2)
    let pageCount = step.sequences.reduce(0) { $0 + KVLayout.pages($1.count) }
    let pageBytes = (layout.pageBytes + 63) & ~63
    cache = try HugeBuffer(byteCount: pageCount * pageBytes, purpose: "keys and values")
    pages = .allocate(capacity: pageCount)
    for page in 0..<pageCount {
      (pages + page).initialize(to: UnsafeRawPointer(cache.base + page * pageBytes))
    }
    var (weights, gradients): ([String: FloatVector], [String: FloatVector]) = ([:], [:])
    for (name, tensor) in values {
      weights[name] = FloatVector(count: tensor.values.count) { floats in
        for (index, value) in tensor.values.enumerated() { floats[index] = Float(value) }
      }
      gradients[name] = FloatVector(count: tensor.values.count) { $0.update(repeating: .nan) }
    }
    (self.weights, self.gradients) = (weights, gradients)
    executor = try Executor(
      plan, cpu: runtime.cpu.table, workers: runtime.workers, cache: shape == nil ? nil : layout,
      positions: step.sequences.map(\.count).max()!,
      gradients: { reference in
        GradientMemory(base: gradients[reference.tensor]!.base + Self.offset(reference, values))
      }
    ) { reference, type in
      let base = weights[reference.tensor]!.base + Self.offset(reference, values)
      return try Self.parameter(reference, type, base, values[reference.tensor]!, runtime)
    }
  }

  deinit {
    pages.deallocate()
  }

  private static func offset(
    _ reference: ParameterReference, _ values: [String: ReferenceTensor<Double>]
  ) -> Int {
    reference.rows.lowerBound * (reference.role == .vector ? 1 : values[reference.tensor]!.columns)
  }

  private static func parameter(
    _ reference: ParameterReference, _ type: ValueType, _ base: UnsafeMutablePointer<Float>,
    _ tensor: ReferenceTensor<Double>, _ runtime: Runtime
  ) throws -> Parameter {
    switch (reference.role, type.element) {
    case (.vector, _): return .vector(FloatVector(borrowing: base, count: reference.rows.count))
    case (.lookup, _):
      return .table(
        RowTable(
          layout: TensorType.f32.layout!, rows: tensor.rows, columns: tensor.columns, base: base,
          rowBytes: 4 * tensor.columns))
    case (.product, .weight(.q8_0)):
      return .matrix(try bytes(base, rows: reference.rows.count, columns: tensor.columns, runtime))
    case (.product, .weight(let format)):
      return .floats(
        FloatWeights(
          base: base, rows: reference.rows.count, columns: tensor.columns, layout: format.layout!))
    default: preconditionFailure("\(type) is no weight")
    }
  }

  /// A matrix in bytes with a scale per 32, packed.
  private static func bytes(
    _ base: UnsafePointer<Float>, rows: Int, columns: Int, _ runtime: Runtime
  ) throws -> PackedMatrix {
    let rowBytes = columns / Q8_0.blockSize * Q8_0.blockBytes
    var blocks = [UInt8](repeating: 0, count: rows * rowBytes)
    blocks.withUnsafeMutableBytes {
      Q8_0.encode(UnsafeBufferPointer(start: base, count: rows * columns), into: $0)
    }
    let layout = Q8_0.layout!
    return try blocks.withUnsafeBytes {
      PackedMatrix(
        layout: layout, rows: rows, columns: columns, source: $0.baseAddress!, rowBytes: rowBytes,
        workers: runtime.workers,
        arena: try PanelArena(
          byteCount: PackedMatrix.byteCount(layout: layout, rows: rows, columns: columns)))
    }
  }

  func run(_ step: ReferenceStep) {
    let own = executor.step
    own.clear()
    own.startsGradients = step.startsGradients
    var page = 0
    for rows in step.sequences {
      let outputs = step.outputRows.filter(rows.contains)
      let isFirst = outputs == [rows.lowerBound] && rows.count > 1
      let second = rows.first { step.segments[$0] == 1 }.map { $0 - rows.lowerBound }
      step.tokenIDs[rows].map(Int32.init).withUnsafeBufferPointer {
        own.append(
          $0, start: 0, pages: pages + page, outputs: isFirst ? .first : .last(outputs.count),
          secondSegment: second ?? .max)
      }
      page += KVLayout.pages(rows.count)
    }
    for token in step.targets.indices {
      own.targets[token] = Int32(step.targets[token])
      own.lossWeights[token] = step.lossWeights[token]
    }
    executor.run()
  }

  /// The first result, row after row.
  var result: [Float] {
    let operand = executor.result(0)
    return (0..<executor.step.sizes[operand.type.rows]).flatMap { row in
      UnsafeBufferPointer(start: operand.floats + row * operand.stride, count: operand.type.columns)
    }
  }

  /// The gradient of a whole tensor.
  func gradient(_ name: String) -> [Float] {
    let memory = gradients[name]!
    return Array(UnsafeBufferPointer(start: memory.base, count: memory.count))
  }
}
