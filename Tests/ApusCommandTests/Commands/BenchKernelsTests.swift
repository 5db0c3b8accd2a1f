// `apus bench kernels`: every line parses and holds a positive rate; names that are none are refused with the list.

import Foundation
import Testing

@testable import ApusCommand

@Suite struct BenchKernelsTests {
  @Test func rowsAsJSON() throws {
    let ending = runApplication([
      "bench", "kernels", "--only", "rows", "--seconds", "0.001", "-t", "1", "--json",
    ])
    #expect(ending.code == 0)
    let lines = ending.output.split(separator: "\n")
    #expect(lines.count > 10)
    for line in lines {
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      #expect((object["rate"] as? Double ?? 0) > 0, "\(line)")
      #expect(object["kernel"] is String && object["cpu"] is String && object["shape"] is [String: Any])
    }
  }

  @Test func oneTypeOfProducts() throws {
    let ending = runApplication([
      "bench", "kernels", "--only", "gemm", "--type", "q4_0", "--seconds", "0.001", "-t", "2",
    ])
    #expect(ending.code == 0)
    #expect(ending.output.contains("512×8192×2048") && ending.output.contains(" %"))
    #expect(!ending.output.contains("Q8_0"))
  }

  @Test func unknownNames() {
    for words in [["--only", "gem"], ["--type", "Q9"]] {
      let ending = runApplication(["bench", "kernels"] + words)
      #expect(ending.code == 2 && ending.errors.contains("known are"))
    }
    #expect(runApplication(["bench", "kernels", "--help"]).output.contains("apus bench kernels"))
  }
}
