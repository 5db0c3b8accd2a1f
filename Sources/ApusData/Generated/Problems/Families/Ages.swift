// Ages: from one person's age to the next one's, and how old they will be or were.

enum Ages: ProblemFamily {
  static let name = "ages"
  static let levels = 1...5

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let people = Person.some(draft.level + 1, &draws)
    var ages = [draft.working.known(draws.number(3...30))]
    draft.sentences.append(
      draws.say(
        "\(people[0].name) is \(ages[0]) years old.", "\(people[0].name) is \(ages[0]).",
        "\(people[0].name) has just turned \(ages[0])."))
    // The last step may be a question about another year, or about everybody's ages.
    let ending = draft.level > 1 ? draws.below(5) : draws.below(3)
    let chain = ending == 0 || draft.level == 1 && ending == 1 ? draft.level : draft.level - 1
    for place in 0..<chain {
      guard let age = next(people[place], people[place + 1], ages[place], &draft, &draws) else { return nil }
      ages.append(age)
    }
    let (last, age) = (people[chain], ages[chain])
    guard chain < draft.level else {
      draft.sentences.append(
        draws.say(
          "How old is \(last.name)?", "What is \(last.name)'s age?", "How many years old is \(last.name)?",
          "Find \(last.name)'s age."))
      return age
    }
    let years = draft.working.known(draws.number(2...20))
    switch ending {
    case 1, 2:
      draft.sentences.append(
        draws.say(
          "How old will \(last.name) be in \(years) years?",
          "What will \(last.name)'s age be \(years) years from now?",
          "In \(years) years, how old will \(last.name) be?"))
      return draft.working.plus(age, years, "\(last.name) in \(years) years")
    case 3:
      guard age.value > years.value else { return nil }
      draft.sentences.append(
        draws.say(
          "How old was \(last.name) \(years) years ago?",
          "What was \(last.name)'s age \(years) years ago?"))
      return draft.working.minus(age, years, "\(last.name) \(years) years ago")
    default:
      let other = people[chain - 1]
      draft.sentences.append(
        draws.say(
          "How old are \(other.name) and \(last.name) together?",
          "What is the sum of the ages of \(other.name) and \(last.name)?",
          "Add the ages of \(other.name) and \(last.name). What do you get?"))
      return draft.working.plus(ages[chain - 1], age, "together")
    }
  }

  /// How `second`'s age follows from `first`'s.
  private static func next(
    _ first: Person, _ second: Person, _ age: Term, _ draft: inout Draft, _ draws: inout Draws
  ) -> Term? {
    let (one, other) = (first.name, second.name)
    let label = other
    switch draws.below(7) {
    case 0, 1, 2:
      let more = draft.working.known(draws.number(2...20))
      draft.sentences.append(
        draws.say(
          "\(other) is \(more) years older than \(one).",
          "\(one) is \(more) years younger than \(other).",
          "\(other) was born \(more) years before \(one).",
          "\(other) is older than \(one) by \(more) years."))
      return draft.working.plus(age, more, label, explained: draft.lastSentence(without: one))
    case 3, 4:
      guard age.value > 5 else { return nil }
      let less = draft.working.known(draws.number(2...min(20, age.value - 2)))
      draft.sentences.append(
        draws.say(
          "\(other) is \(less) years younger than \(one).",
          "\(one) is \(less) years older than \(other).",
          "\(other) was born \(less) years after \(one).",
          "\(other) is younger than \(one) by \(less) years."))
      return draft.working.minus(age, less, label, explained: draft.lastSentence(without: one))
    case 5:
      let factor = draft.working.known(draws.number(2...3))
      guard age.value * factor.value <= 90 else { return nil }
      let times = factor.value == 2 ? "twice" : "3 times"
      draft.sentences.append(
        draws.say("\(other) is \(times) as old as \(one).", "\(other)'s age is \(times) \(one)'s age."))
      return draft.working.times(age, factor, label, explained: draft.lastSentence(without: one))
    default:
      guard age.value % 2 == 0, age.value > 4 else { return nil }
      let two = draft.working.known(2)
      draft.sentences.append(
        draws.say(
          "\(other) is half as old as \(one).", "\(one) is twice as old as \(other).",
          "\(other)'s age is half of \(one)'s age."))
      return draft.working.over(age, two, label, explained: draft.lastSentence(without: one))
    }
  }
}
