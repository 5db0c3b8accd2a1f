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
          "\(name) \(has) \(groups.value) \(goods.holders) with \(each.value) \(things) in each.",
          "There \(now("are", "were")) \(each.value) \(things) in each of \(name)'s \(groups.value) "
            + "\(goods.holders).",
          "\(name) \(now("keeps", "kept")) \(his) \(things) in \(groups.value) \(goods.holders), "
            + "\(each.value) in each.",
          "\(name) \(now("fills", "filled")) \(groups.value) \(goods.holders) with \(each.value) "
            + "\(things) each."
        ))
    } else {
      count = draft.working.known(draft.amount(&draws))
      draft.sentences.append(
        draws.say(
          "\(name) \(has) \(count.value) \(things).",
          "\(name) \(has) a \(goods.holder) with \(count.value) \(things) in it.",
          "There \(now("are", "were")) \(count.value) \(things) in \(name)'s \(goods.holder).",
          "\(name) \(now("starts", "started")) with \(count.value) \(things).",
          "\(name) \(now("collects", "collected")) \(things) and \(has) \(count.value) of them.",
          "In the morning \(name) \(has) \(count.value) \(things).",
          "\(name) \(now("keeps", "kept")) \(count.value) \(things) at home."))
    }
    while steps > 0 {
      let result = steps == 1 ? "\(things) \(now("now", "in the end"))" : label
      let kind = draws.below(8)
      if kind < 3 {
        let more = draft.working.known(draft.amount(&draws))
        count = draft.working.plus(count, more, result)
        draft.sentences.append(
          draws.say(
            "\(he) \(now("gets", "got")) \(more.value) more.",
            "then \(he) \(now("finds", "found")) \(more.value) more.",
            "a friend \(now("gives", "gave")) \(who.him) \(more.value) \(things).",
            "\(his) aunt \(now("brings", "brought")) \(more.value) more.",
            "after that, \(he) \(now("buys", "bought")) \(more.value) \(things).",
            "\(his) grandfather \(now("sends", "sent")) \(who.him) another \(more.value).",
            "\(name) \(now("adds", "added")) \(more.value) \(things).",
            "later \(he) \(now("picks", "picked")) up \(more.value) more \(things).",
            "the next day \(he) \(now("gets", "got")) \(more.value) new \(things)."
          ).capitalizedFirst)
      } else if kind < 6 {
        guard count.value > 3 else { return nil }
        let fewer = draft.working.known(draws.number(2...min(count.value - 1, 80)))
        count = draft.working.minus(count, fewer, result)
        draft.sentences.append(
          draws.say(
            "\(he) \(now("gives", "gave")) \(fewer.value) of them away.",
            "then \(he) \(now("loses", "lost")) \(fewer.value).",
            "\(he) \(now("sells", "sold")) \(fewer.value) \(things) at a fair.",
            "\(his) sister \(now("takes", "took")) \(fewer.value) of them.",
            "after that, \(he) \(now("hands", "handed")) \(fewer.value) \(things) to a friend.",
            "\(name) \(now("leaves", "left")) \(fewer.value) of them at school.",
            "\(he) \(now("puts", "put")) \(fewer.value) aside for \(his) brother, who "
              + "\(now("takes", "took")) them away.",
            "later \(fewer.value) of the \(things) \(now("get", "got")) lost.",
            "\(he) \(now("swaps", "swapped")) \(fewer.value) of them for a toy."
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
            "\(he) \(now("gets", "got")) \(groups.value) \(goods.holders) with \(each.value) "
              + "\(things) in each.",
            "then \(he) \(now("buys", "bought")) \(groups.value) \(goods.holders) of \(each.value) "
              + "\(things) each.",
            "\(groups.value) friends \(now("give", "gave")) \(who.him) \(each.value) \(things) each.",
            "for \(groups.value) days, \(he) \(now("finds", "found")) \(each.value) \(things) a day."
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
        "There are \(count.value) \(things) \(place).",
        "\(place.capitalizedFirst) there are \(count.value) \(things).",
        "At first, \(count.value) \(things) are \(place).",
        "In the morning there are \(count.value) \(things) \(place)."))
    for step in 1...draft.level {
      let label = step == draft.level ? "\(things) at the end" : "\(things)"
      if draws.onceIn(2) || count.value < 6 {
        let more = draft.working.known(draft.amount(&draws))
        count = draft.working.plus(count, more, label)
        draft.sentences.append(
          isAlive
            ? draws.say(
              "Then \(more.value) more arrive.", "\(more.value) more \(things) come.",
              "After a while \(more.value) \(things) join them.",
              "Soon there are \(more.value) more.", "At noon \(more.value) \(things) come along.")
            : draws.say(
              "Then \(more.value) more are brought.", "\(more.value) more \(things) come in.",
              "Somebody adds \(more.value) \(things).",
              "The next day \(more.value) more arrive.", "At noon \(more.value) new \(things) come."))
      } else {
        let fewer = draft.working.known(draws.number(2...min(count.value - 2, 80)))
        count = draft.working.minus(count, fewer, label)
        draft.sentences.append(
          isAlive
            ? draws.say(
              "Then \(fewer.value) leave.", "\(fewer.value) of them go away.",
              "After a while \(fewer.value) \(things) leave.",
              "Later \(fewer.value) go home.", "In the evening \(fewer.value) of the \(things) leave.")
            : draws.say(
              "Then \(fewer.value) are taken away.", "\(fewer.value) of them are sold.",
              "Somebody takes \(fewer.value) \(things).",
              "Later \(fewer.value) are given away.",
              "In the evening \(fewer.value) of the \(things) are gone."))
      }
    }
    draft.sentences.append(
      draws.say(
        "How many \(things) are \(place) now?", "How many \(things) are there at the end?",
        "How many \(things) are left \(place)?", "What is the number of \(things) \(place) then?"))
    return count
  }
}
