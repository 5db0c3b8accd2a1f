// What a GGUF file says of one tensor. Its bytes come from `GGUFFile.bytes(of:)`.

import ApusTensor

/// A tensor of a GGUF file.
public struct GGUFTensor: Sendable, Equatable {
  /// Its name, such as `blk.0.attn_q.weight`.
  public let name: String
  /// How its numbers are stored.
  public let type: TensorType
  /// Its shape, the dimension that lies side by side in memory first: a weight matrix is `[inputs, outputs]`.
  public let dimensions: [Int]
  /// Where its data starts, in bytes from the start of its file.
  public let offset: Int
  /// Bytes of its data.
  public let byteCount: Int
  /// Which file of a split set holds it, counted from 0.
  public let part: Int

  package init(
    name: String, type: TensorType, dimensions: [Int], offset: Int, byteCount: Int, part: Int = 0
  ) {
    self.name = name
    self.type = type
    self.dimensions = dimensions
    self.offset = offset
    self.byteCount = byteCount
    self.part = part
  }

  /// Weights in a row: the first dimension.
  public var columns: Int { dimensions[0] }
  /// Rows: the product of all dimensions but the first.
  public var rows: Int { dimensions.dropFirst().reduce(1, *) }
  /// Weights.
  public var elementCount: Int { columns * rows }
  /// Where its data lies in its file.
  package var range: Range<Int> { offset..<offset + byteCount }
}
