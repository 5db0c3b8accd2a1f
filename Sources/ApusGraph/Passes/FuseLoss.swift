// Makes one operation of the head, its loss and their gradients, so that logits never exist for all tokens at once.
//
//   l = [cap] matmul(x, W);  loss = crossentropy(l);  dl = [cap] crossentropy-gradient(l)
//   dx = matmul(dl, W) transposed;  dW += dl·x                                   → loss, dx = head-loss(x, W)

package struct FuseLoss: Pass {
  package static let name = "fuse-loss"

  package init() {}

  package func run(_ graph: inout Graph) -> Int {
    var count = 0
    while let head = Self.head(in: graph) {
      head.fuse(&graph)
      count += 1
    }
    return count
  }

  private static func head(in graph: Graph) -> Head? {
    for index in graph.nodes.indices {
      if let head = Head(graph, loss: index) { return head }
    }
    return nil
  }
}

/// A head and its loss, found in a graph.
private struct Head {
  private let loss: Int
  private let product: Node
  private let options: LossOptions
  private var softCap: Float = 0
  private var dx: Node?
  private var weightGradient: Node?
  /// Nodes that the fused one replaces.
  private var replaced: Set<Int> = []

  init?(_ graph: Graph, loss: Int) {
    guard let operation = graph.nodes[loss].operation as? CrossEntropy else { return nil }
    let (producers, readers) = (graph.producers(), graph.readers())
    self.loss = loss
    options = operation.options
    replaced = [loss]
    // Up, from the loss to the product.
    var logits = graph.nodes[loss].inputs[0]
    var values = [logits]
    if let index = producers[logits], let cap = graph.nodes[index].operation as? SoftCap {
      softCap = cap.cap
      replaced.insert(index)
      logits = graph.nodes[index].inputs[0]
      values.append(logits)
    }
    guard let index = producers[logits], let product = graph.nodes[index].operation as? MatMul,
      product == MatMul(), case .weight = graph[graph.nodes[index].inputs[1]].type.element
    else { return nil }
    self.product = graph.nodes[index]
    replaced.insert(index)
    // Down, from the gradient of the loss to those of the product.
    let weight = self.product.inputs[1]
    var gradient = values[0]
    func reader(of value: ValueID, _ matches: (Node) -> Bool) -> Int? {
      readers[value]?.first { matches(graph.nodes[$0]) }
    }
    if let index = reader(of: gradient, { $0.operation is CrossEntropyGradient }) {
      replaced.insert(index)
      gradient = graph.nodes[index].outputs[0]
      values.append(gradient)
      if let index = reader(of: gradient, { $0.operation is SoftCapGradient }) {
        replaced.insert(index)
        gradient = graph.nodes[index].outputs[0]
        values.append(gradient)
      }
      if let index = reader(of: gradient, { $0.operation is Round }) {
        replaced.insert(index)
        gradient = graph.nodes[index].outputs[0]
        values.append(gradient)
      }
      let back = MatMul(isTransposed: true)
      if let index = reader(of: gradient, { $0.operation as? MatMul == back && $0.inputs[1] == weight }) {
        replaced.insert(index)
        dx = graph.nodes[index]
      }
      if let index = reader(of: gradient, { $0.operation is WeightGradient }) {
        replaced.insert(index)
        weightGradient = graph.nodes[index]
      }
    }
    // Nobody else may need what is no longer made.
    for value in values {
      guard !graph.results.contains(value), (readers[value] ?? []).allSatisfy(replaced.contains) else {
        return nil
      }
    }
  }

  func fuse(_ graph: inout Graph) {
    let node = graph.nodes[loss]
    let x = product.inputs[0]
    var outputs = node.outputs
    var inputs = [x, product.inputs[1], node.inputs[1], node.inputs[2]]
    var gradients = LinearCrossEntropy.Gradients.none
    if dx != nil || weightGradient != nil {
      gradients = .ofInput
      let type = ValueType(.f32, rows: graph[x].type.rows, columns: graph[x].type.columns)
      outputs.append(dx?.outputs[0] ?? graph.addValue(LinearCrossEntropy.name, type, .node))
    }
    if let weightGradient {
      gradients = .ofInputAndWeight(isFirst: (weightGradient.operation as? WeightGradient)?.isFirst ?? false)
      inputs.append(weightGradient.inputs[2])
      outputs.append(weightGradient.outputs[0])
    }
    let fused = LinearCrossEntropy(options: options, softCap: softCap, gradients: gradients)
    graph.nodes[loss] = Node(
      operation: fused, inputs: inputs, outputs: outputs, scope: node.scope,
      after: weightGradient?.after ?? [])
    graph.nodes = graph.nodes.enumerated().filter { $0.offset == loss || !replaced.contains($0.offset) }
      .map(\.element)
  }
}
