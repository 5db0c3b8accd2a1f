// Adapters as PEFT saves them, with the logits and gradients that come of them: Tests/Fixtures/adapters, made by adapters.py.

import ApusBasics
import ApusFiles
import Testing

/// An adapter for one of the tiny networks.
package struct AdapterFixture: Sendable, CustomTestStringConvertible {
  package let name: String
  /// The folder that PEFT wrote.
  package let path: String
  /// Of the prompt of the network's own fixture, `[tokens, vocabulary]`.
  package let logits: [Float]
  /// Of the batch of the gradients' fixtures.
  package let loss: Double

  package var testDescription: String { name }

  package static let names = ["llama", "gpt2"]

  package init(_ name: String) throws {
    self.name = name
    path = Fixtures.path("adapters/\(name)")
    logits = try #require(readFile(path + "/logits.f32")).withUnsafeBytes {
      Array($0.assumingMemoryBound(to: Float.self))
    }
    loss = try JSONValue(parsing: #require(readFile(path + "/expected.json")))["loss"]!.double!
  }

  /// The network without the adapter.
  package var network: ModelFixture { get throws { try ModelFixture(name) } }

  /// The path of a folder with the loss's gradients in place of the adapter's numbers: an adapter of its own.
  package func writeGradients(at folder: String) throws {
    try makeDirectory(folder)
    for (from, to) in [
      ("adapter_config.json", "adapter_config.json"), ("gradients.safetensors", "adapter_model.safetensors"),
    ] {
      try writeFile("\(folder)/\(to)", #require(readFile("\(path)/\(from)")))
    }
  }
}
