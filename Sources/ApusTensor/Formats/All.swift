// The list of tensor types, and the value by which the rest of Apus speaks of one. Adding a type is one file
// beside this one and one line in `all`.

import ApusBasics
import CApusKernels

/// How the numbers of a tensor are stored: a type of ggml, such as `Q4_K`.
public struct TensorType: Sendable {
  package let format: any TensorFormat.Type

  package init(_ format: any TensorFormat.Type) {
    self.format = format
  }

  /// Every type Apus reads.
  public static let all: [TensorType] = [
    .f32, .f16, .bf16, .f64, .i8, .i16, .i32, .i64,
    .q8_0, .q4_0, .q4_1, .q5_0, .q5_1,
    .q2_k, .q3_k, .q4_k, .q5_k, .q6_k, .q8_k,
    .iq4_nl, .iq4_xs, .mxfp4,
  ]

  /// The type a GGUF file numbers `id`, or `nil` when Apus does not read it.
  public init?(id: UInt32) {
    guard let found = TensorType.all.first(where: { $0.id == id }) else { return nil }
    self = found
  }

  /// The type called `name`, such as `Q4_K` or `q4_k`, or `nil`.
  public init?(named name: String) {
    let upper = name.uppercased()
    guard let found = TensorType.all.first(where: { $0.name == upper }) else { return nil }
    self = found
  }

  /// ggml's name, such as `Q4_K`.
  public var name: String { format.name }
  /// The number a GGUF file names the type by.
  public var id: UInt32 { format.ggmlType }
  /// Weights in one block.
  public var blockSize: Int { format.blockSize }
  /// Bytes of one block.
  public var blockBytes: Int { format.blockBytes }
  /// Whether Apus can write the type (`apus quantize`).
  public var isEncodable: Bool { format is any EncodableFormat.Type }

  /// The panels products are computed from, or `nil` for a type that is not multiplied with.
  package var layout: apus_layout? { format.layout }

  /// Bytes of `rows` rows of `columns` weights, or `nil` when a row is no whole number of blocks, a number
  /// is negative or the product overflows.
  public func bytes(rows: Int, columns: Int) -> Int? {
    guard columns >= 0, columns % blockSize == 0 else { return nil }
    return checkedProduct(rows, columns / blockSize, blockBytes)
  }

  /// Decodes `values.count` weights, whole blocks, from `blocks`.
  ///
  /// - Complexity: O(*n*).
  public func decode(_ blocks: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>) {
    format.decode(blocks, into: values)
  }

  /// The index of the first weight in `blocks` that is not finite or whose scale is no number, or `nil`.
  public func firstFault(in blocks: UnsafeRawBufferPointer) -> Int? {
    format.firstFault(in: blocks)
  }
}

extension TensorType: Hashable, CustomStringConvertible {
  /// Whether both are the same type.
  public static func == (left: TensorType, right: TensorType) -> Bool { left.id == right.id }
  /// Hashes the type's number.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
  /// ggml's name.
  public var description: String { name }
}
