// What an operation promises the graph: its shape rule, its cost, and the kernel that runs it. One
// operation is one file in Operations/, with its gradient, its reference in plain arithmetic and its test cases.

import ApusBasics
import ApusTensor

/// A node's computation.
package protocol Operation: Sendable {
  /// The name in listings: lower case, one word.
  static var name: String { get }

  /// Checks the inputs and gives the types of the outputs.
  func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType]

  /// Floating-point operations and bytes for one run with these sizes.
  func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost

  /// Whether row r of every output depends only on row r of the inputs that have the same extent.
  /// Such operations chain without a barrier between them, and rows may be selected before or after.
  var isRowWise: Bool { get }

  /// Whether the same holds even though the operation does not chain: a product of rows with a weight.
  var rowsAreIndependent: Bool { get }

  /// The input whose memory the first output may take over when nobody else reads it.
  var inPlaceInput: Int? { get }

  /// What distinguishes this node from another of the same operation, for listings ("silu", "eps 1e-05").
  var detail: String { get }

  /// The kernel for operands that have their place in memory.
  func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel

  /// Adds to the graph what the gradients of the inputs take, given those of the outputs.
  func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError)

  /// The same computation in plain arithmetic that reads like the formula; tests compare kernels and gradients with it.
  ///
  /// An effect is a tensor like any other: what was stored, or, from an operation that gathers a gradient, the new
  /// content of the memory that is its last input.
  func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>]

  /// Small graphs in which the operation works, as built, differentiated or after passes: what it is tested by.
  static var cases: [OperationCase] { get }
}

extension Operation {
  package var isRowWise: Bool { false }
  package var rowsAreIndependent: Bool { isRowWise }
  package var inPlaceInput: Int? { nil }
  package var detail: String { "" }

  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    throw .shape(operation: Self.name, message: "has no gradient")
  }

  /// Element-wise default: `flops` per element of the first output, everything read and written once.
  package func elementCost(
    _ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes, flops: Int
  ) -> Cost {
    let elements = sizes[outputs[0].rows] * outputs[0].columns
    return Cost(
      flops: Double(flops * elements), bytes: streamedBytes(inputs, sizes) + streamedBytes(outputs, sizes))
  }

  package func streamedBytes(_ values: [ValueType], _ sizes: Sizes) -> Double {
    values.reduce(0) { $0 + Double(sizes[$1.rows] * $1.rowBytes) }
  }
}

/// Work of one operation in one run.
package struct Cost: Sendable, Equatable {
  /// Multiplications and additions, each counted.
  package var flops: Double
  /// Bytes that must cross the memory bus if nothing is cached.
  package var bytes: Double

  package init(flops: Double = 0, bytes: Double = 0) {
    self.flops = flops
    self.bytes = bytes
  }

  package static func + (left: Cost, right: Cost) -> Cost {
    Cost(flops: left.flops + right.flops, bytes: left.bytes + right.bytes)
  }
}

/// A value with its place in memory, as a kernel sees it.
package struct Operand {
  package let type: ValueType
  /// Row 0; nil for effects and for weights, which are reached through `parameter`.
  package let base: UnsafeMutableRawPointer?
  package let parameter: Parameter?
  /// Bytes from one row to the next.
  package let rowBytes: Int

  /// - Parameter rowBytes: where it is not what the type says.
  package init(type: ValueType, base: UnsafeMutableRawPointer?, parameter: Parameter?, rowBytes: Int? = nil) {
    self.type = type
    self.base = base
    self.parameter = parameter
    self.rowBytes = rowBytes ?? type.rowBytes
  }

  /// The floats of row 0.
  package var floats: UnsafeMutablePointer<Float> { base!.assumingMemoryBound(to: Float.self) }
  /// The integers of row 0.
  package var integers: UnsafeMutablePointer<Int32> { base!.assumingMemoryBound(to: Int32.self) }
  /// Floats from one row to the next.
  package var stride: Int { rowBytes / 4 }

  /// The memory a weight's gradient is gathered in: rows one after another, `columns` floats each.
  var gradient: UnsafeMutablePointer<Float> {
    guard case .gradient(let memory) = parameter else {
      preconditionFailure("the operand is not the gradient of a weight")
    }
    return memory.base
  }
}

/// What kernels are made with.
package struct KernelContext {
  package let cpu: KernelTable
  package let workers: Int
  /// The largest step the plan is made for.
  package let limits: Sizes
  /// The geometry of the KV pages that attention reads, when the graph has a cache.
  package let cache: KVLayout?
  /// The most positions a sequence may have.
  package let positions: Int
  /// The most tokens of a step's tile.
  package let tileTokens: Int
  /// Working memory that kernels share.
  package let scratch: WorkerScratch
}

/// A mistake in a graph: reported when it is built, never when it runs.
package enum GraphError: ApusError {
  case shape(operation: String, message: String)
  case noMemory(bytes: Int)

  package var description: String {
    switch self {
    case .shape(let operation, let message): "graph: \(operation): \(message)"
    case .noMemory(let bytes): "graph: cannot reserve \(bytes) bytes for activations"
    }
  }
}
