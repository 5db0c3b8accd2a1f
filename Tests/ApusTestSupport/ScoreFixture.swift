// Scores of tokens and of sequences by `transformers`, and the gradients of a loss that scores have a part in: made by
// scores.py in Tests/Fixtures, whose head says what is in the files.

import ApusBasics
import Testing

/// A network with a head of scores, to compare with.
package struct ScoreFixture: Sendable, CustomTestStringConvertible {
  /// The loss and the gradients. Only scores may have a part in them.
  package let gradients: GradientFixture
  /// Whether the network has a head of tokens, too.
  package let hasTokens: Bool
  /// `[rows, length]` of GradientBatch: what each token's score counts, before division by the number of tokens.
  package let weights: [Float]
  /// `[rows, length]`
  package let tokenScores: [Float]
  /// transformers' class for such a reward model, and the names of its weights.
  package let className: String
  package let stateNames: Set<String>
  /// Of the batch's documents.
  package let sequenceScores: [Double]

  package var testDescription: String { gradients.name }

  /// Every fixture there is.
  package static let names = ["llama", "gpt2", "gemma2", "qwen2"]

  package init(_ name: String) throws {
    gradients = try GradientFixture(name, in: "scores")
    let json = try JSONValue(parsing: #require(readFile(Fixtures.path("scores/\(name).json"))))
    func numbers(_ key: String) -> [Double] { json[key]!.array!.map { $0.double! } }
    hasTokens = json["head"]!.string! == "both"
    weights = numbers("scoreWeights").map(Float.init)
    tokenScores = numbers("tokenScores").map(Float.init)
    className = json["className"]!.string!
    stateNames = Set(json["stateNames"]!.array!.map { $0.string! })
    sequenceScores = numbers("sequenceScores")
  }
}
