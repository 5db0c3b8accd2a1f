// Two people, a girl and a boy, so that every pronoun has one owner. They get, lose and hand over things; the question may
// leave out some of what was told, and then the solution leaves it out too.

enum TwoPeople: ProblemFamily {
  static let name = "two people"
  static let levels = 1...5

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let things = draws.pick(Goods.all).many
    let girl = draws.pick(Person.girls)
    let boy = draws.pick(Person.boys)
    let people = draws.onceIn(2) ? [girl, boy] : [boy, girl]
    let relation = draws.pick([
      "are friends", "go to the same school", "live next door to each other", "meet in the park",
      "are playing together", "are cousins", "are neighbours", "sit at one table",
    ])
    if draws.onceIn(2) { draft.sentences.append("\(people[0].name) and \(people[1].name) \(relation).") }
    var counts = [draft.working.known(draft.amount(&draws)), draft.working.known(draft.amount(&draws))]
    let (one, other) = (people[0], people[1])
    draft.sentences.append(
      draws.say(
        "\(one.name) has \(counts[0]) \(things), and \(other.name) has \(counts[1]).",
        "\(one.name) has \(counts[0]) \(things). \(other.name) has \(counts[1]) \(things).",
        "\(one.name) brings \(counts[0]) \(things), and \(other.name) brings \(counts[1]).",
        "\(one.name) starts with \(counts[0]) \(things) and \(other.name) with \(counts[1])."))
    let question = draws.below(4)
    let events = max(1, draft.level - (question == 0 ? 0 : 1)) + (draws.onceIn(4) ? 1 : 0)
    var last = -1
    for _ in 0..<events where draft.level > 1 || question == 0 {
      guard let actor = event(people, things, &counts, last, &draft, &draws) else { return nil }
      last = actor
    }
    switch question {
    case 0:
      let who = draws.below(2)
      draft.sentences.append(
        draws.say(
          "How many \(things) does \(people[who].name) have now?",
          "How many \(things) does \(people[who].name) have at the end?",
          "How many \(things) has \(people[who].name) got now?"))
      return counts[who]
    case 1, 2:
      draft.sentences.append(
        draws.say(
          "How many \(things) do they have together?",
          "How many \(things) do \(one.name) and \(other.name) have in all now?",
          "How many \(things) is that for both of them together?"))
      return draft.working.plus(counts[0], counts[1], "together")
    default:
      let isMore = counts[0].value > counts[1].value
      guard counts[0].value != counts[1].value else { return nil }
      let (high, low) = isMore ? (0, 1) : (1, 0)
      draft.sentences.append(
        draws.say(
          "How many more \(things) than \(people[low].name) does \(people[high].name) have now?",
          "How many more \(things) does \(people[high].name) have than \(people[low].name)?",
          "What is the difference between their numbers of \(things) now?"))
      return draft.working.minus(counts[high], counts[low], "difference")
    }
  }

  /// Something happens to one of them, who is returned: the name when it is not the one of the sentence before, else a pronoun.
  private static func event(
    _ people: [Person], _ things: String, _ counts: inout [Term], _ last: Int, _ draft: inout Draft,
    _ draws: inout Draws
  ) -> Int? {
    let who = draws.below(2)
    let (actor, partner) = (people[who], people[1 - who])
    let subject = who == last ? actor.he : draws.pick([actor.name, actor.name, actor.he])
    let label = "\(actor.name)'s \(things)"
    switch draws.below(6) {
    case 0, 1:
      let more = draft.working.known(draft.amount(&draws))
      counts[who] = draft.working.plus(counts[who], more, label)
      draft.sentences.append(
        draws.say(
          "\(subject) finds \(more) more.", "\(subject) gets \(more) from \(actor.his) mother.",
          "then \(subject) buys \(more) \(things).",
          "\(subject) wins \(more) \(things) in a game with other children.",
          "after that, \(subject) gets another \(more)."
        ).capitalizedFirst)
    case 2:
      guard counts[who].value > 4 else { return nil }
      let fewer = draft.working.known(draws.number(2...min(60, counts[who].value - 2)))
      counts[who] = draft.working.minus(counts[who], fewer, label)
      draft.sentences.append(
        draws.say(
          "\(subject) loses \(fewer) of \(actor.his) \(things).",
          "\(subject) gives \(fewer) to \(actor.his) teacher.",
          "then \(subject) uses up \(fewer) \(things).",
          "\(subject) sells \(fewer) to a stranger."
        ).capitalizedFirst)
    case 3:
      let factor = draft.working.known(2)
      counts[who] = draft.working.times(counts[who], factor, label)
      draft.sentences.append(
        draws.say(
          "then \(actor.name)'s aunt doubles \(actor.his) number of \(things).",
          "\(subject) goes to a market and doubles \(actor.his) \(things)."
        ).capitalizedFirst)
    default:
      guard counts[who].value > 4 else { return nil }
      let given = draft.working.known(draws.number(2...min(60, counts[who].value - 2)))
      counts[who] = draft.working.minus(counts[who], given, label)
      counts[1 - who] = draft.working.plus(counts[1 - who], given, "\(partner.name)'s \(things)")
      draft.sentences.append(
        draws.say(
          "\(subject) gives \(given) to \(partner.name).",
          "\(subject) gives \(partner.him) \(given) \(things).",
          "then \(subject) hands \(given) of \(actor.his) \(things) to \(partner.name).",
          "\(subject) lets \(partner.name) have \(given) of them."
        ).capitalizedFirst)
    }
    return who
  }
}
