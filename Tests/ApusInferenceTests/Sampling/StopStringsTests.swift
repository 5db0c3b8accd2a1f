// Stop strings in streamed text, against a search in the whole text.

import ApusInference
import ApusTestSupport
import Testing

@Suite struct StopStringsTests {
  /// Feeds `text` in chunks; gives what came out and the stop found.
  private func run(_ stops: [String], _ text: String, chunk: Int) throws -> (String, Int?) {
    var matcher = try StopStrings(stops)
    var output: [UInt8] = []
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let end = min(start + chunk, bytes.count)
      if let stop = matcher.push(bytes[start..<end], into: &output) {
        return (String(decoding: output, as: UTF8.self), stop)
      }
      start = end
    }
    matcher.finish(into: &output)
    return (String(decoding: output, as: UTF8.self), nil)
  }

  @Test(arguments: [1, 2, 3, 5, 1000])
  func findsWhatEndsFirst(_ chunk: Int) throws {
    #expect(try run(["</s>"], "hello </s> world", chunk: chunk) == ("hello ", 0))
    #expect(try run(["</s>"], "hello </s", chunk: chunk) == ("hello </s", nil))
    #expect(try run(["</s>"], "a << </s>", chunk: chunk) == ("a << ", 0))
    #expect(try run(["aab"], "aaab", chunk: chunk) == ("a", 0))
    #expect(try run(["abab c", "bab"], "xababab c", chunk: chunk) == ("xa", 1))
    #expect(try run(["b", "ab"], "xab", chunk: chunk) == ("x", 1), "the longest of those that end together")
    #expect(try run(["ab", "b"], "xab", chunk: chunk) == ("x", 0))
    #expect(try run(["abcd", "bc"], "abc", chunk: chunk) == ("a", 1))
    #expect(try run(["bc", "xxabcyy", "abc"], "xxabc", chunk: chunk) == ("xx", 2))
    #expect(try run([], "anything", chunk: chunk) == ("anything", nil))
    #expect(try run(["é"], "èêé!", chunk: chunk) == ("èê", 0))
    #expect(try run(["x"], "", chunk: chunk) == ("", nil))
  }

  /// Small alphabet, so that strings overlap themselves and each other in every way.
  @Test(arguments: 0..<300)
  func agreesWithASearch(_ seed: Int) throws {
    var generator = Generator(state: UInt64(seed))
    func random(_ length: Int) -> String {
      String((0..<length).map { _ in Bool.random(using: &generator) ? "a" : "b" })
    }
    let stops = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
      random(Int.random(in: 2...6, using: &generator))
    }
    let text = random(60)
    let bytes = Array(text.utf8)
    var expected = (text, Int?.none)
    search: for end in 1...bytes.count {
      let matches = stops.indices.filter { bytes[..<end].reversed().starts(with: stops[$0].utf8.reversed()) }
      if let stop = matches.max(by: { (stops[$0].utf8.count, $1) < (stops[$1].utf8.count, $0) }) {
        expected = (String(text.prefix(end - stops[stop].utf8.count)), stop)
        break search
      }
    }
    for chunk in [1, 4, 60] {
      #expect(try run(stops, text, chunk: chunk) == expected, "\(stops) in \(text), seed \(seed)")
    }
  }

  /// What is out is never part of a stop string, and nothing is held that could not become one.
  @Test func holdsBackNoMoreThanNeeded() throws {
    var matcher = try StopStrings(["abcd", "cde"])
    var output: [UInt8] = []
    var lengths: [Int] = []
    for byte in "xabcxabcdcd".utf8 {
      let stop = matcher.push(CollectionOfOne(byte), into: &output)
      lengths.append(output.count)
      if stop != nil { break }
    }
    #expect(lengths == [1, 1, 1, 1, 5, 5, 5, 5, 5])
    #expect(matcher.push("more".utf8, into: &output) == 0, "it stays stopped")
    matcher.finish(into: &output)
    #expect(output == Array("xabcx".utf8))
    matcher.reset()
    #expect(matcher.push("more".utf8, into: &output) == nil)
    #expect(output == Array("xabcxmore".utf8))
  }

  @Test func limits() throws {
    #expect(throws: StopStringError.empty(index: 1)) { try StopStrings(["a", ""]) }
    #expect(throws: StopStringError.tooMany(count: 17, limit: 16)) {
      try StopStrings(Array(repeating: "a", count: 17))
    }
    #expect(throws: StopStringError.tooLong(index: 0, bytes: 257, limit: 256)) {
      try StopStrings([String(repeating: "a", count: 257)])
    }
    let longest = (0..<16).map { String(repeating: "z", count: 255) + String($0, radix: 16) }
    let (output, stop) = try run(longest, "b" + String(repeating: "z", count: 300) + "7", chunk: 3)
    #expect(stop == 7)
    #expect(output == "b" + String(repeating: "z", count: 45))
    #expect(StopStringError.empty(index: 1).description == "stop string 2 is empty")
  }

  @Test(.enabled(if: allocationsAreCounted, allocationsSkipReason))
  func allocatesNothing() throws {
    var matcher = try StopStrings(["abcabc", "aab", "\nUser:"])
    var output: [UInt8] = []
    output.reserveCapacity(100_000)
    let text = Array("ababcabaxbcab\nUseabcab".utf8)
    let allocations = countAllocations {
      for _ in 0..<1000 {
        text.withUnsafeBytes { bytes in _ = matcher.push(bytes, into: &output) }
        matcher.finish(into: &output)
      }
    }
    #expect(allocations == 0)
    #expect(output.count == 1000 * text.count)
  }
}
