// DRY ("don't repeat yourself"): a token that would prolong a repetition is penalised, the more the longer
// the repetition. P. E. Weidmann, github.com/oobabooga/text-generation-webui/pull/5677.

import CApusKernels

/// Lowers the logit of each token that followed an earlier copy of the end of the sequence by
/// `multiplier · base^(length − allowed length)`, where `length` is how many tokens agree.
///
/// Copies are not followed across a sequence breaker, and a token that is a breaker by itself is free.
struct DRY: SamplerStage {
  private let multiplier: Double
  private let base: Double
  private let allowedLength: Int
  private let breakers: DRYBreakers
  private var history: TokenHistory
  /// By age of its last token: how many tokens an earlier copy shares with the end of the sequence.
  private var shared: [Int]
  /// The longest repetition each token would prolong, plus one, since 0 means none.
  private var longest: TokenTable

  /// Keeps the penalty, and whatever it is divided by later, a finite number.
  private static let largestPenalty = 1e30

  init?(_ options: SamplingOptions, breakers: DRYBreakers) {
    guard options.dryMultiplier != 0, options.dryBase >= 1, options.dryPenaltyLastN > 0 else { return nil }
    multiplier = options.dryMultiplier
    base = options.dryBase
    allowedLength = options.dryAllowedLength
    self.breakers = breakers
    history = TokenHistory(capacity: options.dryPenaltyLastN)
    shared = Array(repeating: 0, count: options.dryPenaltyLastN)
    longest = TokenTable(capacity: options.dryPenaltyLastN)
  }

  var maximumChanges: Int { history.capacity }

  mutating func accept(_ token: Int32, probability: Float?) {
    history.push(token)
  }

  mutating func apply(to candidates: inout Candidates, randomWords: SIMD4<UInt32>) throws(SamplingError) {
    guard history.count > allowedLength else { return }
    let limit = breakers.distance(in: history)
    guard limit >= allowedLength else { return }
    measureCopies()

    longest.removeAll()
    for age in 1..<max(1, history.count) {
      let length = min(shared[age], limit)
      // The token after the copy is the one a repetition would bring next.
      let next = history[age - 1]
      if length >= allowedLength, Int(longest[next]) <= length, !breakers.isBreaker(next) {
        longest[next] = Int32(length + 1)
      }
    }
    candidates.adjust(longest) { _, length, logit in
      logit - penalty(Int(length) - 1 - allowedLength)
    }
  }

  private func penalty(_ excess: Int) -> Float {
    Float(min(Self.largestPenalty, multiplier * apus_exp(min(80, Double(excess) * apus_log(base)))))
  }

  /// Fills `shared` with the Z-function of the reversed history (D. Gusfield, "Algorithms on Strings, Trees
  /// and Sequences", 1997, chapter 1).
  ///
  /// - Complexity: O(length of the history).
  private mutating func measureCopies() {
    let count = history.count
    var boxStart = 0
    var boxEnd = 0
    for age in 1..<max(1, count) {
      var length = age < boxEnd ? min(boxEnd - age, shared[age - boxStart]) : 0
      while age + length < count, history[length] == history[age + length] { length += 1 }
      shared[age] = length
      if age + length > boxEnd {
        boxStart = age
        boxEnd = age + length
      }
    }
  }
}
