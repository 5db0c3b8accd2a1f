// `apus bench overhead` from end to end on a tiny model.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct BenchOverheadTests {
  private let folder = ScratchDirectory()

  @Test func overhead() throws {
    let path = folder.file("tiny.gguf")
    #expect(runApplication(["tiny", path]).code == 0)
    let ending = runApplication([
      "bench", "overhead", path, "-t", "1", "-p", "4", "-d", "3", "--seconds", "0.05", "--json",
    ])
    // Whether it is too much is for longer measurements, of optimised builds.
    #expect(ending.code == 0 || ending.code == 3, "\(ending.errors)")
    let lines = ending.output.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("| tiny, random | tg1 @ d3 |") })
    #expect(lines.contains { $0.hasPrefix("| tiny, random | pp4") })
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(lines.last!.utf8)) as? [String: Any])
    let results = try #require(document["results"] as? [[String: Any]])
    #expect(results.map { $0["test"] as? String } == ["tg1 @ d3", "pp4"])
    for result in results {
      func value(_ name: String) -> Double { result[name] as? Double ?? .nan }
      #expect(value("low") <= value("overhead") && value("overhead") <= value("high"))
      #expect(value("steps") >= 32 && value("clockReads") > 0)
    }
  }

  @Test func tooLong() throws {
    let path = folder.file("tiny.gguf")
    #expect(runApplication(["tiny", path]).code == 0)
    let ending = runApplication(["bench", "overhead", path, "-t", "1", "-d", "512"])
    #expect(ending.code == 1 && ending.errors.contains("513 positions are wanted"), "\(ending.errors)")
  }
}
