// Preferences in memory, and in which order they are learned from.

/// Answers of one kind, one behind the other.
struct PreferenceAnswers {
  /// Of all answers.
  var tokens: [Int32] = []
  /// Whether each counts.
  var counts: [Bool] = []
  /// Where each answer ends.
  var ends: [Int] = []
  /// Of single answers; one for each.
  var isDesirable: [Bool] = []

  mutating func add(_ preference: EncodedPreference) {
    for answer in preference.answers { add(answer.tokens[...], answer.kinds.map { $0 != .prompt }[...]) }
    isDesirable.append(preference.isDesirable)
  }

  mutating func add(_ tokens: ArraySlice<Int32>, _ counts: ArraySlice<Bool>) {
    self.tokens += tokens
    self.counts += counts
    ends.append(self.tokens.count)
  }

  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }
}

/// A prompt with an answer.
public struct PreferenceSequence: Sendable {
  /// The ids of both.
  public let tokens: ArraySlice<Int32>
  /// Whether each token is the answer's.
  public let counts: ArraySlice<Bool>

  /// Tokens that are the answer's and have one before them, which they are predicted from.
  public var answerCount: Int { counts.dropFirst().count { $0 } }
}

/// Preferences as tokens: rows of two sequences each.
///
/// A row of pairs has the chosen answer and the rejected one. A row of single answers has the answer, and behind the same
/// prompt the answer of another row, which tells how far a policy is from its reference (KTO).
public final class PreferenceDataset: Sendable {
  /// What it was read from.
  public let name: String
  /// Pairs or single answers.
  public let kind: PreferenceKind
  /// Tokens are below this.
  public let vocabularySize: Int
  /// A hash of all of it.
  public let identity: UInt64
  private let answers: PreferenceAnswers

  /// - Parameter length: the most tokens of a sequence.
  init(_ answers: PreferenceAnswers, _ kind: PreferenceKind, length: Int?, vocabularySize: Int, name: String)
  {
    var answers = answers
    if kind == .singles { answers = Self.compared(answers, length: length ?? .max) }
    (self.answers, self.kind, self.vocabularySize, self.name) = (answers, kind, vocabularySize, name)
    var hash = StableHash()
    hash.add(kind == .pairs ? 0 : 1)
    answers.tokens.withUnsafeBytes { hash.add($0) }
    for count in answers.counts { hash.add(count ? 1 : 0) }
    for end in answers.ends { hash.add(UInt64(end)) }
    for isDesirable in answers.isDesirable { hash.add(isDesirable ? 1 : 0) }
    identity = hash.value
  }

  /// Each answer, and behind its prompt the answer of the row half the file away: neighbours often share a prompt.
  private static func compared(_ singles: PreferenceAnswers, length: Int) -> PreferenceAnswers {
    var result = PreferenceAnswers()
    result.isDesirable = singles.isDesirable
    let count = singles.ends.count
    for row in 0..<count {
      let own = singles.range(row)
      result.add(singles.tokens[own], singles.counts[own])
      let other = singles.range((row + max(1, count / 2)) % count)
      let prompt = own.prefix { !singles.counts[$0] }
      let answer = other.drop { !singles.counts[$0] }.prefix(max(1, length - prompt.count))
      result.add(
        singles.tokens[prompt] + singles.tokens[answer], singles.counts[prompt] + singles.counts[answer])
    }
    return result
  }

  /// Rows.
  public var count: Int { answers.isDesirable.count }
  /// Tokens of all sequences.
  public var tokenCount: Int { answers.tokens.count }

  /// A sequence of a row: 0 is the chosen answer or the single one, 1 the rejected one or another row's.
  public func sequence(_ index: Int, ofRow row: Int) -> PreferenceSequence {
    precondition(0...1 ~= index)
    let range = answers.range(2 * row + index)
    return PreferenceSequence(tokens: answers.tokens[range], counts: answers.counts[range])
  }

  /// Whether a row's single answer is good.
  public func isDesirable(_ row: Int) -> Bool { answers.isDesirable[row] }
}

/// The order in which the rows of preferences are learned from: a function of a seed, through any number of epochs.
public struct PreferencePlan: Sendable {
  /// What is learned from.
  public let dataset: PreferenceDataset
  private let seed: UInt64
  private let shuffles: Bool

  /// A plan of all rows.
  public init(_ dataset: PreferenceDataset, seed: UInt64, shuffles: Bool) {
    (self.dataset, self.seed, self.shuffles) = (dataset, seed, shuffles)
  }

  /// Rows of an epoch.
  public var rowsPerEpoch: Int { dataset.count }

  /// The data set's row at a place of the order, which goes on through all epochs.
  public func row(at cursor: Int) -> Int {
    let index = cursor % dataset.count
    guard shuffles else { return index }
    return Permutation(count: dataset.count, seed: seed, epoch: cursor / dataset.count)[index]
  }

  /// A hash of everything the order depends on: a cursor of a run belongs to plans with the same identity.
  public var identity: UInt64 {
    var hash = StableHash()
    hash.add(dataset.identity)
    hash.add(seed)
    hash.add(shuffles ? 1 : 0)
    return hash.value
  }
}
