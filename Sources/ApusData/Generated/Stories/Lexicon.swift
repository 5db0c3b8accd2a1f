// The words and phrases that all plots share: names, kinds of things, how stories begin and end.

/// Words by kind, and phrases.
struct Lexicon: Sendable {
  /// Words that stay the same for a story, by kind.
  let words: [String: [[UInt8]]]
  /// Phrases that are chosen anew every time.
  let phrases: [String: [[UInt8]]]
  /// How a story ends after its plot has.
  let closings: [[UInt8]]
  private let childOpenings: [[[UInt8]]]
  private let animalOpenings: [[[UInt8]]]

  init() {
    words = Self.table(Self.wordScript, separator: ",")
    phrases = Self.table(Self.phraseScript, separator: ";")
    childOpenings = StoryPlot.beats(Self.childOpeningScript)
    animalOpenings = StoryPlot.beats(Self.animalOpeningScript)
    closings = StoryPlot.beats(Self.closingScript)[0]
  }

  /// The beats with which stories of children or animals begin.
  func openings(_ kind: String) -> [[[UInt8]]] { kind == "child" ? childOpenings : animalOpenings }

  /// A table of lines `name: one, two, three`, which go on over indented lines.
  private static func table(_ script: String, separator: Character) -> [String: [[UInt8]]] {
    var table: [String: [[UInt8]]] = [:]
    for line in script.replacing("\n  ", with: " ").split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let items = line[line.index(after: colon)...].split(separator: separator)
      table[String(line[..<colon])] = items.map { item in
        Array(item.split(separator: " ").joined(separator: " ").utf8)
      }
    }
    return table
  }

  /// Grown-ups, what a child calls them, and whether they are women.
  static let elders: [(name: String, call: String, isFemale: Bool)] = [
    ("mother", "Mum", true), ("father", "Dad", false),
    ("grandmother", "Grandma", true), ("grandfather", "Grandpa", false), ("aunt", "Auntie", true),
    ("uncle", "Uncle", false),
  ]

  /// Names of animals that talk.
  static let animalNames: [Person] =
    [
      "Pippa", "Dot", "Bramble", "Clover", "Daisy", "Hazel", "Honey", "Willow", "Poppy", "Olive", "Berry",
      "Misty", "Maple",
      "Pepper", "Snowdrop", "Tilly", "Peach", "Minnie", "Nutmeg", "Rosebud", "Dilly", "Mabel", "Fern",
      "Juniper", "Saffron",
      "Penny", "Biscuit", "Lottie", "Coco", "Tansy",
    ].map { Person(name: $0, isFemale: true) }
    + [
      "Pip", "Barnaby", "Bobbin", "Bruno", "Buster", "Chip", "Fidget", "Fuzzy", "Hamish", "Hopper", "Jasper",
      "Mossy",
      "Monty", "Nibble", "Oakley", "Patch", "Percy", "Rollo", "Rusty", "Scamp", "Scruff", "Sooty", "Thimble",
      "Toffee",
      "Tumble", "Waldo", "Whistle", "Wilbur", "Ziggy", "Button",
    ].map { Person(name: $0, isFemale: false) }
}
