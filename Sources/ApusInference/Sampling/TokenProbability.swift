// What is reported of a token's probability.

/// A token and the natural logarithm of its probability.
public struct TokenProbability: Sendable, Equatable {
  /// The token.
  public let token: Int32
  /// The natural logarithm of the probability the model gives it, before any sampler.
  public let logProbability: Double

  /// A token with its log-probability.
  public init(token: Int32, logProbability: Double) {
    self.token = token
    self.logProbability = logProbability
  }
}
