// Comparisons: who has more, how many more, how many together.

enum Comparisons: ProblemFamily {
  static let name = "comparisons"
  static let levels = 1...5

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let goods = draws.pick(Goods.all)
    let things = goods.many
    let people = Person.some(4, &draws)
    var counts = [draft.working.known(draft.amount(&draws))]
    draft.sentences.append(
      draws.say(
        "\(people[0].name) has \(counts[0]) \(things).",
        "\(people[0].name) owns \(counts[0]) \(things).",
        "In \(people[0].name)'s \(goods.holder) there are \(counts[0]) \(things)."))
    var steps = draft.level
    if steps == 1 {
      let other = draft.working.known(draft.amount(&draws))
      guard other.value != counts[0].value else { return nil }
      draft.sentences.append(
        draws.say(
          "\(people[1].name) has \(other) \(things).", "\(people[1].name) has \(other).",
          "\(people[1].name) owns \(other) \(things)."))
      return question(things, people, [counts[0], other], steps, &draft, &draws)
    }
    // Every further person is compared with the one before; the rest of the steps is the question's.
    let others = max(1, min(3, draws.number((steps / 2)...max(1, steps - 1))))
    for place in 1...others {
      guard let count = compare(people[place - 1], people[place], things, counts[place - 1], &draft, &draws)
      else { return nil }
      counts.append(count)
    }
    steps -= others
    return question(things, people, counts, steps, &draft, &draws)
  }

  private static func compare(
    _ first: Person, _ second: Person, _ things: String, _ count: Term, _ draft: inout Draft,
    _ draws: inout Draws
  ) -> Term? {
    let (one, other) = (first.name, second.name)
    let label = "\(other)'s \(things)"
    switch draws.below(6) {
    case 0, 1:
      let more = draft.working.known(draft.amount(&draws))
      draft.sentences.append(
        draws.say(
          "\(other) has \(more) more \(things) than \(one).",
          "\(other) has \(more) more than \(one).",
          "\(one) has \(more) fewer \(things) than \(other)."))
      return draft.working.plus(count, more, label, explained: draft.lastSentence(without: one))
    case 2, 3:
      guard count.value > 5 else { return nil }
      let fewer = draft.working.known(draws.number(2...min(60, count.value - 2)))
      draft.sentences.append(
        draws.say(
          "\(other) has \(fewer) fewer \(things) than \(one).",
          "\(other) has \(fewer) fewer than \(one).",
          "\(one) has \(fewer) more \(things) than \(other)."))
      return draft.working.minus(count, fewer, label, explained: draft.lastSentence(without: one))
    case 4:
      let factor = draft.working.known(draws.number(2...5))
      let times = factor.value == 2 ? "twice" : "\(factor) times"
      draft.sentences.append(
        draws.say(
          "\(other) has \(times) as many \(things) as \(one).", "\(other) has \(times) as many as \(one)."))
      return draft.working.times(count, factor, label, explained: draft.lastSentence(without: one))
    default:
      guard count.value % 2 == 0, count.value > 4 else { return nil }
      let two = draft.working.known(2)
      draft.sentences.append(
        draws.say(
          "\(other) has half as many \(things) as \(one).", "\(one) has twice as many \(things) as \(other).")
      )
      return draft.working.over(count, two, label, explained: draft.lastSentence(without: one))
    }
  }

  /// A question that takes `steps` more steps.
  private static func question(
    _ things: String, _ people: [Person], _ counts: [Term], _ steps: Int, _ draft: inout Draft,
    _ draws: inout Draws
  ) -> Term? {
    let names = people.prefix(counts.count).map(\.name)
    if steps == 1, draws.onceIn(2) {
      // The first and the last: between neighbours the difference is told.
      let (first, last) = (0, counts.count - 1)
      let isMore = counts[first].value > counts[last].value
      let (high, low) = isMore ? (first, last) : (last, first)
      guard counts[high].value > counts[low].value, counts.count != 2 || draft.level == 1
      else { return nil }
      draft.sentences.append(
        draws.say(
          "How many more \(things) does \(names[high]) have than \(names[low])?",
          "How many fewer \(things) does \(names[low]) have than \(names[high])?",
          "What is the difference between \(names[first])'s and \(names[last])'s \(things)?",
          "How many \(things) does \(names[low]) need to have as many as \(names[high])?"))
      return draft.working.minus(
        counts[high], counts[low], "difference",
        explained: "first \(counts[first]), last \(counts[last]), difference")
    }
    // Everybody together, and perhaps what is done with the sum.
    guard steps >= counts.count - 1 else { return nil }
    var total = counts[0]
    for (place, count) in counts.enumerated().dropFirst() {
      total = draft.working.plus(
        total, count, place == counts.count - 1 ? "together" : "\(names[0]) to \(names[place])",
        explained: place == counts.count - 1 ? "together" : "the first \(place + 1)")
    }
    let all =
      counts.count == 2
      ? "\(names[0]) and \(names[1])"
      : names.dropLast().joined(separator: ", ") + " and " + names[counts.count - 1]
    let rest = steps - (counts.count - 1)
    guard rest > 0 else {
      draft.sentences.append(
        draws.say(
          "How many \(things) do \(all) have altogether?", "How many \(things) do \(all) have together?",
          "How many \(things) is that in all?", "What is the total number of \(things)?"))
      return total
    }
    guard rest == 1 else { return nil }
    if draws.onceIn(2) {
      guard total.value > 8 else { return nil }
      let fewer = draft.working.known(draws.number(2...min(60, total.value - 2)))
      draft.sentences.append(
        draws.say(
          "\(all) put them all together and give \(fewer) away. How many \(things) are left?",
          "\(all) put their \(things) into one pile, and \(fewer) get lost. How many are left in the pile?"
        ))
      return draft.working.minus(total, fewer, "\(things) left")
    }
    let goal = draft.working.known(total.value + draws.number(2...60))
    draft.sentences.append(
      draws.say(
        "Together \(all) want to have \(goal) \(things). How many more do they need?",
        "\(all) need \(goal) \(things) in all. How many \(things) are missing?"))
    return draft.working.minus(goal, total, "missing")
  }
}
