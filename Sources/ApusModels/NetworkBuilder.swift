// A graph builder that knows the model file: layers ask for weights by their short names, and every shape
// is checked against the hyper-parameters before anything is loaded.

import ApusGraph
import ApusTensor

/// Builds a network's graph from the tensors a file offers.
package struct NetworkBuilder {
  package let source: any WeightSource
  package let hiddenSize: Int
  /// Positions the graph will be run for: LongRoPE picks its factors by it.
  package let contextLength: Int
  /// Whether the head is wanted for some rows only.
  package let selectsOutputs: Bool
  private var builder = GraphBuilder()
  private var layer: Int?
  /// Narrow values of adapters: the parts of a fused weight share one.
  private var inner: [InnerKey: ValueID] = [:]
  /// Names asked for and not found: reported together at the end.
  private var missing: [String] = []

  private struct InnerKey: Hashable {
    let x: ValueID
    let a: String
  }

  package init(
    _ source: any WeightSource, hiddenSize: Int, contextLength: Int, selectsOutputs: Bool = true
  ) {
    self.source = source
    self.selectsOutputs = selectsOutputs
    self.hiddenSize = hiddenSize
    self.contextLength = contextLength
  }

  /// Runs `body` on the graph, turning its errors into the model's.
  package mutating func graph<R>(_ body: (inout GraphBuilder) throws(GraphError) -> R) throws(ModelError) -> R
  {
    do {
      return try body(&builder)
    } catch {
      throw .graph(error.description)
    }
  }

  /// Builds one layer: weight names get its prefix, listings its number.
  package mutating func layer(
    _ index: Int, _ body: (inout NetworkBuilder) throws(ModelError) -> Void
  ) throws(ModelError) {
    layer = index
    builder.enterScope("layer \(index)")
    defer {
      layer = nil
      builder.leaveScope()
    }
    try body(&self)
  }

  /// Names a part of a layer in listings.
  package mutating func part<R>(
    _ name: String, _ body: (inout NetworkBuilder) throws(ModelError) -> R
  ) throws(ModelError) -> R {
    builder.enterScope(name)
    defer { builder.leaveScope() }
    return try body(&self)
  }

  private func fullName(_ name: String, _ suffix: String) -> String {
    layer.map { "blk.\($0).\(name).\(suffix)" } ?? "\(name).\(suffix)"
  }

  /// Whether the file has `name.weight` (or another suffix) here.
  package func has(_ name: String, _ suffix: String = "weight") -> Bool {
    source.has(fullName(name, suffix))
  }

  /// Rows of `name.weight` here, where the hyper-parameters do not tell.
  package func rows(of name: String) -> Int? {
    source.tensor(fullName(name, "weight"))?.rows
  }

  // MARK: Weights

  private mutating func weight(
    _ name: String, rows: Int, columns: Int, part: Range<Int>?, role: ParameterReference.Role
  ) throws(ModelError) -> ValueID {
    let found = source.tensor(name, rows: rows, columns: columns)
    if found == nil { missing.append(name) }
    let tensor = found ?? TensorDescription(name: name, type: .f32, rows: rows, columns: columns)
    guard tensor.rows == rows, tensor.columns == columns else {
      throw .tensorShape(name, found: [tensor.rows, tensor.columns], expected: [rows, columns])
    }
    guard tensor.type.layout != nil else {
      throw .tensorFormat(name, format: tensor.type.name)
    }
    return builder.parameter(
      ParameterReference(tensor: name, rows: part ?? 0..<rows, role: role), type: tensor.type,
      columns: columns)
  }

  /// `x · Wᵀ`, with the bias if the file has one. `part` takes a range of a fused tensor's rows; see
  /// `GraphBuilder.linear` for `refined`.
  package mutating func linear(
    _ x: ValueID, _ name: String, rows: Int, part: Range<Int>? = nil, refined: Bool = false
  ) throws(ModelError) -> ValueID {
    let columns = builder.type(of: x).columns
    let weight = try weight(
      fullName(name, "weight"), rows: rows, columns: columns, part: part, role: .product)
    var bias: ValueID?
    if has(name, "bias") {
      bias = try vector(fullName(name, "bias"), count: rows, part: part)
    }
    var y = try graph { (g) throws(GraphError) in try g.linear(x, weight, bias: bias, refined: refined) }
    for term in source.lowRankTerms(of: fullName(name, "weight")) {
      y = try adding(term, to: y, x, rows: rows, part: part)
    }
    return y
  }

  /// What an adapter changes of `y`, a product with `x`.
  private mutating func adding(
    _ term: LowRankTerm, to y: ValueID, _ x: ValueID, rows: Int, part: Range<Int>?
  ) throws(ModelError) -> ValueID {
    let key = InnerKey(x: x, a: term.a)
    let known: ValueID
    if let made = inner[key] {
      known = made
    } else {
      let a = try weight(
        term.a, rows: term.rank, columns: builder.type(of: x).columns, part: nil, role: .product)
      known = try graph { (g) throws(GraphError) in try g.lowRankInner(x, a, factor: term.factor) }
      inner[key] = known
    }
    let b = try weight(term.b, rows: rows, columns: term.rank, part: part, role: .product)
    return try graph { (g) throws(GraphError) in try g.addingLowRank(to: y, known, b) }
  }

  private mutating func vector(
    _ name: String, count: Int, part: Range<Int>? = nil
  ) throws(ModelError) -> ValueID {
    let found = source.tensor(name, rows: 1, columns: count)
    if found == nil { missing.append(name) }
    let tensor = found ?? TensorDescription(name: name, type: .f32, rows: 1, columns: count)
    guard tensor.rows == 1, tensor.columns == count else {
      throw .tensorShape(name, found: [tensor.rows, tensor.columns], expected: [count])
    }
    let range = part ?? 0..<count
    // A vector's range is of its values, not of rows.
    return builder.parameter(
      ParameterReference(tensor: name, rows: range, role: .vector), type: tensor.type, columns: range.count)
  }

  /// The values of a small tensor, or nil when the file lacks it.
  package func vectorContents(_ name: String, count: Int) throws(ModelError) -> [Float]? {
    guard let tensor = source.tensor(name) else { return nil }
    guard tensor.rows == 1, tensor.columns == count else {
      throw .tensorShape(name, found: [tensor.rows, tensor.columns], expected: [count])
    }
    guard tensor.type.layout != nil else { throw .tensorFormat(name, format: tensor.type.name) }
    return tensor.floats(source)
  }

  // MARK: The layers every family has

  /// RMS norm by a weight of this layer or of the model.
  package mutating func rmsNorm(
    _ x: ValueID, _ name: String, count: Int? = nil, epsilon: Float
  ) throws(ModelError) -> ValueID {
    let weight = try vector(fullName(name, "weight"), count: count ?? builder.type(of: x).columns)
    return try graph { (g) throws(GraphError) in try g.rmsNorm(x, weight, epsilon: epsilon) }
  }

  /// Layer norm by a weight and a bias.
  package mutating func layerNorm(_ x: ValueID, _ name: String, epsilon: Float) throws(ModelError) -> ValueID
  {
    let count = builder.type(of: x).columns
    let weight = try vector(fullName(name, "weight"), count: count)
    let bias = try vector(fullName(name, "bias"), count: count)
    return try graph { (g) throws(GraphError) in try g.layerNorm(x, weight, bias, epsilon: epsilon) }
  }

  package mutating func add(_ a: ValueID, _ b: ValueID) throws(ModelError) -> ValueID {
    try graph { (g) throws(GraphError) in try g.add(a, b) }
  }

  /// Rows of an embedding table at the step's tokens or positions.
  package mutating func embed(
    _ input: StepInput, _ name: String, rows: Int
  ) throws(ModelError) -> ValueID {
    let table = try weight(
      fullName(name, "weight"), rows: rows, columns: hiddenSize, part: nil, role: .lookup)
    return try graph { (g) throws(GraphError) in try g.lookup(g.input(input), in: table) }
  }

  package mutating func rotaryTable(_ rotary: RotaryFrequencies) throws(ModelError) -> ValueID {
    try graph { (g) throws(GraphError) in
      try g.rotaryTable(frequencies: rotary.frequencies, magnitude: rotary.magnitude)
    }
  }

  /// Logits of the rows wanted, or in training of all: the "output" matrix, or the embedding where the two are tied.
  package mutating func head(_ x: ValueID, vocabularySize: Int) throws(ModelError) -> ValueID {
    let selected = selectsOutputs ? try graph { (g) throws(GraphError) in try g.selectOutputs(x) } : x
    return try linear(selected, has("output") ? "output" : "token_embd", rows: vocabularySize)
  }

  /// The finished graph with what is read of it, such as logits `[outputs, vocabulary]`.
  package func finish(_ results: [ValueID]) throws(ModelError) -> Graph {
    guard missing.isEmpty else { throw .missingTensors(missing) }
    return builder.finish(results: results)
  }
}

extension TensorDescription {
  /// All values of the tensor.
  func floats(_ source: any WeightSource) -> [Float] {
    let table = RowTable(
      layout: type.layout!, rows: rows, columns: columns, base: source.bytes(of: self),
      rowBytes: type.bytes(rows: 1, columns: columns)!)
    return [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
      for row in 0..<rows {
        table.copyRow(row, to: buffer.baseAddress! + row * columns)
      }
      count = rows * columns
    }
  }
}
