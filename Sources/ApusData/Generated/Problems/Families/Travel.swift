// Distances and times: legs of a way, speed by hours, minutes that add up, and how much is left.

enum Travel: ProblemFamily {
  static let name = "travel"
  static let levels = 1...5

  static func write(_ draft: inout Draft, _ draws: inout Draws) -> Term? {
    let who = Person.some(1, &draws)[0]
    let isTime = draws.onceIn(3)
    let unit = isTime ? "minutes" : draws.pick(["kilometres", "miles"])
    var steps = draft.level
    // Division asks for the time from a distance and a speed, at the end of everything.
    if !isTime, steps == 1, draws.onceIn(3) { return duration(who, unit, &draft, &draws) }
    let asksRest = steps > 1 && draws.onceIn(2)
    if asksRest { steps -= 1 }
    var total: Term?
    while steps > 0 || total == nil {
      let cost = total == nil ? 0 : 1
      let leg: Term
      if steps > cost, !draws.onceIn(3) || steps == 1 && cost == 0 && draws.onceIn(2) {
        let (count, each) = (
          draft.working.known(draft.few(&draws)), draft.working.known(draws.number(2...(isTime ? 15 : 30)))
        )
        leg = draft.working.times(count, each, isTime ? "\(unit) for this" : "\(unit) on this leg")
        draft.sentences.append(
          isTime
            ? work(who, count.value, each.value, total == nil, &draws)
            : ride(who, count.value, each.value, unit, total == nil, &draws))
        steps -= cost + 1
      } else {
        guard steps >= cost else { return nil }
        leg = draft.working.known(draws.number(2...60))
        draft.sentences.append(
          isTime
            ? spend(who, leg.value, total == nil, &draws) : walk(who, leg.value, unit, total == nil, &draws))
        steps -= cost
      }
      total = total.map { draft.working.plus($0, leg, "\(unit) so far") } ?? leg
      guard steps >= 0, draft.sentences.count < 6 else { return nil }
    }
    guard let total else { return nil }
    guard asksRest else {
      draft.sentences.append(
        isTime
          ? draws.say(
            "How many minutes is that altogether?", "How many minutes does it take in all?",
            "How long is \(who.name) busy, in minutes?")
          : draws.say(
            "How many \(unit) is that altogether?", "How many \(unit) does \(who.name) travel in all?",
            "How long is the whole way in \(unit)?", "How far does \(who.he) go, in \(unit)?"))
      return total
    }
    let whole = draft.working.known(total.value + draws.number(2...60))
    draft.sentences.append(
      isTime
        ? draws.say(
          "\(who.name) has \(whole) minutes. How many minutes are left?",
          "There are \(whole) minutes until supper. How many minutes does \(who.he) have left?",
          "The bus leaves \(whole) minutes after \(who.name) started. How many minutes does "
            + "\(who.he) still have?"
        )
        : draws.say(
          "The whole way is \(whole) \(unit). How many \(unit) are left?",
          "\(who.name) has \(whole) \(unit) to go in all. How many \(unit) are still to go?",
          "The town \(who.he) wants to reach is \(whole) \(unit) from the start. How many \(unit) remain?"
        ))
    return draft.working.minus(whole, total, "\(unit) left")
  }

  private static func duration(_ who: Person, _ unit: String, _ draft: inout Draft, _ draws: inout Draws)
    -> Term
  {
    let speed = draft.working.known(draws.number(2...10))
    let way = draft.working.known(speed.value * draws.number(2...10))
    draft.sentences.append(
      draws.say(
        "\(who.name) walks \(speed) \(unit) an hour. How many hours does \(who.he) need for \(way) \(unit)?",
        "A boat makes \(speed) \(unit) an hour. \(who.name) wants to go \(way) \(unit). How many "
          + "hours does it take?",
        "\(who.name) has to go \(way) \(unit), at \(speed) \(unit) an hour. How many hours is that?",
        "The way to \(who.name)'s aunt is \(way) \(unit). A cart goes \(speed) \(unit) an hour. How "
          + "many hours does the cart need?"
      ))
    return draft.working.over(way, speed, "hours")
  }

