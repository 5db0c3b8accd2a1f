// What can be wrong with a plan's question.

import ApusBasics

/// An error of planning.
package enum PlanError: ApusError, Equatable {
  /// Measuring needs memory of its own.
  case measuring(needed: Int, available: Int)
  /// A context beyond what the model has positions for, or none.
  case context(Int, largest: Int)
  /// Nothing fits.
  case nothingFits(smallest: Int, limit: Int)

  package var description: String {
    switch self {
    case .measuring(let needed, let available):
      "measuring this model's kernels needs \(sizeText(needed)) for stand-ins of its weights, more than half of the "
        + "\(sizeText(available)) there are; --memory-only leaves the speed out"
    case .context(let asked, let largest):
      "a context of \(asked) is not between 1 and the \(largest) positions of the model"
    case .nothingFits(let smallest, let limit):
      "no choice of micro-batch, recomputing and precision fits: the smallest needs \(sizeText(smallest)), and "
        + "\(sizeText(limit)) may be taken; make the model, batch.length or the optimiser's states smaller"
    }
  }
}
