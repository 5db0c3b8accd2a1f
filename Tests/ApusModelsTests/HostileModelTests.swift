// Faults F13 and F14: a network whose numbers cannot be is refused by name, before any weight is touched.

import ApusFiles
import ApusGraph
import ApusModels
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct HostileModelTests {
  /// A key set to a value, and a part of the message that must come.
  struct Edit: Sendable, CustomTestStringConvertible {
    let key: String
    let value: @Sendable () -> GGUFValue
    let expected: String
    var testDescription: String { "\(key): \(expected)" }

    static func integer(_ key: String, _ value: UInt32, _ expected: String) -> Edit {
      Edit(key: key, value: { .scalar(value) }, expected: expected)
    }

    static func real(_ key: String, _ value: Float, _ expected: String) -> Edit {
      Edit(key: key, value: { .scalar(value) }, expected: expected)
    }
  }

  @Test(
    "F13, F14: impossible hyper-parameters",
    arguments: [
      Edit.integer("llama.block_count", 0, "\"llama.block_count\" is 0"),
      .integer("llama.block_count", 1_000_000, "\"llama.block_count\" is 1000000"),
      .integer("llama.block_count", 4, "9 tensors are missing: \"blk.3.attn_norm.weight\""),
      .integer("llama.attention.head_count", 0, "\"llama.attention.head_count\" is 0"),
      .integer("llama.attention.head_count", 3, "head_count"),
      .integer("llama.attention.head_count_kv", 3, "expected a divisor of the 4 query heads"),
      .integer("llama.embedding_length", 65, "embedding_length"),
      .integer("llama.feed_forward_length", 97, "[96, 64]; the hyper-parameters want [97, 64]"),
      .integer("llama.context_length", 0, "\"llama.context_length\" is 0"),
      .integer("llama.context_length", 1 << 31, "\"llama.context_length\" is 2147483648"),
      .integer("llama.rope.dimension_count", 17, "\"llama.rope.dimension_count\" is 17"),
      .integer("llama.rope.dimension_count", 3, "expected an even number"),
      .real("llama.rope.freq_base", 0, "\"llama.rope.freq_base\" is 0.0"),
      .real("llama.rope.freq_base", .nan, "\"llama.rope.freq_base\" is nan"),
      .real("llama.rope.freq_base", .infinity, "\"llama.rope.freq_base\" is inf"),
      .real("llama.attention.layer_norm_rms_epsilon", 0, "epsilon\" is 0.0"),
      .real("llama.attention.layer_norm_rms_epsilon", -1, "epsilon\" is -1.0"),
      .real("llama.attention.layer_norm_rms_epsilon", .nan, "epsilon\" is nan"),
      Edit(key: "llama.block_count", value: { .string("3") }, expected: "expected a whole number"),
      Edit(key: "llama.rope.scaling.type", value: { .string("cubic") }, expected: "\"cubic\""),
      Edit(
        key: "general.architecture", value: { .string("swallow") }, expected: "\"swallow\" is not supported"),
    ])
  func impossible(_ edit: Edit) throws {
    let file = try ModelFixture("llama").file(edit: { $0.set(edit.key, edit.value()) })
    let error = #expect(throws: ModelError.self) {
      let network = try Network(GGUFWeights(file))
      _ = try network.graph(contextLength: network.configuration.contextLength)
    }
    let text = error?.description ?? ""
    #expect(text.contains(edit.expected), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test(
    "F13: what is missing is listed",
    arguments: [
      "token_embd.weight", "blk.1.ffn_down.weight", "output_norm.weight", "llama.block_count",
      "llama.attention.head_count", "llama.context_length", "llama.attention.layer_norm_rms_epsilon",
      "general.architecture",
    ])
  func missing(_ name: String) throws {
    let file = try ModelFixture("llama").file(leavingOut: name)
    let error = #expect(throws: ModelError.self) {
      let network = try Network(GGUFWeights(file))
      _ = try network.graph(contextLength: network.configuration.contextLength)
    }
    #expect(error?.description.contains("\"\(name)\"") ?? false, "\(String(describing: error))")
  }
}
