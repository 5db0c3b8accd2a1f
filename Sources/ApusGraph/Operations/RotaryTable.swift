// Cosines and sines of every token's rotary angles, computed once per step and read by all layers.
//
//   angle[t][i] = position[t] · frequency[i]        Su et al. 2021, arXiv:2104.09864

import ApusTensor
import CApusKernels

package struct RotaryTable: Operation {
  package static let name = "rotarytable"
  /// Radians per position of each pair: θ^(−2i/d), after the model's scaling.
  package var frequencies: [Double]
  /// Multiplies cosines and sines (YaRN and LongRoPE raise it above 1).
  package var magnitude: Float

  /// i32 positions `[tokens]` give f32 `[tokens, 2·pairs]`: cosines, then sines.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 1, inputs[0].element == .i32, !frequencies.isEmpty else {
      throw .shape(operation: Self.name, message: "wants positions and frequencies, got \(inputs)")
    }
    return [ValueType(.f32, rows: inputs[0].rows, columns: 2 * frequencies.count)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 30)
  }

  package var isRowWise: Bool { true }
  package var detail: String { "\(frequencies.count) pairs" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (positions, y) = (inputs[0].integers, outputs[0])
    let (frequencies, magnitude) = (frequencies, magnitude)
    /// The row of a position.
    @Sendable func fill(_ cosines: UnsafeMutablePointer<Float>, _ position: Int) {
      let sines = cosines + frequencies.count
      for pair in frequencies.indices {
        let angle = Double(position) * frequencies[pair]
        cosines[pair] = Float(apus_cos(angle)) * magnitude
        sines[pair] = Float(apus_sin(angle)) * magnitude
      }
    }
    let columns = y.type.columns
    // A short text would spend longer on its sines than on its norms: the first positions are known beforehand.
    let known = FloatVector(count: min(context.positions, Self.knownPositions) * columns) { table in
      for position in 0..<table.count / columns { fill(table.baseAddress! + position * columns, position) }
    }
    return RowKernel(rows: y.type.rows, elementsPerRow: 4 * frequencies.count) { row, _, _ in
      let (position, cosines) = (Int(positions[row]), y.floats + row * y.stride)
      if (position + 1) * columns <= known.count {
        cosines.update(from: known.base + position * columns, count: columns)
      } else {
        fill(cosines, position)
      }
    }
  }

  /// As many as a step of short texts has. In longer ones sines no longer count, and every engine would wait for more.
  private static let knownPositions = 512
}

extension GraphBuilder {
  /// Rotary cosines and sines for the step's positions.
  package mutating func rotaryTable(
    frequencies: [Double], magnitude: Float
  ) throws(GraphError) -> ValueID {
    try apply(RotaryTable(frequencies: frequencies, magnitude: magnitude), [input(.positions)])[0]
  }
}

extension RotaryTable {
  // Angles in Double whatever the scalar: a late position has no fraction left in fewer bits.
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let pairs = frequencies.count
    return [
      ReferenceTensor(rows: inputs[0].rows, columns: 2 * pairs) { row, column in
        let angle = inputs[0][row, 0].double * frequencies[column % pairs]
        return S(column < pairs ? Double.cos(angle) : Double.sin(angle)) * S(magnitude)
      }
    ]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("rotarytable", ReferenceStep(lengths: [7, 3]), isForwardOnly: true) { b in
        try b.rotaryTable(frequencies: [1, 0.3, 0.01], magnitude: 1.25)
      },
      OperationCase("rotarytable, late positions", ReferenceStep(lengths: [515]), isForwardOnly: true) { b in
        try b.rotaryTable(frequencies: [1, 0.3], magnitude: 1)
      },
    ]
  }
}
