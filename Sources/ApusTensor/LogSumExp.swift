// The one definition of log-sum-exp over a vocabulary. Log-probabilities of sampling, evaluation and
// training all come from here, so they agree bit for bit.

import CApusKernels

/// The state of a log-sum-exp: the largest value and the sum of exp(value − largest).
///
/// A row is cut into tiles of 4,096 values. Each tile's pair comes from the kernel `sum_exp` (the sum in
/// the canonical order of the kernels); pairs merge in ascending order:
/// `m' = max(m, mₜ)`, `s' = fma(s, exp(m − m'), sₜ · exp(mₜ − m'))`.
package struct LogSumExp: Equatable, Sendable {
  package private(set) var maximum: Float
  package private(set) var sum: Float

  /// Values in a tile.
  package static let tileSize = 4096

  /// Of no values: the logarithm of 0.
  package init() {
    maximum = -.infinity
    sum = 0
  }

  /// Of `count` values.
  ///
  /// - Complexity: O(*n*).
  package init(_ values: UnsafePointer<Float>, count: Int, kernels: KernelTable) {
    self.init()
    for tile in 0..<Self.tileCount(count) {
      merge(LogSumExp(tile: tile, of: values, count: count, kernels: kernels))
    }
  }

  /// Of one tile of `count` values.
  package init(
    tile: Int, of values: UnsafePointer<Float>, count: Int, kernels: KernelTable
  ) {
    self.init()
    let range = Self.tile(tile, of: count)
    kernels.pointee.sum_exp(values + range.lowerBound, Int32(range.count), &maximum, &sum)
  }

  /// Tiles of a row of `count` values.
  package static func tileCount(_ count: Int) -> Int { (count + tileSize - 1) / tileSize }

  /// The indices of a tile of a row of `count` values.
  package static func tile(_ index: Int, of count: Int) -> Range<Int> {
    index * tileSize..<min((index + 1) * tileSize, count)
  }

  /// True when every value was minus infinity, or there was none.
  package var isEmpty: Bool { maximum == -.infinity }

  /// Adds the values of the next tile.
  package mutating func merge(_ next: LogSumExp) {
    guard !next.isEmpty else { return }
    guard !isEmpty else {
      self = next
      return
    }
    let largest = next.maximum > maximum ? next.maximum : maximum
    let scaled = next.sum * apus_expf(next.maximum - largest)
    sum = scaled.addingProduct(sum, apus_expf(maximum - largest))
    maximum = largest
  }

  /// log Σ exp(value).
  package var value: Double { Double(maximum) + apus_log(Double(sum)) }
}
