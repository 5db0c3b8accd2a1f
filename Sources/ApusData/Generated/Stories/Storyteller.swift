// Tells one story: binds names and words as they come up, makes choices, and writes the text. What there is to tell is in
// Plots and Lexicon.swift.

/// One story on its way to the page.
struct Storyteller {
  private var draws: Draws
  private let lexicon: Lexicon
  /// `child` or `animal`: where a word differs, it is looked up under this too.
  private let kind: String
  private var bound: [String: [UInt8]] = [:]
  private var output: [UInt8] = []

  init(_ draws: Draws, _ lexicon: Lexicon, _ cast: StoryCast) {
    self.draws = draws
    self.lexicon = lexicon
    kind = cast == .child ? "child" : "animal"
    output.reserveCapacity(1500)
    bindCast(cast)
  }

  /// The whole story: how all begin, the plot's beats, its ending as a last paragraph.
  mutating func tell(_ plot: StoryPlot) -> String {
    for beat in lexicon.openings(kind) { tell(beat) }
    paragraph()
    for beat in plot.beats.dropLast() { tell(beat) }
    paragraph()
    if let last = plot.beats.last { tell(last) }
    if draws.onceIn(2) { tell(lexicon.closings) }
    while output.last == UInt8(ascii: " ") { output.removeLast() }
    return String(decoding: output, as: UTF8.self)
  }

  /// What somebody says who wants to hear the story that was told.
  mutating func request(_ plot: StoryPlot) -> String {
    output.removeAll(keepingCapacity: true)
    let begin = draws.say(
      "Tell me a", "Tell me a short", "Please tell me a", "Write a", "Write a short", "I would like a")
    let subject = draws.say(
      "", "", " about \(plot.name)", " about \(plot.name)", " about {a kind}", " about {a kind} named {hero}",
      " about {hero} the {kind}")
    expand(Array("\(begin) story\(subject).".utf8)[...])
    return String(decoding: output, as: UTF8.self)
  }

  private mutating func tell(_ beat: [[UInt8]]) {
    expand(draws.pick(beat)[...])
    if output.last != UInt8(ascii: " ") { output.append(UInt8(ascii: " ")) }
  }

  private mutating func paragraph() {
    while output.last == UInt8(ascii: " ") { output.removeLast() }
    output += [UInt8(ascii: "\n"), UInt8(ascii: "\n")]
  }

  private mutating func bindCast(_ cast: StoryCast) {
    let isAnimal = cast != .child
    let people = isAnimal ? draws.pick(3, of: Lexicon.animalNames) : Person.some(3, &draws)
    for (prefix, role, person) in [
      ("", "hero", people[0]), ("f", "friend", people[1]), ("g", "third", people[2]),
    ] {
      bind(role, person.name)
      bind(prefix + "he", person.he)
      bind(prefix + "him", person.him)
      bind(prefix + "his", person.his)
      bind(prefix + "himself", person.himself)
      if !isAnimal { bind(prefix + "kind", person.isFemale ? "girl" : "boy") }
    }
    if isAnimal {
      let species = draws.pick(3, of: lexicon.words["species"] ?? [])
      for (prefix, animal) in zip(["", "f", "g"], species) { bound[prefix + "kind"] = animal }
      if cast == .smallAnimal { bound["kind"] = draws.pick(lexicon.words["small species"] ?? []) }
    }
    // A friend at the first mention: a species tells who an animal is, a child is somebody's friend.
    let friend = people[1].name
    let pals = [
      "\(people[0].his) friend \(friend)", "\(friend) from next door", "\(people[0].his) cousin \(friend)",
    ]
    bind(
      "pal",
      isAnimal ? "\(friend) the \(String(decoding: bound["fkind"] ?? [], as: UTF8.self))" : draws.pick(pals))
    // Weather that its season can have.
    let season = draws.pick(["spring", "summer", "autumn", "winter"])
    bind("season", season)
    bound["weather"] = draws.pick(lexicon.words["\(season) weather"] ?? [])
    let elder = draws.pick(Lexicon.elders)
    bind("elder", "\(people[0].his) \(elder.name)")
    bind("eldercall", elder.call)
    bind("ehe", elder.isFemale ? "she" : "he")
    bind("ehim", elder.isFemale ? "her" : "him")
    bind("ehis", elder.isFemale ? "her" : "his")
  }

  private mutating func bind(_ slot: String, _ text: String) { bound[slot] = Array(text.utf8) }

  /// Writes a template.
  private mutating func expand(_ template: ArraySlice<UInt8>) {
    var rest = template
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "{"):
        let name = rest.prefix { $0 != UInt8(ascii: "}") }
        rest = rest.dropFirst(name.count + 1)
        fill(String(decoding: name, as: UTF8.self))
      case UInt8(ascii: "["):
        let (choices, end) = Self.choices(rest)
        rest = rest[end...]
        expand(draws.pick(choices))
      case UInt8(ascii: " ") where output.last == byte || output.last == UInt8(ascii: "\n"):
        // An empty choice leaves two spaces.
        continue
      default:
        output.append(byte)
      }
    }
  }

  /// The choices up to the bracket that closes them, and where the text goes on.
  private static func choices(_ text: ArraySlice<UInt8>) -> ([ArraySlice<UInt8>], Int) {
    var choices: [ArraySlice<UInt8>] = []
    var depth = 0
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]") where depth > 0: depth -= 1
      case UInt8(ascii: "|") where depth == 0:
        choices.append(text[start..<index])
        start = index + 1
      case UInt8(ascii: "]"):
        choices.append(text[start..<index])
        return (choices, index + 1)
      default: break
      }
    }
    preconditionFailure("a choice is not closed: \(String(decoding: text, as: UTF8.self))")
  }

  /// Writes the word or phrase of a slot.
  private mutating func fill(_ slot: String) {
    var name = slot
    let isCapital = name.first?.isUppercase == true
    if isCapital { name = name.lowercased() }
    let hasArticle = name.hasPrefix("a ")
    if hasArticle { name.removeFirst(2) }
    let start = output.count
    if let phrase = lexicon.phrases[name] {
      expand(draws.pick(phrase)[...])
    } else {
      let word = word(name)
      if hasArticle {
        let isVowel = word.first.map { "aeiou".utf8.contains($0) } ?? false
        output += Array((isVowel ? "an " : "a ").utf8)
      }
      output += word
    }
    if isCapital, start < output.count, output[start] >= 97, output[start] <= 122 { output[start] -= 32 }
  }

  /// The word of a slot, the same throughout the story, and another than those of its kind so far.
  private mutating func word(_ slot: String) -> [UInt8] {
    if let word = bound[slot] { return word }
    var category = slot
    while category.last?.isNumber == true { category.removeLast() }
    guard let words = lexicon.words[category] ?? lexicon.words["\(kind) \(category)"] else {
      preconditionFailure("a script asks for {\(slot)}, which is not in the lexicon")
    }
    let taken = [category, category + "2", category + "3"].compactMap { bound[$0] }
    var word = draws.pick(words)
    while taken.contains(word) { word = draws.pick(words) }
    if word.contains(UInt8(ascii: "{")) || word.contains(UInt8(ascii: "[")) {
      let start = output.count
      expand(word[...])
      word = Array(output[start...])
      output.removeSubrange(start...)
    }
    bound[slot] = word
    return word
  }
}
