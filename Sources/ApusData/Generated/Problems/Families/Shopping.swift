// Buying and change: prices, several of a thing, the total, a note that is more than enough.

enum Shopping: ProblemFamily {
  static let name = "shopping"
  static let levels = 1...5

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let who = Person.some(1, &draws)[0]
    let money = draws.pick(["dollars", "euros", "coins", "pounds", "crowns", "pennies"])
    let items = draws.pick(3, of: Goods.sold)
    // The steps of a level go into several of one thing, further things, a discount and the change.
    var steps = draft.level
    let asksChange = steps > 1 ? !draws.onceIn(3) : draws.onceIn(3)
    if asksChange { steps -= 1 }
    var bought: [String] = []
    var prices: [String] = []
    var costs: [(what: String, term: Term)] = []
    var place = 0
    // The first thing takes 0 steps alone or 1 when there are several; a further one takes one more.
    repeat {
      let isFirst = place == 0
      let needed = isFirst ? 0 : 1
      let item = items[place]
      let canBeMany = steps >= needed + 1
      let mustBeMany = place == items.count - 1 && steps > needed
      if canBeMany, mustBeMany || !draws.onceIn(3) {
        let (count, price) = (
          draft.working.known(draft.few(&draws)), draft.working.known(draws.number(2...15))
        )
        costs.append((item.many, draft.working.times(count, price, item.many)))
        bought.append("\(count) \(item.many)")
        prices.append("\(item.one) costs \(price) \(money)")
        steps -= needed + 1
      } else {
        let price = draft.working.known(draws.number(2...40))
        costs.append((item.many, price))
        bought.append(item.one)
        prices.append("\(item.one) costs \(price) \(money)")
        steps -= needed
      }
      place += 1
    } while steps > 0 && place < items.count
    guard steps >= 0 else { return nil }
    var total = costs[0].term
    for (index, cost) in costs.enumerated().dropFirst() {
      total = draft.working.plus(total, cost.term, index == costs.count - 1 ? "total" : "together")
    }
    while steps > 0 {
      guard total.value > 6 else { return nil }
      let less = draft.working.known(draws.number(2...min(total.value - 3, 20)))
      total = draft.working.minus(total, less, "with the discount")
      prices.append(
        draws.say(
          "the whole gets \(less) \(money) cheaper", "there are \(less) \(money) off the total"))
      steps -= 1
      guard steps == 0 else { return nil }
    }
    tell(who, money, bought, prices, &draft, &draws)
    guard asksChange else {
      draft.sentences.append(
        draws.say(
          "How many \(money) does \(who.name) pay?", "How much does \(who.he) pay in \(money)?",
          "What is the total in \(money)?",
          "How many \(money) does \(who.name) spend?", "What does it cost altogether, in \(money)?",
          "How many \(money) does \(who.he) need?"))
      return total
    }
    // A round note, or a purse with some number in it.
    let notes = [10, 20, 50, 100, 200, 500].filter { $0 > total.value }
    guard let least = notes.first else { return nil }
    let given = draws.onceIn(2) ? least : total.value + draws.number(2...40)
    let note = draft.working.known(given)
    let change = draft.working.minus(note, total, "change")
    draft.sentences.append(
      draws.say(
        "\(who.name) pays with \(given) \(money). How many \(money) does \(who.he) get back?",
        "\(who.he) gives the seller \(given) \(money). How much change does \(who.he) get?",
        "\(who.he) has \(given) \(money). How many \(money) are left?",
        "\(who.name) had \(given) \(money) before. How many \(money) does \(who.he) have after paying?",
        "how much change is there from \(given) \(money)?"
      ).capitalizedFirst)
    return change
  }

  private static func tell(
    _ who: Person, _ money: String, _ bought: [String], _ prices: [String], _ draft: inout Draft,
    _ draws: inout Draws
  ) {
    let (name, shop) = (who.name, draws.pick(["shop", "market", "store", "fair", "stall", "corner shop"]))
    let list = joined(bought)
    let costs = joined(prices)
    switch draws.below(5) {
    case 0: draft.sentences += ["\(name) buys \(list).", "\(costs.capitalizedFirst)."]
    case 1: draft.sentences += ["At the \(shop), \(costs).", "\(name) buys \(list)."]
    case 2: draft.sentences += ["\(name) goes to the \(shop) for \(list).", "\(costs.capitalizedFirst)."]
    case 3: draft.sentences += ["\(costs.capitalizedFirst).", "\(name) takes \(list)."]
    default: draft.sentences += ["\(name) wants to buy \(list).", "At the \(shop), \(costs)."]
    }
  }

  /// `a, b and c`.
  private static func joined(_ parts: [String]) -> String {
    guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " and " + last
  }
}
