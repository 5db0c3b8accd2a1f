// What a safetensors file says of one tensor. Its bytes come from `SafetensorsFile.bytes(of:)`.

import ApusTensor

/// A tensor of a safetensors file.
public struct SafetensorsTensor: Sendable, Hashable {
  /// Its name, such as `model.layers.0.self_attn.q_proj.weight`.
  public let name: String
  /// How its numbers are stored.
  public let dtype: SafetensorsDType
  /// Its shape, outermost dimension first: a weight matrix is `[outputs, inputs]`. A scalar has none; a
  /// dimension of 0 is possible.
  public let shape: [Int]
  /// Which file of a set holds it, counted from 0.
  package let part: Int
  /// Where its data lies in its file.
  package let range: Range<Int>

  package init(name: String, dtype: SafetensorsDType, shape: [Int], part: Int = 0, range: Range<Int>) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.part = part
    self.range = range
  }

  /// The type Apus reads it as, or `nil` when it cannot: a mask of `BOOL`, weights of eight bits.
  public var type: TensorType? { dtype.type }
  /// Numbers in a row: the last dimension; 1 for a scalar.
  public var columns: Int { shape.last ?? 1 }
  /// Rows: the product of all dimensions but the last; 1 for vectors and scalars.
  public var rows: Int { shape.dropLast().reduce(1, *) }
  /// Numbers.
  public var elementCount: Int { columns * rows }
  /// Bytes of its data.
  public var byteCount: Int { range.count }
}
