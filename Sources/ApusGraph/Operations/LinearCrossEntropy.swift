// The head and its loss in one: logits exist for a few hundred tokens at a time and become their own gradient in place.
// It is what the pass FuseLoss makes of a product, its cross entropy and their gradients, with the same sums.
//
//   for each chunk of tokens                             a barrier after each line
//     logits   = x · Wᵀ (capped)                         units: rows of W
//     loss, dl = cross entropy, rounded for products     units: tokens
//     dx = dl · W,  dW += dlᵀ · x                        units: columns of W; blocks of dW

import ApusRuntime
import ApusTensor
import CApusKernels

package struct LinearCrossEntropy: Operation {
  package static let name = "head-loss"
  package var options: LossOptions
  /// Logits become cap · tanh(logits / cap); 0 for none.
  package var softCap: Float = 0
  package var gradients: Gradients

  /// What is computed beside the losses.
  package enum Gradients: Sendable, Equatable {
    case none
    case ofInput
    /// `isFirst`: nobody writes the weight's gradient before.
    case ofInputAndWeight(isFirst: Bool)
  }

  /// x `[tokens, k]` in the weight's form, the weight `[vocabulary, k]`, targets and weights (and the memory of the
  /// weight's gradient) give the losses `[tokens]`, and where asked for dx `[tokens, k]` and the effect on the gradient.
  package func outputTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    guard inputs.count == (gathers ? 5 : 4), case .weight = inputs[1].element,
      inputs[0].columns == inputs[1].columns
    else {
      throw .shape(
        operation: Self.name, message: "wants activations, a weight, targets and weights, got \(inputs)")
    }
    let types = [
      ValueType(.f32, rows: inputs[0].rows, columns: 1),
      ValueType(.f32, rows: inputs[0].rows, columns: inputs[0].columns),
      ValueType(.effect, rows: .fixed(1), columns: inputs[0].columns),
    ]
    return Array(types.prefix(productCount))
  }

  private var gathers: Bool { productCount == 3 }

  /// Products with the weight or of its size.
  private var productCount: Int {
    switch gradients {
    case .none: 1
    case .ofInput: 2
    case .ofInputAndWeight: 3
    }
  }

  package func cost(_ inputs: [ValueType], _ outputs: [ValueType], _ sizes: Sizes) -> Cost {
    let (tokens, vocabulary) = (Double(sizes[inputs[0].rows]), Double(sizes[inputs[1].rows]))
    let products = 2 * tokens * vocabulary * Double(inputs[0].columns)
    let passes = gathers ? 4 : productCount
    return Cost(
      flops: Double(productCount) * products + 40 * tokens * vocabulary,
      bytes: 4 * vocabulary * Double(inputs[1].columns * passes) + streamedBytes(inputs, sizes))
  }

  package var detail: String { softCap > 0 ? "cap \(softCap)" : "" }

  /// Tokens whose logits exist at once: a few hundred make up for reading the weight and its gradient once each; no more
  /// than 112 MiB of them.
  static func chunk(tokens: Int, rowBytes: Int) -> Int {
    min(max(64, (112 << 20) / rowBytes & ~63), 512, (tokens + 1) & ~1)
  }

  /// Bytes of the logits that exist at once.
  static func logitBytes(tokens: Int, vocabulary: Int) -> Int {
    let rowBytes = ValueType(.f32, rows: .fixed(1), columns: vocabulary).rowBytes
    return chunk(tokens: tokens, rowBytes: rowBytes) * rowBytes
  }

  package func kernel(_ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext) -> Kernel {
    LinearCrossEntropyKernel(self, inputs, outputs, context)
  }
}

private final class LinearCrossEntropyKernel: Kernel {
  private let operation: LinearCrossEntropy
  private let x: Operand
  private let targets: Operand
  private let tokenWeights: Operand
  private let losses: Operand
  private let limit: Int
  private let cpu: KernelTable
  private let row: LossRow
  private let chunk: Int
  /// A chunk's logits, then its gradient; rounded where products want that.
  private let logits: Operand
  private let gradient: Operand
  private let forward: ProductUnits
  private let backward: ProductUnits?
  private let outer: OuterProducts?
  private let memory: HugeBuffer
  private let scratch: WorkerScratch

