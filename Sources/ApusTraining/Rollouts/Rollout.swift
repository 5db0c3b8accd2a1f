// An answer that a policy has given, and the random numbers behind it.

import ApusRuntime

/// One answer of a policy to a prompt.
package struct Rollout: Sendable, Equatable {
  /// Which of the prompts.
  package var prompt: Int
  /// Which of the prompt's answers.
  package var number: Int
  /// The answer, the token that ended it included.
  package var tokens: [Int32] = []
  /// The logarithm of each token's probability when it was chosen.
  package var logProbabilities: [Float] = []
  /// Whether the last token is one that ends answers; otherwise there was no more room.
  package var isEnded = false

  /// The answer without the token that ended it.
  package var text: ArraySlice<Int32> { tokens.dropLast(isEnded ? 1 : 0) }
}

/// Random numbers of answers: functions of seed, step, prompt, number of the answer and position in it, so that neither the
/// batches nor the threads in which answers are made change any.
package struct RolloutRandom: Sendable {
  private let random: Philox
  private let step: Int

  /// - Parameter purpose: tells apart streams of one seed.
  package init(seed: Int, step: Int, purpose: String = "rollouts") {
    random = Philox(key: Philox.key(for: purpose, seed: UInt64(seed)))
    self.step = step
  }

  /// A number in 0 ..< 1, a multiple of 2⁻⁵³.
  func uniform(prompt: Int, number: Int, position: Int) -> Double {
    let words = random.block(
      UInt64(position) | UInt64(number) << 32, UInt64(prompt) | UInt64(step) << 32)
    return Double((UInt64(words[0]) << 32 | UInt64(words[1])) >> 11) * 0x1p-53
  }
}