  private static func ride(
    _ who: Person, _ hours: Int, _ speed: Int, _ unit: String, _ isFirst: Bool, _ draws: inout Draws
  ) -> String {
    let (name, he) = isFirst ? (who.name, who.he) : (who.he, who.he)
    let way = draws.pick(["rides", "cycles", "sails", "drives", "travels", "goes by train", "goes by boat"])
    return draws.say(
      "\(name) \(way) for \(hours) hours at \(speed) \(unit) an hour.",
      "\(isFirst ? "" : "then ")for \(hours) hours \(name) \(way), at \(speed) \(unit) an hour.",
      "\(name) \(way) \(speed) \(unit) a day, for \(hours) days.",
      "\(isFirst ? "" : "after that, ")\(name) \(way) \(speed) \(unit) each hour, and \(he) does "
        + "that for \(hours) hours."
    ).capitalizedFirst
  }

  private static func walk(_ who: Person, _ far: Int, _ unit: String, _ isFirst: Bool, _ draws: inout Draws)
    -> String
  {
    let name = isFirst ? who.name : who.he
    let way = draws.pick(["walks", "runs", "hikes", "rides a pony", "takes a bus", "skates", "goes by tram"])
    let goal = draws.pick([
      "to the lake", "to the next village", "to the bridge", "to a farm", "to the station", "to the old mill",
      "to the sea",
      "to a castle", "to the market", "to a friend's house", "to the harbour",
    ])
    let path = draws.pick([
      "through the forest", "along the river", "over the hill", "through the fields", "along the coast",
    ])
    return draws.say(
      "\(name) \(way) \(far) \(unit) \(goal).",
      "\(isFirst ? "" : "then ")\(name) \(way) \(goal), which is \(far) \(unit).",
      "\(isFirst ? "first" : "next") \(name) \(way) \(goal), \(far) \(unit) away.",
      "\(name) \(way) \(far) \(unit) \(path).",
      "\(isFirst ? "first" : "after that,") \(name) \(way) \(path) for \(far) \(unit)."
    ).capitalizedFirst
  }

  private static func work(_ who: Person, _ count: Int, _ each: Int, _ isFirst: Bool, _ draws: inout Draws)
    -> String
  {
    let name = isFirst ? who.name : who.he
    let task = draws.pick([
      ("solves", "puzzles"), ("washes", "plates"), ("reads", "pages"), ("feeds", "animals"),
      ("swims", "laps"), ("draws", "pictures"), ("writes", "letters"), ("bakes", "cakes"),
      ("waters", "beds of flowers"), ("paints", "chairs"), ("repairs", "bikes"), ("plays", "songs"),
    ])
    return draws.say(
      "\(name) \(task.0) \(count) \(task.1), and each takes \(each) minutes.",
      "\(isFirst ? "" : "then ")\(name) \(task.0) \(count) \(task.1), \(each) minutes for each.",
      "\(name) needs \(each) minutes for each of the \(count) \(task.1) \(who.he) \(task.0)."
    ).capitalizedFirst
  }

  private static func spend(_ who: Person, _ minutes: Int, _ isFirst: Bool, _ draws: inout Draws) -> String {
    let name = isFirst ? who.name : who.he
    let task = draws.pick([
      "walks the dog", "tidies the room", "eats breakfast", "practises the piano", "waits for a friend",
      "plays outside", "rests", "sweeps the floor", "rides the bus", "talks to a neighbour", "cooks soup",
      "reads a book",
    ])
    return draws.say(
      "\(name) \(task) for \(minutes) minutes.",
      "\(isFirst ? "first" : "then") \(name) \(task), which takes \(minutes) minutes.",
      "\(isFirst ? "" : "after that, ")\(name) \(task) for \(minutes) minutes."
    ).capitalizedFirst
  }
}
