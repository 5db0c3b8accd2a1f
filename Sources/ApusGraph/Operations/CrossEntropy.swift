// The loss of a language model: minus the logarithm of the probability of the token that follows.
//
//   L = log Σ exp(l)
//   loss = w · ((1 − ε)(L − l[target]) + ε(L − mean(l)) + z·L²)
//
// ε smooths the labels (Szegedy et al. 2016, arXiv:1512.00567), z keeps the sum of exponentials near 1 (Chowdhery et al.
// 2022, arXiv:2204.02311). w is the token's weight; the trainer divides it by the tokens of the whole batch.

import ApusTensor
import CApusKernels

/// What the loss adds to the plain cross entropy.
package struct LossOptions: Hashable, Sendable {
  /// The share of a token's probability that is spread over the vocabulary, 0 ..< 1.
  package var labelSmoothing: Float = 0
  /// What the square of the log-sum counts.
  package var zLoss: Float = 0

  package init(labelSmoothing: Float = 0, zLoss: Float = 0) {
    self.labelSmoothing = labelSmoothing
    self.zLoss = zLoss
  }
}

package struct CrossEntropy: Operation {
  package static let name = "cross-entropy"
  package var options: LossOptions

  /// f32 logits `[tokens, vocabulary]`, i32 targets and f32 weights `[tokens]` give f32 losses `[tokens]`. A target
  /// below 0 has none.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == 3, inputs[0].element == .f32, inputs[1].element == .i32, inputs[2].element == .f32,
      inputs[0].rows == inputs[1].rows, inputs[0].rows == inputs[2].rows
    else {
      throw .shape(operation: Self.name, message: "wants logits, targets and weights, got \(inputs)")
    }
    return [ValueType(.f32, rows: inputs[0].rows, columns: 1)]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    Cost(
      flops: 20 * Double(sizes[inputs[0].rows] * inputs[0].columns), bytes: streamedBytes(inputs, sizes))
  }

  package var isRowWise: Bool { true }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (logits, targets, weights, losses) = (inputs[0], inputs[1], inputs[2], outputs[0])
    let row = LossRow(options, vocabulary: logits.type.columns, context.cpu)
    return RowKernel(rows: losses.type.rows, elementsPerRow: logits.type.columns) { token, _, _ in
      losses.floats[token * losses.stride] =
        row.loss(
          logits.floats + token * logits.stride, target: Int(targets.integers[token]),
          weight: weights.floats[token]
        ).loss
    }
  }

  /// The gradient starts here: the weights already say what each token's loss counts.
  package func gradient(of node: Node, _ g: inout GradientBuilder) throws(GraphError) {
    try g.add(
      try g.apply(CrossEntropyGradient(options: options), node.inputs)[0], to: node.inputs[0])
  }
}

/// dl = w · (exp(l − L) · (1 + 2zL) − (1 − ε)·[target] − ε / vocabulary)
package struct CrossEntropyGradient: Operation {
  package static let name = "cross-entropy-gradient"
  package var options: LossOptions

  /// Logits, targets and weights give f32 as the logits.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    _ = try CrossEntropy(options: options).outputTypes(inputs)
    return [inputs[0]]
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    elementCost(inputs, outputs, sizes, flops: 35)
  }

  package var isRowWise: Bool { true }
  package var inPlaceInput: Int? { 0 }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    let (logits, targets, weights, dl) = (inputs[0], inputs[1], inputs[2], outputs[0])
    let row = LossRow(options, vocabulary: logits.type.columns, context.cpu)
    return RowKernel(rows: dl.type.rows, elementsPerRow: logits.type.columns) { token, _, _ in
      let (target, weight) = (Int(targets.integers[token]), weights.floats[token])
      let from = logits.floats + token * logits.stride
      let logSum = row.loss(from, target: target, weight: weight).logSum
      row.gradient(from, logSum: logSum, target: target, weight: weight, into: dl.floats + token * dl.stride)
    }
  }
}

/// One token's loss and its gradient, the only definition of either.
struct LossRow {
  private let options: LossOptions
  private let vocabulary: Int
  private let cpu: KernelTable

  init(_ options: LossOptions, vocabulary: Int, _ cpu: KernelTable) {
    self.options = options
    self.vocabulary = vocabulary
    self.cpu = cpu
  }

