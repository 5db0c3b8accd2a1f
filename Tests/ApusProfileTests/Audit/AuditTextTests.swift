// An audit in Markdown, letter by letter, and as JSON.

import ApusBasics
import Testing

@testable import ApusProfile

@Suite struct AuditTextTests {
  @Test func markdown() {
    #expect(AuditText(Audit(smallProfile)).markdown == Self.expected)
  }

  @Test func interruptedOnTop() {
    var stopped = smallProfile
    stopped.isInterrupted = true
    #expect(AuditText(Audit(stopped)).lines[2] == "> **\(Profile.interruptedText)**")
    #expect(Audit(stopped).json["interrupted"]?.bool == true)
    #expect(!AuditText(Audit(smallProfile)).markdown.contains("Interrupted"))
  }

  /// Every row of a table has the columns of its heading, and nothing becomes markup.
  @Test(arguments: hostileNames) func hostile(_ name: String) {
    var columns: Int?
    for line in AuditText(Audit(hostileProfile(name))).lines {
      #expect(!line.unicodeScalars.contains { $0.value < 32 || $0.value == 0x7F })
      guard line.hasPrefix("| ") else {
        columns = nil
        if !line.hasPrefix("    ") { #expect(!Self.hasTag(line), "\(line)") }
        continue
      }
      let bars = Self.bars(line)
      #expect(columns ?? bars == bars, "\(line)")
      columns = bars
    }
  }

  @Test func json() throws {
    let json = try JSONValue(parsing: Audit(smallProfile).json.serialized(pretty: true))
    let first = try #require(json["hotPaths"]?.array?.first)
    #expect(first["name"]?.string == "matmul Q4_K")
    #expect(first["bound"]?.string == "memory")
    #expect(first["share"]?.double == 0.5)
    #expect(first["roofline"]?.double == 0.5)
    #expect(json["phases"]?.array?.first?["tokensPerSecond"]?.double == 4000)
    #expect(json["allocations"]?.int == 0)
  }

  /// Bars that are not escaped.
  private static func bars(_ line: String) -> Int {
    var (count, isEscaped) = (0, false)
    for scalar in line.unicodeScalars {
      if scalar == "|", !isEscaped { count += 1 }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return count
  }

  private static func hasTag(_ line: String) -> Bool {
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if scalar == "<", !isEscaped { return true }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return false
  }

  private static let expected = """
    EXPECTED
    """ + "\n"
}
