// In which order a run meets its prompts.

/// Every prompt once an epoch, in an order of its own if they are shuffled.
public struct PromptOrder: Sendable {
  private let count: Int
  private let seed: UInt64
  private let shuffles: Bool

  /// The order of `count` prompts, at least one.
  public init(count: Int, seed: UInt64, shuffles: Bool) {
    precondition(count > 0)
    self.count = count
    self.seed = seed
    self.shuffles = shuffles
  }

  /// The prompt at `row`, counted through all epochs.
  ///
  /// - Complexity: O(1).
  public subscript(row: Int) -> Int {
    let (epoch, place) = row.quotientAndRemainder(dividingBy: count)
    return shuffles ? Permutation(count: count, seed: seed, epoch: epoch)[place] : place
  }
}