  /// The loss and the log-sum it is made of.
  func loss(_ logits: UnsafePointer<Float>, target: Int, weight: Float) -> (loss: Float, logSum: Float) {
    guard target >= 0, weight != 0 else { return (0, 0) }
    let logSum = LogSumExp(logits, count: vocabulary, kernels: cpu).value
    var loss = (1 - Double(options.labelSmoothing)) * (logSum - Double(logits[target]))
    if options.labelSmoothing > 0 {
      let mean = (0..<vocabulary).reduce(0) { $0 + Double(logits[$1]) } / Double(vocabulary)
      loss += Double(options.labelSmoothing) * (logSum - mean)
    }
    loss += Double(options.zLoss) * logSum * logSum
    return (Float(Double(weight) * loss), Float(logSum))
  }

  /// The gradient; `output` may be the logits' own memory.
  func gradient(
    _ logits: UnsafePointer<Float>, logSum: Float, target: Int, weight: Float,
    into output: UnsafeMutablePointer<Float>
  ) {
    guard target >= 0, weight != 0 else {
      output.update(repeating: 0, count: vocabulary)
      return
    }
    let scale = weight * (1 + 2 * options.zLoss * logSum)
    let spread = weight * options.labelSmoothing / Float(vocabulary)
    cpu.pointee.softmax_gradient(logits, Int64(vocabulary), logSum, scale, spread, output)
    output[target] -= weight * (1 - options.labelSmoothing)
  }
}

extension GraphBuilder {
  /// The loss of each token, from the step's targets and weights.
  package mutating func crossEntropy(_ logits: ValueID, _ options: LossOptions) throws(GraphError) -> ValueID
  {
    try apply(CrossEntropy(options: options), [logits, input(.targets), input(.lossWeights)])[0]
  }
}

extension CrossEntropy {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (logits, targets, weights) = (inputs[0], inputs[1], inputs[2])
    return [
      ReferenceTensor(rows: logits.rows, columns: 1) { row, _ in
        options.loss(logits[row: row], target: targets.index(row), weight: weights[row, 0])
      }
    ]
  }

  package static var cases: [OperationCase] {
    let options = [
      LossOptions(), LossOptions(labelSmoothing: 0.125), LossOptions(zLoss: 0.25),
      LossOptions(labelSmoothing: 0.25, zLoss: 0.125),
    ]
    return options.map { options in
      OperationCase(
        "cross-entropy, smoothing \(options.labelSmoothing), z \(options.zLoss)",
        ReferenceStep(lengths: [4, 3])
      ) { b in try b.crossEntropy(b.example("logits", columns: 9), options) }
    }
  }
}

extension CrossEntropyGradient {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (logits, targets, weights) = (inputs[0], inputs[1], inputs[2])
    var dl = logits
    for row in 0..<logits.rows {
      dl[row: row] = options.gradient(
        logits[row: row], target: targets.index(row), weight: weights[row, 0])
    }
    return [dl]
  }

  package static var cases: [OperationCase] { CrossEntropy.cases }
}

extension LossOptions {
  /// A token's loss in plain arithmetic.
  func loss<S: ReferenceScalar>(_ logits: [S], target: Int, weight: S) -> S {
    guard target >= 0 else { return 0 }
    let logSum = S.log(S.sum(logits.map(S.exp)))
    let mean = S.sum(logits) / S(logits.count)
    let smoothing = S(labelSmoothing)
    return weight
      * ((1 - smoothing) * (logSum - logits[target]) + smoothing * (logSum - mean) + S(zLoss) * logSum
        * logSum)
  }

  /// Its gradient by the logits.
  func gradient<S: ReferenceScalar>(_ logits: [S], target: Int, weight: S) -> [S] {
    guard target >= 0 else { return logits.map { _ in 0 } }
    let logSum = S.log(S.sum(logits.map(S.exp)))
    return logits.indices.map { index in
      let probability = S.exp(logits[index] - logSum) * (1 + 2 * S(zLoss) * logSum)
      let wanted = index == target ? 1 - S(labelSmoothing) : 0
      return weight * (probability - wanted - S(labelSmoothing) / S(logits.count))
    }
  }
}
