// An opt-in that changes results: activations that meet weights in blocks of 32 get one scale per 256 values instead of
// one per 32. Products run faster; where large and small activations share a block, the small ones lose bits. It is
// therefore no pass, runs before them, and only when asked for by name.

import ApusTensor

extension Graph {
  /// Makes every rounding to blocks of 32 one to blocks of 256, where the row's length allows it; how many.
  package mutating func coarsenActivations() -> Int {
    var count = 0
    for index in nodes.indices {
      guard let round = nodes[index].operation as? Round, round.form == .q32 else { continue }
      let output = nodes[index].outputs[0]
      // What was asked to be finer stays as it is.
      if nodes.contains(where: { $0.operation is RoundRest && $0.inputs[1] == output }) { continue }
      guard self[output].type.columns % 256 == 0 else { continue }
      nodes[index].operation = Round(form: .q256)
      values[output.index].type.element = .activation(.q256)
      count += 1
    }
    return count
  }
}
