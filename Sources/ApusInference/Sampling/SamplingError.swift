// What can go wrong when tokens are chosen: an option outside its range, or logits nothing can be drawn from.

import ApusBasics

/// Why sampling was refused.
public enum SamplingError: ApusError, Equatable {
  /// An option's value is not a number or outside the allowed range.
  case outOfRange(option: String, value: Double, allowed: ClosedRange<Double>)
  /// A token of the logit bias does not exist.
  case biasToken(token: Int32, vocabulary: Int)
  /// A logit bias is not a number, too large, or plus infinity.
  case bias(token: Int32, value: Double, allowed: ClosedRange<Double>)
  /// A list has more entries than its limit.
  case tooMany(option: String, count: Int, limit: Int)
  /// A name or letter of the sampler list is not one of the known ones.
  case unknownSampler(name: String, known: String)
  /// The model computed a logit that is not a number, infinite, or beyond any use.
  case badLogit(token: Int32, value: Float)
  /// No token is allowed: the mask, or the biases, forbid them all.
  case noTokenAllowed

  /// One line for the user.
  public var description: String {
    switch self {
    case .outOfRange(let option, let value, let allowed):
      "\(option) is \(plain(value)): the allowed range is \(plain(allowed.lowerBound)) to \(plain(allowed.upperBound))"
    case .biasToken(let token, let vocabulary):
      "logit bias for token \(token): the vocabulary has the tokens 0 to \(vocabulary - 1)"
    case .bias(let token, let value, let allowed):
      "logit bias \(plain(value)) for token \(token): the allowed range is \(plain(allowed.lowerBound)) to "
        + "\(plain(allowed.upperBound)), or -inf to forbid the token"
    case .tooMany(let option, let count, let limit):
      "\(option) has \(count) entries: at most \(limit) are allowed"
    case .unknownSampler(let name, let known):
      "unknown sampler '\(name)': known are \(known)"
    case .badLogit(let token, let value):
      "the logit of token \(token) is \(value): the model's numbers are broken"
    case .noTokenAllowed:
      "no token is allowed here"
    }
  }
}

/// Whole numbers without a fraction.
private func plain(_ value: Double) -> String {
  Int(exactly: value).map(String.init) ?? "\(value)"
}
