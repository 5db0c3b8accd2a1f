// Reads an architecture's hyper-parameters and checks each against what makes sense, so that no later code
// meets a zero head count or a NaN epsilon (faults F13, F14).

/// Typed, checked access to `architecture.*` keys.
package struct Hyperparameters {
  package let source: any WeightSource
  package let prefix: String

  package init(_ source: any WeightSource, architecture: String) {
    self.source = source
    prefix = architecture
  }

  private func key(_ name: String) -> String { "\(prefix).\(name)" }

  /// What the file calls the key, for messages.
  package func shown(_ name: String) -> String { source.fileKey(key(name)) }

  /// A whole number within `range`.
  package func integer(
    _ name: String, in range: ClosedRange<Int>, default fallback: Int? = nil
  ) throws(ModelError) -> Int {
    switch source.hyperparameter(key(name)) {
    case .integer(let value):
      guard range.contains(value) else {
        throw .invalidKey(
          shown(name), value: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
      }
      return value
    case nil:
      guard let fallback else { throw .missingKey(shown(name)) }
      return fallback
    case let other?:
      throw .invalidKey(shown(name), value: "\(other)", expected: "a whole number")
    }
  }

  /// A finite number within `range`.
  package func real(
    _ name: String, in range: ClosedRange<Double>, default fallback: Double? = nil
  ) throws(ModelError) -> Double {
    let value: Double
    switch source.hyperparameter(key(name)) {
    case .real(let number): value = number
    case .integer(let number): value = Double(number)
    case nil:
      guard let fallback else { throw .missingKey(shown(name)) }
      return fallback
    case let other?:
      throw .invalidKey(shown(name), value: "\(other)", expected: "a number")
    }
    guard range.contains(value) else {
      throw .invalidKey(
        shown(name), value: "\(value)", expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A number that may be absent.
  package func optionalReal(_ name: String, in range: ClosedRange<Double>) throws(ModelError) -> Double? {
    guard source.hyperparameter(key(name)) != nil else { return nil }
    return try real(name, in: range)
  }

  package func text(_ name: String) -> String? {
    if case .text(let value) = source.hyperparameter(key(name)) { return value }
    return nil
  }

  /// One number for all layers, or the same number for each layer in an array.
  package func perLayerInteger(
    _ name: String, layers: Int, in range: ClosedRange<Int>, default fallback: Int
  ) throws(ModelError) -> Int {
    guard case .integers(let values) = source.hyperparameter(key(name)) else {
      return try integer(name, in: range, default: fallback)
    }
    guard values.count >= layers, let first = values.first, values.prefix(layers).allSatisfy({ $0 == first }),
      range.contains(first)
    else {
      throw .invalidKey(
        shown(name), value: "\(values.prefix(8))", expected: "one number, the same for all \(layers) layers")
    }
    return first
  }

  /// Which layers use the sliding window: a flag per layer, or every `n`-th layer does not.
  package func slidingPattern(
    _ name: String, layers: Int, everyOther fallback: Int
  ) throws(ModelError) -> [Bool] {
    switch source.hyperparameter(key(name)) {
    case .flags(let flags) where flags.count >= layers: return Array(flags.prefix(layers))
    case .integers(let values) where values.count >= layers: return values.prefix(layers).map { $0 != 0 }
    case .integer(let period) where period > 0: return (0..<layers).map { ($0 + 1) % period != 0 }
    case nil: return (0..<layers).map { ($0 + 1) % fallback != 0 }
    case let other?:
      throw .invalidKey(shown(name), value: "\(other)", expected: "a flag for each of \(layers) layers")
    }
  }
}
