// What tokens of answers cost, and how those of an update become its loss and the slopes that its rows carry.

extension PPO {
  /// The clipped objective that a configuration asks for.
  init(_ policy: TrainingConfiguration.Policy) {
    self.init(clipLow: policy.clip, clipHigh: policy.clipHigh ?? policy.clip)
  }
}

/// What a token costs.
struct PolicyToken {
  /// All of it.
  var loss: Double
  /// By the token's log-probability, and by its value.
  var slope: Double
  var valueSlope = 0.0
  var ratio: Double
  var isClipped: Bool
  /// The estimated divergence from the reference.
  var divergence = 0.0
  var valueLoss = 0.0
}

extension [PolicyRow] {
  /// Lets each token of an update's answers count in the gradients what its slopes say.
  ///
  /// - Parameters:
  ///   - longest: the most tokens an answer may have.
  ///   - judgedAnswers: answers that were judged for each of these.
  ///   - judgedTokens: tokens of those for each token of these.
  /// - Returns: the loss of the update.
  mutating func weigh(
    _ average: PolicyAverage, longest: Int, judgedAnswers: Double = 1, judgedTokens: Double = 1,
    _ token: (PolicyRow, Int) -> PolicyToken
  ) -> Double {
    let answers = judgedAnswers * Double(count)
    let tokens = judgedTokens * Double(reduce(0) { $0 + $1.length })
    var loss = 0.0
    for index in indices {
      let weight = GRPO.tokenWeight(
        average, length: self[index].length, answers: answers, tokens: tokens, longest: longest)
      for place in 0..<self[index].length {
        let token = token(self[index], place)
        loss += weight * token.loss
        let target = self[index].start + place
        self[index].weights[target] = Float(-weight * token.slope)
        self[index].scoreWeights[target] = Float(weight * token.valueSlope)
      }
    }
    return loss
  }
}
