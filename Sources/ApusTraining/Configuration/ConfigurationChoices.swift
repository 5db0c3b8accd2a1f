// The words a configuration may use where it chooses one of a few things.

import ApusModels

/// A choice by name.
public protocol ConfigurationChoice: RawRepresentable<String>, CaseIterable, Sendable, Equatable {}

/// The networks that can be trained from nothing.
public enum TrainedArchitecture: String, ConfigurationChoice {
  case gpt2, llama, qwen2, qwen3, gemma2, gemma3, phi3
}

/// How weights begin.
public enum WeightInitialization: String, ConfigurationChoice {
  /// Normals of 0.02; what ends a residual branch is divided by √(2 · layers).
  case gpt2
  /// Normals of 1/√(inputs) for every matrix.
  case llama
  /// Maximal-update parametrisation (Yang et al. 2022, arXiv:2203.03466): learning rates found at a small width keep.
  case mup
}

/// What is learned.
public enum TrainingObjective: String, ConfigurationChoice {
  /// Every token of texts.
  case pretrain
  /// What the assistant says in conversations: supervised fine-tuning.
  case sft
  /// Which of two answers is better, as a score of each: a reward model.
  case reward
  /// Which of two answers is better, by Rafailov et al. 2023.
  case dpo
  /// The same, by Azar et al. 2023.
  case ipo
  /// Which answers are good, by Ethayarajh et al. 2024.
  case kto
  /// Which of two answers is better, without a reference, by Meng et al. 2024.
  case simpo
}

extension TrainingObjective {
  /// The key of the data that it learns from.
  var dataKey: String {
    switch self {
    case .pretrain: "data.train"
    case .sft: "data.conversations"
    case .reward, .dpo, .ipo, .kto, .simpo: "data.preferences"
    }
  }

  /// Whether it learns from preferences.
  var isPreference: Bool { dataKey == "data.preferences" }

  /// Whether it compares with a model that does not learn.
  var hasReference: Bool { [.dpo, .ipo, .kto].contains(self) }

  /// What the network computes of each token.
  package var heads: NetworkHeads { self == .reward ? .scores : .tokens }

  /// Texts of up to `batch.length` tokens in a row of a step.
  package var textsOfRow: Int { isPreference ? 2 : 1 }
}

/// What happens to a conversation longer than a sequence.
public enum TooLongPolicy: String, ConfigurationChoice {
  case skip, truncate
}

/// How documents become sequences.
public enum DataMode: String, ConfigurationChoice {
  /// One endless row of tokens, cut into pieces of equal length.
  case stream
  /// Whole documents packed side by side; none attends to another.
  case documents
}

/// The rules by which gradients become weights.
public enum OptimizerName: String, ConfigurationChoice {
  case adamw, adamw8bit, muon, sgd, adafactor, lion
}

/// How the learning rate goes over the run.
public enum ScheduleName: String, ConfigurationChoice {
  case constant, linear, cosine, wsd
  case inverseSquareRoot = "inverse-sqrt"
}

/// The numbers products are made of. Master weights, sums and optimiser states are f32 in either.
public enum TrainingPrecision: String, ConfigurationChoice {
  case f32, bf16
}

/// Which activations are computed again in the backward pass instead of being kept.
public enum Recomputation: String, ConfigurationChoice {
  case auto, none, all
}

/// What happens when a loss or a gradient is not a finite number.
public enum NonFinitePolicy: String, ConfigurationChoice {
  case stop, skip
}

/// The numbers of exported weights.
public enum ExportFormat: String, ConfigurationChoice {
  case f32, bf16
}

/// How much memory the run may take.
public enum MemoryLimit: Sendable, Equatable {
  /// A share of what the machine and its control group allow, above 0 and at most 1.
  case share(Double)
  case bytes(Int)

  /// The limit in bytes where `available` bytes may be taken.
  public func bytes(available: Int) -> Int {
    switch self {
    case .share(let share): Int(Double(available) * share)
    case .bytes(let bytes): bytes
    }
  }
}
