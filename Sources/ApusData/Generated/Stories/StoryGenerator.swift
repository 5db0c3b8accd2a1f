// The generator of stories: a seed and a number make a story, without state and in any order.

/// Makes short stories for children from a seed: 80 to 250 words, in plain English.
///
/// ```swift
/// let stories = StoryGenerator(seed: 1)
/// print(stories.story(0))
/// ```
public struct StoryGenerator: Sendable {
  /// The words of a story, from the fewest to the most.
  public static let lengths = 80...250

  /// Stories of different seeds have nothing to do with each other.
  public let seed: UInt64

  private let lexicon = Lexicon()
  private let plots = StoryPlot.all

  /// A generator with a seed.
  public init(seed: UInt64) {
    self.seed = seed
  }

  /// Story `number`, always the same for a seed. Paragraphs are separated by an empty line.
  ///
  /// - Complexity: about a tenth of a millisecond, whatever the number.
  public func story(_ number: Int) -> String { requestedStory(number).story }

  /// Story `number`, and what somebody may have said to hear it.
  public func requestedStory(_ number: Int) -> (request: String, story: String) {
    precondition(number >= 0, "story \(number): numbers begin at 0")
    var attempt = 0
    while true {
      var draws = Draws("stories", seed: seed, number: number, attempt: attempt)
      attempt += 1
      let plot = draws.pick(plots)
      let cast: StoryCast = plot.cast == .anyone ? (draws.onceIn(3) ? .animal : .child) : plot.cast
      var teller = Storyteller(draws, lexicon, cast)
      let story = teller.tell(plot)
      let words = story.utf8.reduce(into: 1) { count, byte in
        if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") { count += 1 }
      }
      if Self.lengths.contains(words) { return (teller.request(plot), story) }
    }
  }
}
