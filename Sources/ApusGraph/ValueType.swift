// What a value of the graph is: its element type and its shape, whose leading extent may be symbolic.

import ApusTensor

/// A size that is known only when a step runs. A plan is made for the maximum of each.
package enum Extent: Hashable, Sendable {
  /// A number known when the graph is built.
  case fixed(Int)
  /// Tokens in the step, of all sequences.
  case tokens
  /// Rows wanted from the head: any subset of the tokens.
  case outputs
  /// Sequences that take part in the step.
  case sequences
}

/// The numbers behind the symbolic extents, of one step or of the largest one.
package struct Sizes: Hashable, Sendable {
  package var tokens: Int
  package var outputs: Int
  package var sequences: Int
  /// Positions of all sequences, those of earlier steps included.
  package var cached: Int
  /// Pairs of a token and a position up to its own: the work of causal attention.
  package var attended: Int

  /// Sizes of a step that starts its sequences.
  package init(tokens: Int, outputs: Int, sequences: Int) {
    self.tokens = tokens
    self.outputs = outputs
    self.sequences = sequences
    cached = tokens
    attended = tokens * (tokens + 1) / 2
  }

  package subscript(_ extent: Extent) -> Int {
    switch extent {
    case .fixed(let count): count
    case .tokens: tokens
    case .outputs: outputs
    case .sequences: sequences
    }
  }
}

/// How the elements of a value are stored.
package enum ElementType: Hashable, Sendable {
  case f32
  case i32
  /// A row rounded to the form that a weight's format multiplies with.
  case activation(ActivationForm)
  /// A weight: a matrix in a lane layout, a look-up table of rows, or a vector.
  case weight(TensorType)
  /// No data: orders an operation with a side effect (the KV cache) before its readers.
  case effect
}

/// The type of a value: `rows` leading rows of `columns` elements each.
package struct ValueType: Hashable, Sendable {
  package var element: ElementType
  package var rows: Extent
  package var columns: Int

  package init(_ element: ElementType, rows: Extent, columns: Int) {
    self.element = element
    self.rows = rows
    self.columns = columns
  }

  /// Bytes from one row to the next in the arena: a multiple of a cache line.
  package var rowBytes: Int {
    switch element {
    case .f32, .i32: (columns * 4 + 63) & ~63
    case .activation(let form): form.rowBytes(columns)
    case .weight(let type): type.bytes(rows: 1, columns: columns) ?? 0
    case .effect: 0
    }
  }
}

extension ValueType: CustomStringConvertible {
  package var description: String {
    if element == .effect { return "effect" }
    let leading =
      switch rows {
      case .fixed(let count): "\(count)"
      case .tokens: "tokens"
      case .outputs: "outputs"
      case .sequences: "sequences"
      }
    let kind =
      switch element {
      case .f32: "f32"
      case .i32: "i32"
      case .activation(let form): form.name
      case .weight(let type): type.name
      case .effect: "effect"
      }
    return "\(kind)[\(leading), \(columns)]"
  }
}
