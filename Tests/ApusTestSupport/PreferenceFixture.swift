// Losses of preferences and their gradients, made by PyTorch and stored in Tests/Fixtures/preferences by preferences.py there.

import ApusBasics
import Testing

/// An objective's loss and gradients to compare with; the network is ModelFixture("llama").
package struct PreferenceFixture: Sendable, CustomTestStringConvertible {
  package let name: String
  /// The settings, by the names they have in configurations.
  package let settings: JSONValue
  /// The mean over the rows.
  package let loss: Double
  /// Sums of log p of the answers, two for a row.
  package let policy: [Double]
  package let reference: [Double]
  package let tensors: [GradientFixture.Tensor]

  package var testDescription: String { name }

  package static let names = ["dpo", "dpo-smoothed", "ipo", "simpo", "kto"]

  /// A prompt with two answers.
  package struct Row: Sendable {
    package let prompt: [Int32]
    package let chosen: [Int32]
    package let rejected: [Int32]
    /// Of the chosen one, where it stands alone.
    package let isDesirable: Bool
  }

  /// The rows of all fixtures.
  package static func rows() throws -> [Row] {
    let json = try JSONValue(parsing: #require(readFile(Fixtures.path("preferences/rows.json"))))
    func tokens(_ row: JSONValue, _ name: String) -> [Int32] { row[name]!.array!.map { Int32($0.int!) } }
    return json.array!.map { row in
      Row(
        prompt: tokens(row, "prompt"), chosen: tokens(row, "chosen"), rejected: tokens(row, "rejected"),
        isDesirable: row["desirable"]!.bool!)
    }
  }

  package init(_ name: String) throws {
    self.name = name
    let path = Fixtures.path("preferences/\(name)")
    let json = try JSONValue(parsing: #require(readFile(path + ".json")))
    settings = json
    loss = json["loss"]!.double!
    policy = json["policy"]!.array!.map { $0.double! }
    reference = json["reference"]!.array!.map { $0.double! }
    tensors = try GradientFixture.tensors(json, GradientFixture.floats(path)[...])
  }
}
