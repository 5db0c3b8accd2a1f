// The optimisers there are, and which of them updates which tensors.

import ApusRuntime

/// An optimiser with its settings.
package enum OptimizerKind: Equatable, Sendable {
  case adamW(AdamWSettings)
  /// AdamW with 8-bit states for matrices and embeddings, 32-bit ones for vectors.
  case adamW8(AdamWSettings)
  case sgd(SGDSettings)
  case lion(LionSettings)
  case adafactor(AdafactorSettings)
  /// Muon for matrices, AdamW for the rest.
  case muon(MuonSettings, rest: AdamWSettings)

  /// Bytes of the states of `tensors`, known before anything is allocated.
  package func stateBytes(_ tensors: [TrainableTensor]) -> Int {
    groups(tensors).reduce(0) { sum, group in
      group.numbers.reduce(sum) { sum, number in
        group.settings.states(of: tensors[number]).reduce(sum) { $0 + $1.placedBytes }
      }
    }
  }

  /// Bytes of working memory beside the states.
  package func scratchBytes(_ tensors: [TrainableTensor]) -> Int {
    groups(tensors).reduce(0) { sum, group in
      sum + group.settings.scratchBytes(group.numbers.map { tensors[$0] })
    }
  }

  /// - Throws: `LearningError.setting` for a setting that makes no sense.
  package func validate() throws(LearningError) {
    for group in groups([]) { try group.settings.validate() }
  }

  /// The settings in force and the tensors they are for, by number.
  func groups(_ tensors: [TrainableTensor]) -> [(settings: any OptimizerSettings, numbers: [Int])] {
    func numbers(_ belongs: (TrainableTensor.Kind) -> Bool) -> [Int] {
      tensors.indices.filter { belongs(tensors[$0].kind) }
    }
    switch self {
    case .adamW(let settings): return [(settings, Array(tensors.indices))]
    case .adamW8(let settings):
      return [
        (AdamW8Settings(base: settings), numbers { $0 != .vector }), (settings, numbers { $0 == .vector }),
      ]
    case .sgd(let settings): return [(settings, Array(tensors.indices))]
    case .lion(let settings): return [(settings, Array(tensors.indices))]
    case .adafactor(let settings): return [(settings, Array(tensors.indices))]
    case .muon(let settings, let rest):
      return [(settings, numbers { $0 == .matrix }), (rest, numbers { $0 != .matrix })]
    }
  }
}