  init(
    _ operation: LinearCrossEntropy, _ inputs: [Operand], _ outputs: [Operand], _ context: KernelContext
  ) {
    self.operation = operation
    (x, targets, tokenWeights, losses) = (inputs[0], inputs[2], inputs[3], outputs[0])
    cpu = context.cpu
    guard case .fixed(let vocabulary) = inputs[1].type.rows else {
      preconditionFailure("a head has as many rows as there are tokens to know")
    }
    row = LossRow(operation.options, vocabulary: vocabulary, context.cpu)
    limit = context.limits[x.type.rows]
    // A head that is not trained passes its gradient on in floats, as MatMul does.
    var form = ActivationForm.f32
    if case .floats = inputs[1].parameter { form = x.type.activationForm }
    let type = ValueType(.f32, rows: x.type.rows, columns: vocabulary)
    chunk = LinearCrossEntropy.chunk(tokens: limit, rowBytes: type.rowBytes)
    // The plan cannot reserve it: it does not live in the arena, because it is no value.
    guard let memory = try? HugeBuffer(byteCount: chunk * type.rowBytes, purpose: "logits") else {
      preconditionFailure("no memory for the logits of \(chunk) tokens")
    }
    let base = memory.base
    self.memory = memory
    logits = Operand(type: type, base: base, parameter: nil)
    // A row is rounded in its own place: what is written lies behind what is still to be read.
    gradient =
      form == .f32
      ? logits
      : Operand(
        type: ValueType(.activation(form), rows: x.type.rows, columns: vocabulary), base: base,
        parameter: nil, rowBytes: type.rowBytes)
    scratch = context.scratch
    if operation.softCap > 0 { scratch.reserve(4 * vocabulary) }
    forward = inputs[1].productUnits(isTransposed: false, form: x.type.activationForm, context)
    guard operation.gradients != .none else {
      (backward, outer, dx) = (nil, nil, nil)
      return
    }
    backward = inputs[1].productUnits(isTransposed: true, form: form, context)
    dx = outputs[1]
    outer = inputs.count > 4 ? OuterProducts(dy: gradient, x: x, gradient: inputs[4].gradient, context) : nil
  }

  private let dx: Operand?

  override var stages: Int { 3 * ((limit + chunk - 1) / chunk) }

  override func unitCount(_ step: Step) -> Int { unitCount(step, stage: 0) }

  override func unitCount(_ step: Step, stage: Int) -> Int {
    let tokens = tokens(stage, step)
    guard !tokens.isEmpty else { return 0 }
    switch stage % 3 {
    case 0: return forward.unitCount(tokens: tokens.count)
    case 1: return (tokens.count + Self.rowsPerUnit - 1) / Self.rowsPerUnit
    default: return backwardUnits(tokens.count) + (outer?.unitCount ?? 0)
    }
  }

  private func backwardUnits(_ tokens: Int) -> Int { backward?.unitCount(tokens: tokens) ?? 0 }

  private static let rowsPerUnit = 4

  private func tokens(_ stage: Int, _ step: Step) -> Range<Int> {
    let first = stage / 3 * chunk
    let end = min(first + chunk, step.sizes[x.type.rows])
    return first..<max(first, end)
  }

  override func run(unit: Int, stage: Int, worker: Int, _ step: Step) {
    let tokens = tokens(stage, step)
    switch stage % 3 {
    case 0:
      forward.run(
        unit: unit, worker: worker, x: x, from: tokens.lowerBound, count: tokens.count, into: logits, at: 0)
    case 1:
      let first = tokens.lowerBound + unit * Self.rowsPerUnit
      for token in first..<min(first + Self.rowsPerUnit, tokens.upperBound) {
        finish(token, of: tokens, worker)
      }
    default:
      if let backward, let dx, unit < backwardUnits(tokens.count) {
        backward.run(
          unit: unit, worker: worker, x: gradient, from: 0, count: tokens.count, into: dx,
          at: tokens.lowerBound)
      } else {
        let isFirst = operation.gradients == .ofInputAndWeight(isFirst: true) && step.startsGradients
        outer?.run(
          unit: unit - backwardUnits(tokens.count), worker: worker, dyTokens: 0, xTokens: tokens.lowerBound,
          count: tokens.count, accumulates: !isFirst || tokens.lowerBound > 0)
      }
    }
  }

