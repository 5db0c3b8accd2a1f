// What a quantisation type is to Apus: a block of bytes that stands for a fixed number of weights. Each type
// is one file beside this one; All.swift lists them. Products never see these blocks: weights are packed at
// load into a lane layout of the kernels, named by `layout`.

import CApusKernels

/// One way to store weights as blocks of bytes, as ggml defines it.
///
/// The arithmetic of `decodeBlock` is the type's definition: every product, in whatever panels, multiplies
/// by exactly these values. It is the same, bit for bit, as the `gguf` Python package's.
package protocol TensorFormat: Sendable {
  /// ggml's name, such as `Q4_K`.
  static var name: String { get }
  /// The number a GGUF file names the type by.
  static var ggmlType: UInt32 { get }
  /// Weights in one block.
  static var blockSize: Int { get }
  /// Bytes of one block.
  static var blockBytes: Int { get }
  /// The panels products are computed from, or `nil` for a type that is not multiplied with.
  static var layout: apus_layout? { get }

  /// Writes the `blockSize` values of the block of `blockBytes` bytes at `block`, of any alignment.
  static func decodeBlock(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>)

  /// Whether a scale in the block is no number although every value it gives is finite.
  static func hasHiddenFault(_ block: UnsafeRawPointer) -> Bool

  // The loops over blocks are requirements, though no type writes its own, so that each gets a copy compiled
  // for it: one call per block would cost more than a block of one number.

  /// Decodes whole blocks: `values.count` weights, a multiple of `blockSize`.
  ///
  /// - Complexity: O(*n*).
  static func decode(_ blocks: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>)

  /// The index of the first weight that is not finite or whose scale is no number, or `nil`.
  ///
  /// - Complexity: O(*n*); no allocation beyond one block.
  static func firstFault(in blocks: UnsafeRawBufferPointer) -> Int?
}

/// A format that weights can be written in.
package protocol EncodableFormat: TensorFormat {
  /// The `general.file_type` of a file whose matrices are mostly of this format.
  static var fileType: UInt32 { get }

  /// Writes the block that stands for the `blockSize` values at `values`.
  static func encodeBlock(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer)

  /// Encodes `values.count` weights, a multiple of `blockSize`, into whole blocks.
  ///
  /// - Complexity: O(*n*).
  static func encode(_ values: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer)
}

extension TensorFormat {
  package static func hasHiddenFault(_ block: UnsafeRawPointer) -> Bool { false }

  package static func decode(_ blocks: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>)
  {
    let count = values.count / blockSize
    precondition(count * blockSize == values.count && blocks.count >= count * blockBytes)
    guard count > 0, var block = blocks.baseAddress, var output = values.baseAddress else { return }
    for _ in 0..<count {
      decodeBlock(block, into: output)
      block += blockBytes
      output += blockSize
    }
  }

  package static func firstFault(in blocks: UnsafeRawBufferPointer) -> Int? {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: blockSize) { values -> Int? in
      guard let start = blocks.baseAddress, let output = values.baseAddress else { return nil }
      for index in 0..<blocks.count / blockBytes {
        let block = start + index * blockBytes
        decodeBlock(block, into: output)
        var sum: Float = 0
        for lane in 0..<blockSize { sum += output[lane] * 0 }
        if sum != 0 || hasHiddenFault(block) {
          let lane = values.firstIndex { !$0.isFinite } ?? 0
          return index * blockSize + lane
        }
      }
      return nil
    }
  }
}

extension EncodableFormat {
  package static func encode(_ values: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer)
  {
    let count = values.count / blockSize
    precondition(count * blockSize == values.count && blocks.count >= count * blockBytes)
    guard count > 0, var input = values.baseAddress, var block = blocks.baseAddress else { return }
    for _ in 0..<count {
      encodeBlock(input, into: block)
      input += blockSize
      block += blockBytes
    }
  }
}
