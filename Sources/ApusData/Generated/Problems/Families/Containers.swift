// Something is added and removed: a place or a person's collection, told as it happens.

enum Containers: ProblemFamily {
  static let name = "containers"
  static let levels = 1...5

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    draws.onceIn(2) ? collection(&draft, &draws) : place(&draft, &draws)
  }

  /// What somebody keeps.
  private static func collection(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let goods = draws.pick(Goods.all)
    let things = goods.many
    let who = Person.some(1, &draws)[0]
    let (name, he, his) = (who.name, who.he, who.his)
    let isPast = draws.onceIn(2)
    func now(_ present: String, _ past: String) -> String { isPast ? past : present }
    let has = now("has", "had")
    let label = draws.onceIn(2) ? things : "\(name)'s \(things)"
    var steps = draft.level
    var count: Term
    if steps > 1, draws.onceIn(2) {
      let (groups, each) = (draft.working.known(draft.few(&draws)), draft.working.known(draws.number(2...12)))
      count = draft.working.times(groups, each, "\(things) at first")
      steps -= 1
      draft.sentences.append(
        draws.say(
          "\(name) \(has) \(groups) \(goods.holders) with \(each) \(things) in each.",
          "There \(now("are", "were")) \(each) \(things) in each of \(name)'s \(groups) \(goods.holders).",
          "\(name) \(now("keeps", "kept")) \(his) \(things) in \(groups) \(goods.holders), \(each) in each.",
          "\(name) \(now("fills", "filled")) \(groups) \(goods.holders) with \(each) \(things) each."
        ))
    } else {
      count = draft.working.known(draft.amount(&draws))
      draft.sentences.append(
        draws.say(
          "\(name) \(has) \(count) \(things).",
          "\(name) \(has) a \(goods.holder) with \(count) \(things) in it.",
          "There \(now("are", "were")) \(count) \(things) in \(name)'s \(goods.holder).",
          "\(name) \(now("starts", "started")) with \(count) \(things).",
          "\(name) \(now("collects", "collected")) \(things) and \(has) \(count) of them.",
          "In the morning \(name) \(has) \(count) \(things).",
          "\(name) \(now("keeps", "kept")) \(count) \(things) at home."))
    }
    while steps > 0 {
      let result = steps == 1 ? "\(things) \(now("now", "in the end"))" : label
      let kind = draws.below(8)
      if kind < 3 {
        let more = draft.working.known(draft.amount(&draws))
        count = draft.working.plus(count, more, result)
        draft.sentences.append(
          draws.say(
            "\(he) \(now("gets", "got")) \(more) more.",
            "then \(he) \(now("finds", "found")) \(more) more.",
            "a friend \(now("gives", "gave")) \(who.him) \(more) \(things).",
            "\(his) aunt \(now("brings", "brought")) \(more) more.",
            "after that, \(he) \(now("buys", "bought")) \(more) \(things).",
            "\(his) grandfather \(now("sends", "sent")) \(who.him) another \(more).",
            "\(name) \(now("adds", "added")) \(more) \(things).",
            "later \(he) \(now("picks", "picked")) up \(more) more \(things).",
            "the next day \(he) \(now("gets", "got")) \(more) new \(things)."
          ).capitalizedFirst)
      } else if kind < 6 {
        guard count.value > 3 else { return nil }
        let fewer = draft.working.known(draws.number(2...min(count.value - 1, 80)))
        count = draft.working.minus(count, fewer, result)
        draft.sentences.append(
          draws.say(
            "\(he) \(now("gives", "gave")) \(fewer) of them away.",
            "then \(he) \(now("loses", "lost")) \(fewer).",
            "\(he) \(now("sells", "sold")) \(fewer) \(things) at a fair.",
            "\(his) sister \(now("takes", "took")) \(fewer) of them.",
            "after that, \(he) \(now("hands", "handed")) \(fewer) \(things) to a friend.",
            "\(name) \(now("leaves", "left")) \(fewer) of them at school.",
            "\(he) \(now("puts", "put")) \(fewer) aside for \(his) brother, who "
              + "\(now("takes", "took")) them away.",
            "later \(fewer) of the \(things) \(now("get", "got")) lost.",
            "\(he) \(now("swaps", "swapped")) \(fewer) of them for a toy."
          ).capitalizedFirst)
      } else if kind == 6, count.value % 2 == 0, count.value < 200 {
        let two = draft.working.known(2)
        count = draft.working.over(count, two, result)
        draft.sentences.append(
          draws.say(
            "\(he) \(now("gives", "gave")) half of \(his) \(things) to a friend.",
            "then \(he) \(now("sells", "sold")) half of them.",
            "\(name) \(now("keeps", "kept")) half of them and \(now("gives", "gave")) the other half away."
          ).capitalizedFirst)
      } else if steps > 1 {
        let (groups, each) = (
          draft.working.known(draft.few(&draws)), draft.working.known(draws.number(2...10))
        )
        let added = draft.working.times(groups, each, "new \(things)")
        count = draft.working.plus(count, added, steps == 2 ? "\(things) \(now("now", "in the end"))" : label)
        steps -= 1
        draft.sentences.append(
          draws.say(
            "\(he) \(now("gets", "got")) \(groups) \(goods.holders) with \(each) \(things) in each.",
            "then \(he) \(now("buys", "bought")) \(groups) \(goods.holders) of \(each) \(things) each.",
            "\(groups) friends \(now("give", "gave")) \(who.him) \(each) \(things) each.",
            "for \(groups) days, \(he) \(now("finds", "found")) \(each) \(things) a day."
          ).capitalizedFirst)
      } else {
        continue
      }
      steps -= 1
    }
    draft.sentences.append(
      draws.say(
        "How many \(things) \(now("does \(name) have now", "did \(name) have in the end"))?",
        "How many \(things) \(now("are", "were")) there \(now("now", "in the end"))?",
        "How many \(things) \(now("does \(he) have", "did \(he) have at the end"))?",
        "What \(now("is", "was")) the number of \(things) that \(name) \(has) \(now("at the end", "then"))?",
        "Find out how many \(things) \(name) \(now("has now", "had after that"))."))
    return count
  }

  /// What is in a place.
  private static func place(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let store = draws.pick(Store.all)
    let (place, isAlive) = (store.place, store.isAlive)
    let things = draws.pick(store.goods)
    var count = draft.working.known(draft.amount(&draws))
    draft.sentences.append(
      draws.say(
        "There are \(count) \(things) \(place).",
        "\(place.capitalizedFirst) there are \(count) \(things).",
        "At first, \(count) \(things) are \(place).",
        "In the morning there are \(count) \(things) \(place)."))
    for step in 1...draft.level {
      let label = step == draft.level ? "\(things) at the end" : "\(things)"
      if draws.onceIn(2) || count.value < 6 {
        let more = draft.working.known(draft.amount(&draws))
        count = draft.working.plus(count, more, label)
        draft.sentences.append(
          isAlive
            ? draws.say(
              "Then \(more) more arrive.", "\(more) more \(things) come.",
              "After a while \(more) \(things) join them.",
              "Soon there are \(more) more.", "At noon \(more) \(things) come along.")
            : draws.say(
              "Then \(more) more are brought.", "\(more) more \(things) come in.",
              "Somebody adds \(more) \(things).",
              "The next day \(more) more arrive.", "At noon \(more) new \(things) come."))
      } else {
        let fewer = draft.working.known(draws.number(2...min(count.value - 2, 80)))
        count = draft.working.minus(count, fewer, label)
        draft.sentences.append(
          isAlive
            ? draws.say(
              "Then \(fewer) leave.", "\(fewer) of them go away.",
              "After a while \(fewer) \(things) leave.",
              "Later \(fewer) go home.", "In the evening \(fewer) of the \(things) leave.")
            : draws.say(
              "Then \(fewer) are taken away.", "\(fewer) of them are sold.",
              "Somebody takes \(fewer) \(things).",
              "Later \(fewer) are given away.",
              "In the evening \(fewer) of the \(things) are gone."))
      }
    }
    draft.sentences.append(
      draws.say(
        "How many \(things) are \(place) now?", "How many \(things) are there at the end?",
        "How many \(things) are left \(place)?", "What is the number of \(things) \(place) then?"))
    return count
  }
}
