// The generator: a seed, a level and a number make a problem, without state and in any order. What the problems tell is in
// Families.

import ApusRuntime

/// Makes problems from a seed.
///
/// ```swift
/// let problems = ProblemGenerator(seed: 1)
/// let problem = problems.problem(7, level: 3, split: .train)
/// print(problem.question, problem.solution())
/// ```
public struct ProblemGenerator: Sendable {
  /// The levels there are: a problem of level n takes n steps.
  public static let levels = 1...5

  /// The names of the families.
  public static var families: [String] { allFamilies.map { $0.name } }

  /// Problems of different seeds have nothing to do with each other, but for the split, which is the same for all.
  public let seed: UInt64

  /// A generator with a seed.
  public init(seed: UInt64) {
    self.seed = seed
  }

  /// Problem `number` of a level, always the same for a seed.
  ///
  /// - Parameters:
  ///   - number: any number of at least 0.
  ///   - level: one of `levels`.
  ///   - split: the side it must be on; any when nil. Number n of one side is another problem than number n of the other.
  /// - Complexity: some microseconds, whatever the number.
  public func problem(_ number: Int, level: Int, split: ProblemSplit? = nil) -> Problem {
    precondition(number >= 0, "problem \(number): numbers begin at 0")
    precondition(Self.levels.contains(level), "level \(level) is not in 1...5")
    let families = allFamilies
    var attempt = 0
    while true {
      var draws = Draws("problems/\(level)", seed: seed, number: number, attempt: attempt)
      attempt += 1
      let family = draws.pick(families)
      var draft = Draft(level: level)
      guard family.levels.contains(level), let goal = family.write(&draft, &draws), draft.working.isPossible,
        draft.working.count(to: goal) == level
      else { continue }
      let form = draft.working.form(of: goal)
      if let split, ProblemSplit(form: form) != split { continue }
      return Problem(
        number: number, level: level, family: family.name, question: draft.sentences.joined(separator: " "),
        steps: draft.lines ?? draft.working.lines(to: goal),
        explained: draft.explained.isEmpty
          ? draft.lines ?? draft.working.lines(to: goal, explained: true) : draft.explained,
        answer: draft.answer ?? .integer(goal.value), form: form)
    }
  }
}

/// A kind of problem.
protocol ProblemFamily {
  static var name: String { get }
  /// The levels it has problems for.
  static var levels: ClosedRange<Int> { get }
  /// Tells a problem, and returns the term that is asked for; nil when the choices led nowhere and are made again. A working
  /// with another number of steps than the level is dropped by the generator.
  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term?
}

/// A problem in the making.
struct Draft {
  let level: Int
  var sentences: [String] = []
  var working: Working
  /// The answer, when it is not simply the value of the goal.
  var answer: Answer?
  /// The lines of the solution, when they are not those of the working.
  var lines: [String]?
  /// The lines of the explained solution, when they are others still.
  var explained: [String] = []

  init(level: Int) {
    self.level = level
    working = Working(limit: Self.limits[level - 1])
  }

  /// The largest number of a level: later steps start from larger results, and should stay in reach of a small model.
  static let limits = [100, 200, 300, 500, 999]

  /// A number to tell, larger at higher levels. Never 1, so that plurals are right.
  func amount(_ draws: inout Draws) -> Int {
    switch draws.below(4) {
    case 0: draws.number(2...9)
    case 1, 2: draws.number(3...30)
    default: draws.number(10...[50, 50, 60, 80, 100][level - 1])
    }
  }

  /// A number of few: groups, times, hours.
  func few(_ draws: inout Draws) -> Int { draws.number(2...9) }

  /// What the last sentence, a comparison with `known`, says of the other: "Rob is 16 years younger" of "Rob is 16 years younger
  /// than Eli" without Eli, and "16 years younger than Eli" without Rob. Whether to add or to subtract then stands in a row, where
  /// before it was an exclusive or of who is told of first and of what is said.
  func lastSentence(without known: String) -> String {
    let sentence = (sentences.last ?? "").dropLast()
    if sentence.hasPrefix("\(known) ") {
      return String(sentence.split(separator: " ", maxSplits: 2).last ?? "")
    }
    for part in [" than \(known)", " as \(known)", " of \(known)'s age", " \(known)'s age", " \(known)"] {
      if let place = sentence.firstRange(of: part) {
        return String(sentence[..<place.lowerBound] + sentence[place.upperBound...])
      }
    }
    return String(sentence)
  }
}

/// Every family.
var allFamilies: [any ProblemFamily.Type] {
  [
    Expressions.self, Containers.self, Shopping.self, Sharing.self, Ages.self, Travel.self, Comparisons.self,
    TwoPeople.self,
  ]
}
