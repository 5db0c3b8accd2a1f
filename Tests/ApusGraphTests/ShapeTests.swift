// Shape rules: what an operation refuses, what it makes, and what it says it costs.

@testable import ApusGraph
import ApusTensor
import Testing

@Suite struct ShapeTests {
  private static let floats = ValueType(.f32, rows: .tokens, columns: 64)
  private static let wide = ValueType(.f32, rows: .tokens, columns: 96)
  private static let indices = ValueType(.i32, rows: .tokens, columns: 1)
  private static let matrix = ValueType(.weight(.q8_0), rows: .fixed(128), columns: 64)
  private static let vector = ValueType(.weight(.f32), rows: .fixed(64), columns: 64)
  private static let rounded = ValueType(.activation(.q32), rows: .tokens, columns: 64)

  /// An operation with inputs it must refuse.
  struct Wrong: Sendable, CustomTestStringConvertible {
    let operation: any Operation
    let inputs: [ValueType]
    var testDescription: String { "\(type(of: operation).name) \(inputs)" }
  }

  @Test(
    "wrong operands are refused by name",
    arguments: [
      Wrong(operation: Add(), inputs: [floats, wide]), Wrong(operation: Add(), inputs: [floats]),
      Wrong(operation: AddRow(), inputs: [wide, vector]),
      Wrong(operation: EmbeddingLookup(), inputs: [floats, matrix]),
      Wrong(operation: MatMul(), inputs: [wide, matrix]),
      Wrong(operation: MatMul(hasBias: true), inputs: [rounded, matrix]),
      Wrong(operation: RMSNorm(epsilon: 1e-5), inputs: [wide, vector]),
      Wrong(operation: LayerNorm(epsilon: 1e-5), inputs: [floats, vector]),
      Wrong(operation: Round(form: .q256), inputs: [floats]),
      Wrong(operation: Round(form: .q32), inputs: [indices]),
      Wrong(operation: SoftCap(cap: 0), inputs: [floats]),
      Wrong(operation: Gate(activation: .silu), inputs: [floats, wide]),
      Wrong(operation: Rotary(headSize: 24, interleaved: true), inputs: [floats, floats]),
      Wrong(operation: SelectRows(), inputs: [floats, floats]),
      Wrong(operation: StoreKeyValue(layer: 0), inputs: [floats, wide]),
      Wrong(operation: Attention(layer: 0, heads: 4, scale: 1, mask: .causal), inputs: [floats, floats]),
    ])
  func refused(_ wrong: Wrong) {
    let error = #expect(throws: GraphError.self) { try wrong.operation.outputTypes(wrong.inputs) }
    #expect(error?.description.hasPrefix("graph: \(type(of: wrong.operation).name): ") ?? false)
  }

  @Test("a product's shape and cost")
  func product() throws {
    let output = try MatMul().outputTypes([Self.rounded, Self.matrix])[0]
    #expect(output == ValueType(.f32, rows: .tokens, columns: 128))
    let sizes = Sizes(tokens: 3, outputs: 1, sequences: 1)
    let cost = MatMul().cost([Self.rounded, Self.matrix], [output], sizes)
    #expect(cost.flops == 2 * 3 * 128 * 64)
    // Q8_0 is 34 bytes per 32 weights.
    #expect(cost.bytes >= Double(128 * 64 / 32 * 34))
  }

  @Test("a value is rounded once for all products that read it, and only by formats that round")
  func rounding() throws {
    var builder = GraphBuilder()
    let x = try builder.lookup(builder.input(.tokenIDs), in: weight(&builder, "e", .f32, 32, 64, .lookup))
    _ = try builder.linear(x, weight(&builder, "a", .q8_0, 32, 64, .product))
    _ = try builder.linear(x, weight(&builder, "b", .q4_0, 32, 64, .product))
    let last = try builder.linear(x, weight(&builder, "c", .f32, 32, 64, .product))
    let graph = builder.finish(results: [last])
    #expect(graph.nodes.count { $0.name == "round" } == 1)
    #expect(graph.nodes.count { $0.name == "matmul" } == 3)
  }

  @Test("operations nobody reads are removed, those with an effect are not")
  func dead() throws {
    var builder = GraphBuilder()
    let x = try builder.lookup(builder.input(.tokenIDs), in: weight(&builder, "e", .f32, 32, 64, .lookup))
    _ = try builder.scale(x, by: 2)
    _ = try builder.storeKeyValue(x, x, layer: 0)
    let result = try builder.add(x, x)
    let plan = Plan(
      builder.finish(results: [result]), limits: Sizes(tokens: 4, outputs: 1, sequences: 1))
    #expect(plan.graph.nodes.map(\.name) == ["lookup", "store", "add"])
  }

  @Test("a selection does not pass what others read whole")
  func selection() throws {
    var builder = GraphBuilder()
    let x = try builder.lookup(builder.input(.tokenIDs), in: weight(&builder, "e", .f32, 32, 64, .lookup))
    let y = try builder.scale(x, by: 2)
    let z = try builder.selectOutputs(builder.add(y, y))
    let plan = Plan(builder.finish(results: [z, y]), limits: Sizes(tokens: 4, outputs: 1, sequences: 1))
    #expect(plan.graph.nodes.map(\.name) == ["lookup", "scale", "select", "add"])
  }

  private func weight(
    _ builder: inout GraphBuilder, _ name: String, _ type: TensorType, _ rows: Int, _ columns: Int,
    _ role: ParameterReference.Role
  ) -> ValueID {
    builder.parameter(
      ParameterReference(tensor: name, rows: 0..<rows, role: role), type: type, columns: columns)
  }

  @Test("coarse activations change roundings whose rows are long enough, and nothing else")
  func coarse() throws {
    for columns in [256, 96] {
      var builder = GraphBuilder()
      let weight = builder.parameter(
        ParameterReference(tensor: "w", rows: 0..<32, role: .product), type: .q8_0, columns: columns)
      let table = builder.parameter(
        ParameterReference(tensor: "t", rows: 0..<9, role: .lookup), type: .f32, columns: columns)
      let x = try builder.apply(EmbeddingLookup(), [builder.input(.tokenIDs), table])[0]
      var graph = builder.finish(results: [try builder.linear(x, weight)])
      graph = builder.finish(results: [graph.nodes.last!.outputs[0]])
      let roundings = { (graph: Graph) in graph.nodes.compactMap { ($0.operation as? Round)?.form } }
      #expect(roundings(graph) == [.q32])
      #expect(graph.coarsenActivations() == (columns == 256 ? 1 : 0))
      #expect(roundings(graph) == [columns == 256 ? .q256 : .q32])
    }
  }
}
