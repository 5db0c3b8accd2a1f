// Sharing and remainders: everybody gets equally many, and something may be left over. The quotient with a remainder is
// checked by a product and a difference, which are its two steps.

enum Sharing: ProblemFamily {
  static let name = "sharing"
  static let levels = 1...5

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let goods = draws.pick(Goods.all)
    let who = Person.some(1, &draws)[0]
    let takers = draws.pick([
      "children", "friends", "players", "neighbours", "cousins", "pupils", "guests", "plates", "bags",
      "boxes", "teams",
      "tables", "classes", "baskets",
    ])
    let isExact = draft.level == 1 || draws.onceIn(3)
    let before = draft.level - (isExact ? 1 : 2)
    var amount = start(before, who, goods, &draft, &draws)
    guard let shared = amount else { return nil }
    let count = draws.number(2...9)
    let (name, he, things) = (who.name, who.he, goods.many)
    let people = ["children", "friends", "players", "neighbours", "cousins", "pupils", "guests"].contains(
      takers)
    let what =
      before == 0 ? "\(shared) \(things)" : draws.say("all the \(things)", "the \(things)", "them")
    let into = takers == "plates" || takers == "tables" ? "on" : "into"
    draft.sentences.append(
      people
        ? draws.say(
          "\(name) shares \(what) equally among \(count) \(takers).",
          "\(count) \(takers) share \(what) equally.",
          "\(name) gives \(what) to \(count) \(takers), and each gets the same number.",
          "\(name) divides \(what) equally among \(count) \(takers).")
        : draws.say(
          "\(name) puts \(what) \(into) \(count) \(takers), equally many each.",
          "\(name) divides \(what) equally among \(count) \(takers)."))
    let divisor = draft.working.known(count)
    if isExact {
      amount = draft.working.over(shared, divisor, "for each")
      draft.sentences.append(
        people
          ? draws.say(
            "How many \(things) does each get?", "How many does each of them get?",
            "How many \(things) are there for each of the \(takers)?")
          : draws.say(
            "How many \(things) are there in each share?", "How many \(things) go to each of the \(takers)?"))
      return amount
    }
    let quotient = shared.value / count
    guard shared.value % count > 0, (1...20).contains(quotient) else { return nil }
    let given = draft.working.times(divisor, draft.working.known(quotient), "given out")
    let left = draft.working.minus(shared, given, "left over")
    draft.explained = draft.working.lines(to: shared, explained: true) + division(of: shared.value, by: count)
    switch draws.below(3) {
    case 0:
      draft.sentences.append(
        draws.say(
          "How many \(things) are left over?", "How many remain?",
          "How many \(things) does \(he) keep, if \(he) keeps what is left over?"))
    case 1:
      draft.answer = .integer(quotient)
      draft.sentences.append(
        draws.say(
          "How many whole \(things) go to each of the \(takers)?",
          "As many as possible are given out. How many does each of the \(takers) get?"))
    default:
      draft.answer = .division(quotient: quotient, remainder: left.value)
      draft.sentences.append(
        draws.say(
          "How many go to each, and what is the remainder?",
          "How many \(things) for each, and how many left over? Give the remainder.",
          "What does each share hold, and what is the remainder?"))
    }
    return left
  }

  /// A division with a remainder, tens first: "Given out of 101: 4 × 20 = 80. Left: 101 - 80 = 21. Given out of 21: 4 × 5 = 20. …"
  private static func division(of amount: Int, by count: Int) -> [String] {
    let quotient = amount / count
    let (tens, ones) = (quotient / 10 * 10, quotient % 10)
    var rest = amount
    var lines: [String] = []
    for part in [tens, ones] where part > 0 {
      let given = count * part
      lines.append("Given out of \(rest): \(Arithmetic.times.chain(count, part)).")
      lines.append("\(rest - given < count ? "Left over" : "Left"): \(Arithmetic.minus.chain(rest, given)).")
      rest -= given
    }
    if tens > 0, ones > 0 { lines.append("For each: \(Arithmetic.plus.chain(tens, ones)).") }
    return lines
  }

  /// What is shared, after `steps` steps.
  private static func start(
    _ steps: Int, _ who: Person, _ goods: Goods, _ draft: inout Draft, _ draws: inout Draws
  ) -> Term? {
    let (name, he, things) = (who.name, who.he, goods.many)
    guard steps > 0 else { return draft.working.known(draws.number(6...90)) }
    var rest = steps
    var count: Term
    if !draws.onceIn(3) {
      let (groups, each) = (draft.working.known(draft.few(&draws)), draft.working.known(draws.number(2...12)))
      count = draft.working.times(groups, each, "\(things)")
      rest -= 1
      draft.sentences.append(
        draws.say(
          "\(name) has \(groups) \(goods.holders) with \(each) \(things) in each.",
          "\(name) brings \(groups) \(goods.holders) of \(each) \(things) each.",
          "There are \(groups) \(goods.holders), and in each are \(each) \(things)."))
    } else {
      count = draft.working.known(draft.amount(&draws))
      draft.sentences.append(
        draws.say(
          "\(name) has \(count) \(things).", "There are \(count) \(things) in \(name)'s kitchen.")
      )
    }
    while rest > 0 {
      if draws.onceIn(2) {
        let more = draft.working.known(draft.amount(&draws))
        count = draft.working.plus(count, more, "\(things) now")
        draft.sentences.append(
          draws.say(
            "\(he) gets \(more) more.", "a neighbour brings \(more) more \(things).",
            "\(who.his) uncle adds \(more) \(things)."
          ).capitalizedFirst)
      } else {
        guard count.value > 8 else { return nil }
        let fewer = draft.working.known(draws.number(2...min(30, count.value - 5)))
        count = draft.working.minus(count, fewer, "\(things) left")
        draft.sentences.append(
          draws.say(
            "\(he) keeps \(fewer) of them in a drawer, and does not share those.",
            "\(fewer) of the \(things) are bad, and \(he) throws them away.",
            "\(name) sets \(fewer) aside for \(who.his) mother."
          ).capitalizedFirst)
      }
      rest -= 1
    }
    return count
  }
}
