// Rounds the step's keys and values to the KV format and writes them into the sequences' pages.

import ApusTensor

package struct StoreKeyValue: Operation {
  package static let name = "store"
  package var layer: Int

  /// f32 keys and values `[tokens, kvHeads·headSize]` give an effect that attention waits for, as
  /// wide as a key and a value together.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 2, inputs[0].element == .f32, inputs[0] == inputs[1] else {
      throw .shape(operation: Self.name, message: "wants keys and values of one shape, got \(inputs)")
    }
    return [ValueType(.effect, rows: inputs[0].rows, columns: 2 * inputs[0].columns)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(bytes: 1.5 * streamedBytes(inputs, sizes))
  }

  package var isRowWise: Bool { true }
  package var detail: String { "layer \(layer)" }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    guard let cache = context.cache else { preconditionFailure("the graph has no cache") }
    let (keys, values, layer) = (inputs[0], inputs[1], layer)
    let store = context.cpu.pointee.kv_store!
    let (format, headSize) = (cache.format.kernelFormat, cache.headSize)
    let (firstOffset, headBytes) = (cache.offset(layer: layer, head: 0), cache.headBytes)
    return RowKernel(
      rows: keys.type.rows, elementsPerRow: 2 * keys.type.columns, blockRows: Self.blockRows
    ) { rows, _, step in
      var row = rows.lowerBound
      while row < rows.upperBound {
        // As many tokens as share a sequence and a page.
        let sequence = step.sequences[Int(step.tokenSequence[row])]
        let position = Int(step.positions[row])
        let slot = position % KVLayout.pageKeys
        let count = min(
          rows.upperBound - row, sequence.rows.upperBound - row, KVLayout.pageKeys - slot)
        let page =
          UnsafeMutableRawPointer(mutating: sequence.pages[position / KVLayout.pageKeys]!) + firstOffset
        let (key, value) = (keys.floats + row * keys.stride, values.floats + row * values.stride)
        for head in 0..<cache.heads {
          store(
            format, Int32(headSize), Int32(count), key + head * headSize, value + head * headSize,
            keys.stride, page + head * headBytes, Int32(slot))
        }
        row += count
      }
    }
  }

  /// The rounding to the cache's format passes gradients straight through.
  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    for part in 0...1 {
      guard let gradient = g.gradient(of: node.outputs[0], part: part) else { continue }
      try g.add(gradient, to: node.inputs[part])
    }
  }

  /// Tokens whose keys lie side by side in a page.
  private static let blockRows = 16
}

extension GraphBuilder {
  /// Stores a layer's keys and values.
  package mutating func storeKeyValue(
    _ keys: ValueID, _ values: ValueID, layer: Int
  ) throws(GraphError) -> ValueID {
    try apply(StoreKeyValue(layer: layer), [keys, values])[0]
  }
}

extension StoreKeyValue {
  // The effect holds what it stores: keys and values side by side.
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (keys, values) = (inputs[0], inputs[1])
    return [
      ReferenceTensor(rows: keys.rows, columns: 2 * keys.columns) { row, column in
        column < keys.columns ? keys[row, column] : values[row, column - keys.columns]
      }
    ]
  }

  package static var cases: [OperationCase] {
    [
      OperationCase("store, two layers", ReferenceStep(lengths: [4, 3]), cache: (2, 2, 4)) { b in
        var x = try b.example("x", columns: 8)
        for layer in 0..<2 {
          let store = try b.storeKeyValue(x, b.scale(x, by: 0.5), layer: layer)
          x = try b.attention(x, after: store, Attention(layer: layer, heads: 2, scale: 0.5, mask: .causal))
        }
        return x
      }
    ]
  }
}