  /// The loss of a token, and its logits turned into their gradient.
  private func finish(_ token: Int, of chunk: Range<Int>, _ worker: Int) {
    let values = logits.floats + (token - chunk.lowerBound) * logits.stride
    let (target, weight) = (Int(targets.integers[token]), tokenWeights.floats[token])
    let vocabulary = Int32(logits.type.columns)
    if operation.softCap > 0 {
      finishCapped(values, token, target, weight, of: chunk, scratch.block(worker))
      return
    }
    let (loss, logSum) = row.loss(values, target: target, weight: weight)
    losses.floats[token * losses.stride] = loss
    if backward == nil { return }
    row.gradient(values, logSum: logSum, target: target, weight: weight, into: values)
    round(values, token - chunk.lowerBound, vocabulary)
  }

  /// With a cap the logits are needed once more, for its slope: a row beside them holds what is capped.
  private func finishCapped(
    _ values: UnsafeMutablePointer<Float>, _ token: Int, _ target: Int, _ weight: Float, of chunk: Range<Int>,
    _ memory: UnsafeMutableRawPointer
  ) {
    let vocabulary = logits.type.columns
    let capped = memory.assumingMemoryBound(to: Float.self)
    cpu.pointee.softcap(values, operation.softCap, Int32(vocabulary), capped)
    let (loss, logSum) = row.loss(capped, target: target, weight: weight)
    losses.floats[token * losses.stride] = loss
    if backward == nil { return }
    row.gradient(capped, logSum: logSum, target: target, weight: weight, into: capped)
    cpu.pointee.softcap_gradient(values, operation.softCap, capped, Int32(vocabulary), values)
    round(values, token - chunk.lowerBound, Int32(vocabulary))
  }

  private func round(_ values: UnsafeMutablePointer<Float>, _ row: Int, _ columns: Int32) {
    guard let round = cpu.rounding(gradient.type.activationForm) else { return }
    round(values, columns, gradient.base! + row * gradient.rowBytes)
  }
}

extension LinearCrossEntropy {
  package func reference<S: ReferenceScalar>(
    _ inputs: [ReferenceTensor<S>], _ outputs: [ValueType], _ step: ReferenceStep
  ) -> [ReferenceTensor<S>] {
    let (x, weight, targets, weights) = (inputs[0], inputs[1], inputs[2], inputs[3])
    let logits = x.timesTransposed(weight)
    let cap = SoftCap(cap: softCap)
    let capped = softCap > 0 ? cap.reference([logits], outputs, step)[0] : logits
    let losses = CrossEntropy(options: options).reference([capped, targets, weights], outputs, step)
    guard gradients != .none else { return losses }
    var dl = CrossEntropyGradient(options: options).reference([capped, targets, weights], outputs, step)
    if softCap > 0 { dl = SoftCapGradient(cap: softCap).reference([logits, dl[0]], outputs, step) }
    let dx = dl[0].times(weight)
    guard case .ofInputAndWeight(let isFirst) = gradients else { return losses + [dx] }
    return losses + [dx] + WeightGradient(isFirst: isFirst).reference([dl[0], x, inputs[4]], outputs, step)
  }

  package static var cases: [OperationCase] {
    [Float(0), 1.25].map { cap in
      OperationCase("head-loss, cap \(cap)", ReferenceStep(lengths: [5, 4])) { b in
        let x = try b.example("x", columns: 7)
        let logits = try b.linear(x, b.exampleWeight("head", rows: 11, columns: 7))
        return try b.crossEntropy(
          cap > 0 ? b.softCap(logits, cap) : logits, LossOptions(labelSmoothing: 0.125, zLoss: 0.0625))
      }
    } + [
      OperationCase("head-loss, tied to the table", ReferenceStep(lengths: [5, 4])) { b in
        let x = try b.example("table", columns: 7, rows: 11)
        let logits = try b.linear(x, b.exampleWeight("table", rows: 11, columns: 7))
        return try b.crossEntropy(logits, LossOptions())
      },
      OperationCase("head-loss in bytes", ReferenceStep(lengths: [5, 4]), frozen: ["head"]) { b in
        let x = try b.example("x", columns: 32)
        let logits = try b.linear(x, b.exampleWeight("head", rows: 21, columns: 32, type: .q8_0))
        return try b.crossEntropy(logits, LossOptions())
      },
    ]
  }
}
