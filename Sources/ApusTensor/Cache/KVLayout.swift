// The geometry of the KV cache: a page holds 64 positions of every layer and KV head.

import CApusKernels

/// The number format keys and values are rounded to before attention reads them.
public enum KVFormat: String, Sendable, CaseIterable {
  case f32
  case f16
  case bf16
  /// Bytes, with a half-precision scale for every 32 values of a key or value.
  case q8_0

  /// What a head's size must be a multiple of.
  package var headSizeMultiple: Int { self == .q8_0 ? 32 : 2 }

  package var kernelFormat: apus_kv {
    switch self {
    case .f32: APUS_KV_F32
    case .f16: APUS_KV_F16
    case .bf16: APUS_KV_BF16
    case .q8_0: APUS_KV_Q8_0
    }
  }
}

/// How a page is laid out: layers, then KV heads, then the kernel's block of 64 keys and values.
package struct KVLayout: Hashable, Sendable {
  package let format: KVFormat
  package let layers: Int
  package let heads: Int
  package let headSize: Int

  package init(format: KVFormat, layers: Int, heads: Int, headSize: Int) {
    self.format = format
    self.layers = layers
    self.heads = heads
    self.headSize = headSize
  }

  /// Positions in a page.
  package static let pageKeys = APUS_PAGE_KEYS
  /// Positions in a span, the part of a sequence that attention sums up by itself.
  package static let spanKeys = APUS_SPAN_KEYS

  /// Consecutive tokens that attention handles at once: many enough to read a page seldom, few enough to share a prompt
  /// of 512 tokens and few heads between the workers; a multiple of twelve, the rows of the kernels' tiles.
  ///
  /// - Parameter group: query heads of a KV head; 192 of their rows are a block of the kernels.
  package static func tileTokens(workers: Int, group: Int) -> Int {
    max(12, 192 / max(workers, group) / 12 * 12)
  }

  /// Bytes of one head's block in a page.
  package var headBytes: Int { apus_kv_page_bytes(format.kernelFormat, Int32(headSize)) }

  /// Bytes of a page.
  package var pageBytes: Int { layers * heads * headBytes }

  /// Where the block of a layer's head starts in a page. With fewer layers than the model's they take turns: pages of
  /// one layer serve a model whose keys nobody reads after the step.
  package func offset(layer: Int, head: Int) -> Int { (layer % layers * heads + head) * headBytes }

  /// Pages that hold `positions` keys.
  package static func pages(_ positions: Int) -> Int { (positions + pageKeys - 1) / pageKeys }
}
