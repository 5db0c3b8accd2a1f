// What problems promise: the same everywhere, every line true, nothing out of thin air, no test problem in training.

import Testing

@testable import ApusData

/// Optimised builds look at all that is promised, debug builds at a tenth.
#if DEBUG
  let thoroughness = 1
#else
  let thoroughness = 10
#endif

@Suite struct ProblemTests {
  @Test(arguments: ProblemGenerator.levels) func everyLineIsTrue(level: Int) {
    let generator = ProblemGenerator(seed: 7)
    for number in 0..<300 * thoroughness {
      let problem = generator.problem(number, level: level)
      let lines = problem.steps.map(SolutionLine.init)
      for (line, text) in zip(lines, problem.steps) {
        let values = line.values
        #expect(
          values.count > 1 && values.allSatisfy { $0 != nil && $0 == values[0] }, "seed 7, \(number): \(text)"
        )
        #expect(text.hasSuffix("."), "\(text)")
      }
      let last = lines.last?.values.last ?? nil
      switch problem.answer {
      case .integer(let answer):
        let isQuotient = problem.family == "sharing" && lines.last?.chain[0].contains("-") == true
        #expect(last == answer || isQuotient, "seed 7, \(number): \(problem)")
      case .division(_, let remainder): #expect(last == remainder, "seed 7, \(number): \(problem)")
      }
      #expect(problem.steps.count == level, "seed 7, \(number): \(problem)")
      for text in problem.explained {
        let values = SolutionLine(text).values
        #expect(values.count > 1 && values.allSatisfy { $0 != nil && $0 == values[0] }, "\(text)")
      }
      #expect(problem.family == "sharing" || SolutionLine(problem.explained.last ?? "").values.last == last)
      #expect(problem.explained.count >= level)
      #expect(Verifier.check(problem.solution(), problem) == .correct)
      #expect(Verifier.check(problem.solution(tagged: true), problem) == .correct)
    }
  }

  @Test func expressionsHaveTheValueTheyAreSaidToHave() {
    let generator = ProblemGenerator(seed: 3)
    var count = 0
    for number in 0..<400 * thoroughness {
      let problem = generator.problem(number, level: number % 5 + 1)
      guard problem.family == "expressions", case .integer(let answer) = problem.answer else { continue }
      count += 1
      let allowed = Set("0123456789+-×÷() ")
      let expression =
        problem.question.split { !allowed.contains($0) }.map(String.init).max { $0.count < $1.count } ?? ""
      #expect(
        evaluate(expression) == answer,
        "\(problem)")
      for step in problem.steps {
        if let rest = SolutionLine(step).rest { #expect(evaluate(rest) == answer, "\(problem)") }
      }
    }
    #expect(count > 40)
  }

  /// A step uses numbers of the question, earlier results, or the 2 of twice and half.
  @Test func noNumberComesFromNowhere() {
    let generator = ProblemGenerator(seed: 11)
    for number in 0..<1000 * thoroughness {
      let problem = generator.problem(number, level: number % 5 + 1)
      var known = Set(numbers(in: problem.question)).union([2])
      for (place, step) in problem.steps.enumerated() {
        let line = SolutionLine(step)
        let operands = numbers(in: line.chain[0])
        let isQuotient = problem.family == "sharing" && place == problem.steps.count - 2
        #expect(operands.count == 2, "\(step)")
        #expect(
          operands.filter { !known.contains($0) }.count <= (isQuotient ? 1 : 0),
          "seed 11, \(number): \(problem)")
        if let value = line.values.last ?? nil { known.insert(value) }
      }
    }
  }

  /// "Rob is 16 years younger: 21 - 16 = …" and "16 years younger than Eli: 21 + 16 = …".
  @Test func comparisonsAreSaidOfTheOneWhoIsAskedFor() {
    let generator = ProblemGenerator(seed: 13)
    let signs = [
      "older": "+-", "before": "+-", "more": "+-", "younger": "-+", "after": "-+", "fewer": "-+",
      "half": "÷×",
      "twice": "×÷", "times": "×÷",
    ]
    var counts = [0, 0]
    for number in 0..<400 * thoroughness {
      let problem = generator.problem(number, level: number % 4 + 2)
      guard ["ages", "comparisons"].contains(problem.family) else { continue }
      for step in problem.explained {
        let said = step.components(": ")[0].components(" ")
        guard let sign = said.compactMap({ signs[$0] }).first else { continue }
        // A sentence says it, with one person and at most three words changed; without the first person that is the end of it.
        let isOfTheSecond = problem.question.components(". ").contains { sentence in
          let words = sentence.components(" ")
          return words.count > said.count && words.suffix(said.count).dropFirst() == said[1...]
            && words[words.count - said.count] == said[0].lowercasedFirst
        }
        #expect(
          isOfTheSecond
            || problem.question.components(". ").contains { sentence in
              let words = sentence.components(" ")
              let left = words.difference(from: said)
              return words.first == said[0] && left.insertions.count <= 3 && left.removals.count <= 3
            }, "\(problem): \(step)")
        let chosen = sign[isOfTheSecond ? sign.index(after: sign.startIndex) : sign.startIndex]
        #expect(SolutionLine(step).chain[0].contains(chosen), "\(problem): \(step)")
        counts[isOfTheSecond ? 1 : 0] += 1
      }
    }
    #expect(counts[0] > 100 && counts[1] > 50, "\(counts)")
  }

  /// "Given out of 79: 6 × 10 = 60. Left: 79 - 60 = 19. Given out of 19: 6 × 3 = 18. Left over: 19 - 18 = 1. For each: 10 + 3 = 13."
  @Test func divisionsGoPlaceByPlace() {
    let generator = ProblemGenerator(seed: 19)
    var counts = [0, 0]
    for number in 0..<400 * thoroughness {
      let problem = generator.problem(number, level: number % 4 + 2)
      guard problem.family == "sharing", let last = problem.steps.last, last.hasPrefix("Left over") else {
        continue
      }
      let factors = numbers(in: SolutionLine(problem.steps[problem.steps.count - 2]).chain[0])
      var rest = numbers(in: SolutionLine(last).chain[0])[0]
      var quotient = 0
      for step in problem.explained where step.hasPrefix("Given out") || step.hasPrefix("Left") {
        let operands = numbers(in: SolutionLine(step).chain[0])
        if step.hasPrefix("Given out") {
          #expect(step.hasPrefix("Given out of \(rest): ") && operands[0] == factors[0], "\(problem)")
          quotient += operands[1]
        } else if operands[1] % factors[0] == 0, operands[0] == rest {
          rest -= operands[1]
          #expect(step.hasPrefix("Left over: ") == (rest < factors[0]), "\(problem)")
        }
      }
      #expect(quotient == factors[1] && rest == SolutionLine(last).values.last, "\(problem)")
      let isLong = problem.explained.last?.hasPrefix("For each: ") == true
      #expect(isLong == (quotient > 10 && quotient % 10 > 0), "\(problem)")
      if isLong { #expect(SolutionLine(problem.explained.last ?? "").values.last == quotient, "\(problem)") }
      counts[isLong ? 1 : 0] += 1
    }
    #expect(counts[0] > 10 && counts[1] > 10, "\(counts)")
  }

  @Test func aNumberIsAProblemWhateverWasAskedBefore() {
    let one = ProblemGenerator(seed: 5)
    let forwards = (0..<100).map { one.problem($0, level: 3) }
    let backwards = (0..<100).reversed().map { ProblemGenerator(seed: 5).problem($0, level: 3) }
    #expect(forwards == backwards.reversed())
    #expect(forwards != (0..<100).map { ProblemGenerator(seed: 6).problem($0, level: 3) })
  }

  @Test func noTestProblemIsTrainedOn() {
    // Different seeds, as a careless user would take them.
    let (train, test) = (ProblemGenerator(seed: 1), ProblemGenerator(seed: 2))
    var forms: Set<String> = []
    var questions: Set<String> = []
    for number in 0..<5000 * thoroughness {
      let problem = train.problem(number, level: number % 5 + 1, split: .train)
      forms.insert(problem.form)
      questions.insert(problem.question)
    }
    for number in 0..<5000 * thoroughness {
      let problem = test.problem(number, level: number % 5 + 1, split: .test)
      #expect(!forms.contains(problem.form), "\(problem)")
      #expect(!questions.contains(problem.question), "\(problem)")
    }
    #expect(forms.count > 3000 * thoroughness / 2)
    let side = (0..<2000).count { train.problem($0, level: 2).split == .test }
    #expect((140...260).contains(side), "\(side) of 2000 problems are for tests")
  }

  @Test func formsLeaveOutNamesAndOrder() {
    var one = Working(limit: 100)
    let (a, b) = (one.known(3), one.known(4))
    let product = one.times(a, b, "pens in the boxes")
    let sum = one.plus(product, one.known(5), "pens now")
    var other = Working(limit: 100)
    let five = other.known(5)
    let product2 = other.times(other.known(4), other.known(3), "Mia's plums")
    let sum2 = other.plus(five, product2, "together")
    #expect(one.form(of: sum) == other.form(of: sum2))
    #expect(one.lines(to: sum) == ["Pens in the boxes: 3 × 4 = 12.", "Pens now: 12 + 5 = 17."])
  }

  @Test(arguments: [
    (Arithmetic.plus, 47, 38, "47 + 38 = 77 + 8 = 85"),
    (.plus, 347, 285, "347 + 285 = 547 + 85 = 627 + 5 = 632"),
    (.plus, 40, 38, "40 + 38 = 78"), (.minus, 85, 38, "85 - 38 = 55 - 8 = 47"),
    (.minus, 20, 7, "20 - 7 = 13"),
    (.times, 47, 6, "47 × 6 = 240 + 42 = 280 + 2 = 282"), (.times, 7, 8, "7 × 8 = 56"),
    (.over, 84, 6, "84 ÷ 6 = 60 ÷ 6 + 24 ÷ 6 = 10 + 4 = 14"), (.over, 56, 8, "56 ÷ 8 = 7"),
  ])
  func largeNumbersGoPlaceByPlace(operation: Arithmetic, left: Int, right: Int, line: String) {
    #expect(operation.chain(left, right) == line)
  }

  @Test func chainsAreTrueForAllSmallNumbers() {
    for operation in Arithmetic.allCases {
      for left in stride(from: 0, through: 400, by: 3) {
        for right in stride(from: 0, through: 99, by: 7) {
          guard let value = operation.result(left, right, limit: 999) else { continue }
          let values = SolutionLine(operation.chain(left, right) + ".").values
          #expect(values.allSatisfy { $0 == value }, "\(operation.chain(left, right))")
        }
      }
    }
  }

  @Test func aStreamRepeatsNothing() {
    var stream = ProblemStream(ProblemGenerator(seed: 1), levels: 1...3, split: .train)
    var questions: Set<String> = []
    for turn in 0..<600 {
      guard let problem = stream.next() else { break }
      #expect(problem.level == turn % 3 + 1)
      #expect(problem.split == .train)
      #expect(questions.insert(problem.question).inserted, "\(problem.question)")
    }
    #expect(stream.counts.values.allSatisfy { $0.problems == 200 && $0.forms > 100 })
  }

  @Test func surfacesAreVaried() {
    let generator = ProblemGenerator(seed: 9)
    var shapes: [String: Int] = [:]
    let count = 1000 * thoroughness
    for number in 0..<count {
      let problem = generator.problem(number, level: number % 4 + 2)
      shapes[String(problem.question.map { $0.isNumber ? "#" : $0 }), default: 0] += 1
    }
    // Plain expressions have few words, so that their shapes come again.
    #expect(shapes.count > count / 2, "\(shapes.count) shapes of \(count) questions")
    #expect(Set((0..<500).map { generator.problem($0, level: 3).family }) == Set(ProblemGenerator.families))
  }

  @Test func recordsAreWhatTrainersRead() throws {
    let problem = ProblemGenerator(seed: 1).problem(0, level: 2)
    let messages = problem.record(.messages, system: "Be brief.", tagged: true).serialized()
    #expect(
      messages.hasPrefix(#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":""#))
    #expect(messages.contains(#""role":"assistant","content":"<think>\n"#))
    #expect(messages.contains(#"\n</think>\nAnswer: "#))
    #expect(problem.record(.text, answerOnly: true).serialized().hasSuffix(#"\n\#(problem.answerLine)"}"#))
    #expect(problem.record(.prompt).serialized().contains(#""answer":"\#(problem.answer)""#))
  }
}
