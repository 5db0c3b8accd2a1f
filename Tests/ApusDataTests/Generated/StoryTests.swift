// What stories promise: none twice, few sentences often, a child's vocabulary, the right length, every slot filled.

import Testing

@testable import ApusData

@Suite struct StoryTests {
  @Test func storiesDoNotRepeat() {
    let generator = StoryGenerator(seed: 1)
    let count = 2000 * thoroughness
    var stories: Set<String> = []
    var sentences: [String: Int] = [:]
    var words: Set<Substring> = []
    for number in 0..<count {
      let story = generator.story(number)
      #expect(stories.insert(story).inserted, "seed 1, \(number) is told twice")
      for sentence in Self.sentences(story) { sentences[sentence, default: 0] += 1 }
      for word in story.lowercased().split(whereSeparator: { !$0.isLetter }) { words.insert(word) }
    }
    let all = sentences.values.reduce(0, +)
    // Of a tenth of the stories, a tenth of 20 would be chance.
    let limit = thoroughness == 10 ? 20 : 5
    let often = sentences.values.filter { $0 > limit }.reduce(0, +)
    #expect(
      Double(often) < 0.05 * Double(all),
      "\(often) of \(all) sentences are told more than \(limit) times"
    )
    #expect((1500...3000).contains(words.count), "\(words.count) words")
  }

  @Test func lengthsAreRight() {
    let generator = StoryGenerator(seed: 2)
    for number in 0..<200 {
      let words = generator.story(number).split { $0 == " " || $0 == "\n" }.count
      #expect(StoryGenerator.lengths.contains(words), "seed 2, \(number) has \(words) words")
    }
  }

  /// Every way to tell every beat, with nothing left open and no mark doubled.
  @Test(arguments: StoryPlot.all.map(\.name)) func everyScriptIsTold(name: String) throws {
    let plot = try #require(StoryPlot.all.first { $0.name == name })
    let lexicon = Lexicon()
    #expect(plot.beats.count >= 5)
    for number in 0..<40 {
      let cast: StoryCast = plot.cast == .anyone ? (number % 2 == 0 ? .animal : .child) : plot.cast
      var teller = Storyteller(Draws("script", seed: 1, number: number), lexicon, cast)
      let story = teller.tell(plot)
      #expect(!story.contains { "{}[]|".contains($0) }, "\(story)")
      #expect(
        !story.contains("  ") && !story.contains(" .") && !story.contains(" ,") && !story.contains(".."),
        "\(story)")
      for wrong in [" a a", " a e", " a i", " a o", " an b", " an c", " an s", " an t"] {
        #expect(!story.contains(wrong), "\(wrong): \(story)")
      }
      #expect(story.filter { $0 == "\"" }.count % 2 == 0, "\(story)")
      #expect(story.split(separator: "\n\n").count == 3, "\(story)")
      for sentence in Self.sentences(story) {
        let first = sentence.first { $0 != "\"" }
        #expect(first?.isUppercase == true, "\(sentence) | \(story)")
      }
    }
  }

  /// Requests ask for what is told: a name or a kind in them is in the story, and no slot is left open.
  @Test func requestsAskForTheStory() {
    let generator = StoryGenerator(seed: 3)
    var requests: Set<String> = []
    for number in 0..<300 {
      let (request, story) = generator.requestedStory(number)
      #expect(story == generator.story(number))
      requests.insert(request)
      #expect(
        !request.contains { "{}[]|".contains($0) } && request.hasSuffix(".") && !request.contains("  "),
        "\(request)")
      for wrong in [" a a", " a e", " a i", " a o", " a u", " an b"] {
        #expect(!request.contains(wrong), "\(request)")
      }
      let names = request.dropFirst().split(whereSeparator: { !$0.isLetter }).filter { $0.first!.isUppercase }
      #expect(names.allSatisfy { story.contains($0) }, "\(request) | \(story)")
    }
    #expect(requests.count > 100)
  }

  @Test func aNumberIsAStoryWhateverWasAskedBefore() {
    let forwards = (0..<50).map { StoryGenerator(seed: 5).story($0) }
    let backwards = (0..<50).reversed().map { StoryGenerator(seed: 5).story($0) }
    #expect(forwards == backwards.reversed())
    #expect(forwards != (0..<50).map { StoryGenerator(seed: 6).story($0) })
  }

  /// The sentences of a story: what ends with a mark before a space and a capital. `Mrs.` ends none.
  static func sentences(_ story: String) -> [String] {
    let text = Array(
      story.replacing("\n\n", with: " ").replacing("Mr. ", with: "Mr_").replacing("Mrs. ", with: "Mrs_"))
    var sentences: [String] = []
    var start = 0
    for index in text.indices where text[index] == " " && index + 1 < text.count {
      let isQuoted = index > 1 && text[index - 1] == "\""
      let mark = text[index - (isQuoted ? 2 : 1)]
      let next = text[index + 1] == "\"" && index + 2 < text.count ? text[index + 2] : text[index + 1]
      guard ".!?".contains(mark), next.isUppercase else { continue }
      sentences.append(String(text[start..<index]))
      start = index + 1
    }
    return sentences + [String(text[start...])]
  }
}
