// What each scheme gives each tensor, that the numbers have that deviation, and names that say nothing.

import ApusRuntime
import Testing

@testable import ApusTraining

@Suite struct WeightInitializerTests {
  static let names: [(String, TensorRole)] = [
    ("token_embd.weight", .tokenEmbedding), ("position_embd.weight", .positionEmbedding),
    ("token_types.weight", .positionEmbedding), ("blk.0.attn_q.weight", .hidden),
    ("blk.11.attn_k.weight", .hidden), ("blk.1.attn_v.weight", .hidden), ("blk.1.attn_qkv.weight", .hidden),
    ("blk.1.attn_output.weight", .residual), ("blk.1.ffn_up.weight", .hidden),
    ("blk.1.ffn_gate.weight", .hidden), ("blk.1.ffn_down.weight", .residual), ("output.weight", .output),
    ("output_norm.weight", .norm), ("output_norm.bias", .bias), ("blk.1.attn_norm.weight", .norm),
    ("blk.1.attn_q_norm.weight", .norm), ("blk.1.attn_norm.bias", .bias), ("blk.1.attn_qkv.bias", .bias),
    ("blk.1.ffn_down.bias", .bias),
  ]

  @Test func roles() throws {
    for (name, role) in Self.names { #expect(try TensorRole(name) == role, "\(name)") }
    for name in [
      "", "weight", "output", "blk.x.ffn_up.weight", "blk.1.ffn_sideways.weight", "ffn_up.weight",
      "blk.1.output.weight", "output.scale", "a.output.weight", "rope_freqs.weight",
    ] {
      #expect(throws: LearningError.unknownTensor(name)) { try TensorRole(name) }
    }
    #expect(
      LearningError.unknownTensor("x").description
        == "cannot initialise tensor 'x': its name is none of GGUF's for embeddings, blocks, norms or the head"
    )
  }

  @Test func schemes() throws {
    func law(_ scheme: InitializationScheme, _ name: String, _ columns: Int = 768) throws
      -> WeightDistribution
    {
      try WeightInitializer(scheme, layers: 8, hidden: 768, seed: 1).distribution(of: name, columns: columns)
    }
    for scheme in [InitializationScheme.gpt2(), .llama, .muP(baseHidden: 256)] {
      for (name, role) in Self.names {
        let found = try law(scheme, name)
        switch role {
        case .norm: #expect(found == .constant(1))
        case .bias: #expect(found == .constant(0))
        case .tokenEmbedding, .positionEmbedding: #expect(found == .normal(deviation: 0.02))
        default: #expect(found.mean == 0)
        }
      }
    }
    let (up, down) = ("blk.1.ffn_up.weight", "blk.1.ffn_down.weight")
    #expect(try law(.gpt2(), up) == .normal(deviation: 0.02))
    #expect(try law(.gpt2(), down) == .normal(deviation: 0.005))
    #expect(try law(.gpt2(), "output.weight") == .normal(deviation: 0.02))
    #expect(try law(.gpt2(positionDeviation: 0.01), "position_embd.weight") == .normal(deviation: 0.01))
    #expect(try law(.llama, up) == .normal(deviation: 0.02, cut: 3))
    #expect(try law(.llama, down) == .normal(deviation: 0.005, cut: 3))
    #expect(try law(.llama, "output.weight", 1024) == .normal(deviation: 1 / 32, cut: 3))
    #expect(try law(.muP(baseHidden: 256), up, 1024) == .normal(deviation: 1 / 32))
    #expect(try law(.muP(baseHidden: 256), down, 4096) == .normal(deviation: 1 / 256))
    #expect(try law(.muP(baseHidden: 256), "output.weight") == .constant(0))
    #expect(
      try law(.muP(baseHidden: 256, zeroOutput: false), "output.weight", 1024)
        == .normal(deviation: 1 / 1024))
  }

  @Test func ratesOfMuP() throws {
    let initializer = WeightInitializer(.muP(baseHidden: 256), layers: 8, hidden: 1024, seed: 1)
    for (name, role) in Self.names {
      let scale = try initializer.learningRateScale(of: name)
      #expect(scale == ([.hidden, .residual, .output].contains(role) ? 0.25 : 1), "\(name)")
      let other = WeightInitializer(.llama, layers: 8, hidden: 1024, seed: 1)
      #expect(try other.learningRateScale(of: name) == 1)
    }
  }

  @Test("the numbers have the deviation, and differ by name and seed")
  func fills() throws {
    let pool = try WorkerPool(count: 2, processors: 2)
    let cpu = try kernels()
    let count = 300 * 256
    func filled(_ name: String, seed: UInt64 = 3, _ scheme: InitializationScheme = .gpt2()) throws -> [Float]
    {
      let initializer = WeightInitializer(scheme, layers: 2, hidden: 256, seed: seed)
      try initializer.validate()
      var values = [Float](repeating: .nan, count: count)
      try values.withUnsafeMutableBufferPointer {
        try initializer.fill(name, columns: 256, $0.baseAddress!, count: count, workers: pool, cpu: cpu)
      }
      return values
    }
    let up = try filled("blk.0.ffn_up.weight")
    let variance = up.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
    #expect(abs(variance / 0.0004 - 1) < 4 * (2 / Double(count)).squareRoot())
    #expect(try filled("blk.0.ffn_up.weight") == up)
    #expect(try filled("blk.1.ffn_up.weight") != up)
    #expect(try filled("blk.0.ffn_up.weight", seed: 4) != up)
    #expect(try filled("output_norm.weight").allSatisfy { $0 == 1 })
    #expect(try filled("blk.0.ffn_up.bias").allSatisfy { $0 == 0 })
    let cut = try filled("output.weight", .llama)
    #expect(cut.allSatisfy { abs($0) <= 3.0 / 16 })
  }

  @Test func refused() {
    #expect(
      throws: LearningError.setting(name: "base hidden size", value: "0", expected: "at least 1")
    ) { try WeightInitializer(.muP(baseHidden: 0), layers: 1, hidden: 1, seed: 0).validate() }
    #expect(throws: LearningError.self) {
      try WeightInitializer(.gpt2(positionDeviation: -1), layers: 1, hidden: 1, seed: 0).validate()
    }
  }
}
