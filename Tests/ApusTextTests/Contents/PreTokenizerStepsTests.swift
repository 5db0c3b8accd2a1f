// The table of pre-tokenizers against the splitters of both formats.

import Testing

@testable import ApusText

@Suite struct PreTokenizerStepsTests {
  @Test("both formats cut words with the same splitters", arguments: PreTokenizerSteps.all.map(\.name))
  func splitters(_ name: String) throws {
    let line = try #require(PreTokenizerSteps.named(name))
    #expect(line.splitters.count == line.steps.count)
    let chain = line.splitters.dropFirst().reduce(line.splitters[0]) { SplitterChain(first: $0, second: $1) }
    let named = try PreTokenizer.named(name)
    // Splitters are values: what they do follows from their fields.
    #expect(String(reflecting: named.splitter) == String(reflecting: chain))
    #expect(named.ignoreMerges == line.ignoresMerges)
    #expect(!named.plainPieces)
  }

  @Test("the steps of a line give a name with the same steps")
  func names() {
    for line in PreTokenizerSteps.all {
      let name = PreTokenizerSteps.name(line.steps, ignoresMerges: line.ignoresMerges)
      #expect(name.flatMap(PreTokenizerSteps.named)?.steps == line.steps)
    }
    #expect(PreTokenizerSteps.name(["llama3"], ignoresMerges: false) == "dbrx")
    #expect(PreTokenizerSteps.name(["cl100k with whole numbers"], ignoresMerges: false) == nil)
  }
}
