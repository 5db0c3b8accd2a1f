// Two networks of one layer in training, written with the builder alone: between them they have every operation that a
// decoder is trained with. Sizes are odd and just large enough for several workers to have work in most phases.

import ApusTensor

@testable import ApusGraph

struct SmallNetwork: Sendable, CustomStringConvertible {
  let description: String
  let cache: (layers: Int, heads: Int, headSize: Int)
  private let build: @Sendable (inout Builder) throws -> ValueID

  static let step: ReferenceStep = {
    var step = ReferenceStep(lengths: [66, 1, 40])
    step.tokenIDs = step.tokenIDs.map { $0 * 7 % vocabulary }
    step.targets = step.targets.map { min($0, vocabulary - 1) }
    return step
  }()

  private static let vocabulary = 75

  /// Losses and all gradients.
  func graph(_ type: TensorType) throws -> Graph {
    var b = Builder(type: type)
    let loss = try build(&b)
    return try b.graph.finish(results: [loss]).differentiated(from: [loss: nil]) { _ in true }
  }

  /// Weights small enough for softmax and activations to be where they are curved.
  func weights(_ graph: Graph) -> [String: ReferenceTensor<Double>] {
    CaseGraph.randomWeights(graph, seed: description).mapValues { $0.map { $0 / 8 } }
  }

  private struct Builder {
    let type: TensorType
    var graph = GraphBuilder()

    mutating func linear(_ x: ValueID, _ name: String, _ rows: Int, of part: Range<Int>? = nil) throws
      -> ValueID
    {
      let columns = graph.type(of: x).columns
      let weight = graph.exampleWeight(name, rows: rows, columns: columns, part: part, type: type)
      return try graph.linear(x, weight)
    }

    mutating func biased(_ x: ValueID, _ name: String, _ rows: Int, of part: Range<Int>? = nil) throws
      -> ValueID
    {
      let bias = graph.exampleVector("\(name) bias", count: rows, part: part)
      return try graph.addRow(linear(x, name, rows, of: part), bias)
    }

    mutating func layerNorm(_ x: ValueID, _ name: String) throws -> ValueID {
      let count = graph.type(of: x).columns
      return try graph.layerNorm(
        x, graph.exampleVector(name, count: count), graph.exampleVector("\(name) bias", count: count),
        epsilon: 1e-5)
    }

    mutating func rmsNorm(_ x: ValueID, _ name: String, of count: Int? = nil) throws -> ValueID {
      let count = count ?? graph.type(of: x).columns
      return try graph.rmsNorm(x, graph.exampleVector(name, count: count), epsilon: 1e-5)
    }
  }

  /// Learned positions, layer norms, one tensor for queries, keys and values, biases, a head tied to the table.
  static let gpt = SmallNetwork(description: "GPT", cache: (1, 5, 16)) { b in
    let width = 80
    let positions = b.graph.exampleWeight("positions", rows: 66, columns: width, role: .lookup)
    var x = try b.graph.add(
      b.graph.example("table", columns: width, rows: vocabulary),
      b.graph.lookup(b.graph.input(.positions), in: positions))
    let a = try b.layerNorm(x, "attention norm")
    let q = try b.biased(a, "qkv", 3 * width, of: 0..<width)
    let k = try b.biased(a, "qkv", 3 * width, of: width..<2 * width)
    let v = try b.biased(a, "qkv", 3 * width, of: 2 * width..<3 * width)
    let mixed = try b.graph.attention(
      q, after: b.graph.storeKeyValue(k, v, layer: 0),
      Attention(layer: 0, heads: 5, scale: 0.25, mask: .causal))
    x = try b.graph.add(x, b.biased(mixed, "attention output", width))
    let inner = try b.graph.activate(b.biased(b.layerNorm(x, "mlp norm"), "up", 130), .geluTanh)
    x = try b.graph.add(x, b.biased(inner, "down", width))
    let head = b.graph.exampleWeight("table", rows: vocabulary, columns: width, type: b.type)
    return try b.graph.crossEntropy(
      b.graph.linear(b.layerNorm(x, "norm"), head), LossOptions(labelSmoothing: 0.1, zLoss: 1e-3))
  }

  /// Rotary positions, RMS norms also of queries and keys, grouped heads, a window, a gate, a capped head of its own.
  static let llama = SmallNetwork(description: "Llama", cache: (1, 2, 20)) { b in
    let width = 80
    var x = try b.graph.scale(b.graph.example("table", columns: width, rows: vocabulary), by: 1.5)
    let rotary = try b.graph.rotaryTable(frequencies: (0..<10).map { 1 / Double(1 + $0 * $0) }, magnitude: 1)
    let a = try b.rmsNorm(x, "attention norm")
    let q = try b.graph.rotary(
      b.rmsNorm(b.linear(a, "q", width), "q norm", of: 20), rotary, headSize: 20, interleaved: false)
    let k = try b.graph.rotary(
      b.rmsNorm(b.linear(a, "k", 40), "k norm", of: 20), rotary, headSize: 20, interleaved: false)
    let v = try b.linear(a, "v", 40)
    let mixed = try b.graph.attention(
      q, after: b.graph.storeKeyValue(k, v, layer: 0),
      Attention(layer: 0, heads: 4, scale: 0.25, softCap: 20, mask: .sliding(window: 30)))
    x = try b.graph.add(x, b.linear(mixed, "attention output", width))
    let m = try b.rmsNorm(x, "mlp norm")
    let inner = try b.graph.gate(b.linear(m, "gate", 130), b.linear(m, "up", 130), .silu)
    x = try b.graph.add(x, b.linear(inner, "down", width))
    return try b.graph.crossEntropy(
      b.graph.softCap(b.linear(b.rmsNorm(x, "norm"), "head", vocabulary), 15), LossOptions())
  }
}
