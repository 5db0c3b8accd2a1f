// The sizes of training that are measured and planned where there is no configuration.

import ApusTraining

/// A model and the steps it is trained in.
package enum TrainingSize: String, CaseIterable, Sendable {
  case small, medium, gpt2

  /// The model, and the texts and tokens of a step.
  package var shape: (model: ModelShape, sequences: Int, length: Int) {
    switch self {
    case .small:
      (ModelShape("gpt2", layers: 2, hidden: 256, heads: 4, context: 128, vocabulary: 10_000), 32, 128)
    case .medium:
      (ModelShape("gpt2", layers: 6, hidden: 384, heads: 6, context: 256, vocabulary: 16_384), 16, 256)
    case .gpt2:
      (ModelShape("gpt2", layers: 12, hidden: 768, heads: 12, context: 1024, vocabulary: 50_257), 4, 256)
    }
  }
}
