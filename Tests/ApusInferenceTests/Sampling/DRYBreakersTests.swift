// How texts become sequences of tokens that break a repetition.

@testable import ApusInference
import Testing

@Suite struct DRYBreakersTests {
  static let vocabulary = ["a", "b", "\n", "a\n", "\nb", "x\ny", "ab", "abc", "cab", "bab", "n"]

  private func breakers(_ texts: [String]) -> DRYBreakers {
    let pieces = Self.vocabulary.map { Array($0.utf8) }
    return DRYBreakers(
      texts, vocabularySize: pieces.count, bytes: { pieces[Int($0)] },
      tokenise: { text in
        // One token for each byte that is a piece.
        text.map { byte in Int32(pieces.firstIndex(of: [byte]) ?? 0) }
      })
  }

  private func history(_ tokens: [Int32]) -> TokenHistory {
    var history = TokenHistory(capacity: 16)
    for token in tokens { history.push(token) }
    return history
  }

  @Test func aTokenThatContainsTheTextBreaks() {
    let breakers = breakers(["\n"])
    for token in 0..<Int32(Self.vocabulary.count) {
      #expect(breakers.isBreaker(token) == Self.vocabulary[Int(token)].contains("\n"))
    }
    #expect(breakers.distance(in: history([0, 1, 3, 0, 1])) == 2)
    #expect(breakers.distance(in: history([0, 1, 2])) == 0)
    #expect(breakers.distance(in: history([0, 1, 0])) == 3)
  }

  @Test func aTextMaySpanTokens() {
    // "ab" lies in "ab", "abc", "cab", "bab"; "a" is the head of ["a", "b"].
    let breakers = breakers(["ab"])
    #expect((0..<Int32(11)).filter(breakers.isBreaker) == [6, 7, 8, 9])
    #expect(breakers.distance(in: history([0, 1, 2, 2])) == 2)
    #expect(breakers.distance(in: history([0, 0, 2, 2])) == 4)
    #expect(breakers.distance(in: history([0])) == 1, "an unfinished one does not break")
  }

  @Test func noneAndEmpty() {
    #expect(breakers([]).distance(in: history([1, 2, 3])) == 3)
    #expect(breakers([""]).distance(in: history([1, 2, 3])) == 3)
    #expect(DRYBreakers([[], [7]]).distance(in: history([7, 2, 3])) == 2)
  }

  @Test func theLongestOfSeveralCounts() {
    let breakers = DRYBreakers([[1], [1, 2], [1, 2, 3, 4]])
    #expect(breakers.distance(in: history([1, 2, 3])) == 1)
    #expect(breakers.distance(in: history([1, 2, 3, 4])) == 0)
    #expect(breakers.distance(in: history([1, 5, 3, 4])) == 3)
  }
}
