// What happens in a run and is worth writing down. The trainer makes events; RunLog gives them to whatever is written.

/// Something that happened in a run.
public struct RunEvent: Sendable, Equatable {
  /// Seconds since 1970.
  public var time: Double
  /// Optimiser steps done when it happened.
  public var step: Int
  /// What it was.
  public var kind: Kind

  /// What can happen.
  public enum Kind: Sendable, Equatable {
    /// The run begins or goes on.
    case start(RunStart)
    /// A step was done.
    case step(StepRecord)
    /// Held-out text was measured.
    case evaluation(EvaluationRecord)
    /// A text was generated.
    case sample(prompt: String, text: String)
    /// A checkpoint was saved.
    case checkpoint(name: String)
    /// Something the user should know.
    case note(String)
    /// The run ends, for a reason in a few words.
    case end(String)
  }

  /// An event of now or of a given time.
  public init(step: Int, _ kind: Kind, time: Double = unixTime()) {
    self.time = time
    self.step = step
    self.kind = kind
  }
}

/// The circumstances of a run.
public struct RunStart: Sendable, Equatable {
  /// The configuration, with every key.
  public var configuration: TrainingConfiguration
  /// The machine and the model in names and values, for people, such as ("processor", "AMD EPYC").
  public var facts: [Fact]
  /// Steps of the whole run.
  public var totalSteps: Int

  /// A name and a value.
  public struct Fact: Sendable, Equatable {
    /// What it is.
    public var name: String
    /// Its value.
    public var value: String

    /// A fact.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The circumstances.
  public init(configuration: TrainingConfiguration, facts: [Fact], totalSteps: Int) {
    self.configuration = configuration
    self.facts = facts
    self.totalSteps = totalSteps
  }
}

/// Figures of one step, or means over the steps since the last record.
public struct StepRecord: Sendable, Equatable {
  /// Mean cross-entropy of a token in nats.
  public var loss: Double
  /// The learning rate of the step.
  public var learningRate: Double
  /// Norm of all gradients before clipping.
  public var gradientNorm: Double
  /// Tokens learned from since the run began.
  public var tokens: Int
  /// Speed since the last record.
  public var tokensPerSecond: Double
  /// Part of the machine's peak arithmetic that was reached, 0 to 1; nil when the peak is not known.
  public var peakShare: Double?
  /// Physical memory of the process in bytes.
  public var memory: Int?
  /// What the objective has to say beside its loss, "reward" or "kl".
  public var figures: [Figure] = []

  /// Figures of a step.
  public init(
    loss: Double, learningRate: Double, gradientNorm: Double, tokens: Int, tokensPerSecond: Double,
    peakShare: Double? = nil, memory: Int? = nil
  ) {
    self.loss = loss
    self.learningRate = learningRate
    self.gradientNorm = gradientNorm
    self.tokens = tokens
    self.tokensPerSecond = tokensPerSecond
    self.peakShare = peakShare
    self.memory = memory
  }
}

/// What held-out text showed.
public struct EvaluationRecord: Sendable, Equatable {
  /// Mean cross-entropy of a token in nats.
  public var loss: Double
  /// The same for a byte of text, in bits, which does not depend on the tokenizer; nil when the bytes are not known.
  public var bitsPerByte: Double?
  /// What the objective has to say beside its loss.
  public var figures: [Figure] = []

  /// A measurement.
  public init(loss: Double, bitsPerByte: Double? = nil) {
    self.loss = loss
    self.bitsPerByte = bitsPerByte
  }

  /// A measurement over `tokens` tokens that stand for `bytes` bytes of text.
  public init(loss: Double, tokens: Int, bytes: Int) {
    // ln 2, to bits.
    self.init(
      loss: loss,
      bitsPerByte: bytes > 0 ? loss * Double(tokens) / (Double(bytes) * 0.693147180559945309) : nil)
  }
}
