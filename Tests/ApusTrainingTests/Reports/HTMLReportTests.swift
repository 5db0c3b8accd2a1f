// The report: whole, self-contained, and safe with whatever stands in samples and names.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct HTMLReportTests {
  private static func page(_ events: [RunEvent]) -> String {
    var report = HTMLReport()
    for event in events { report.record(event) }
    return report.html
  }

  @Test func isWhole() {
    let page = Self.page(sampleEvents())
    #expect(unbalancedHTML(page) == nil)
    #expect(unbalancedHTML("<p><b></p>") != nil)
    for part in [
      "<td>70,000 of 300</td>", "step 300: 3.50", "&lt;upon&gt; a time", "Ape &amp; Co", "a&lt;b&gt;.txt",
      "slow &quot;disk&quot;", "all steps are done", "saved step-000010", "prefers-color-scheme:dark",
      "<td>62.5 %</td>",
      "<td>1.50 GB</td>", "<td>3.5000 at step 300</td>",
    ] {
      #expect(page.contains(part), "\(part)")
    }
  }

  /// Nothing is fetched and nothing is run.
  @Test func needsNothing() {
    let page = Self.page(sampleEvents())
    for word in ["http:", "https:", "<script", "<link", "url(", "@import", "src="] {
      #expect(!page.contains(word), "\(word)")
    }
  }

  @Test func beforeAnything() {
    let page = Self.page([])
    #expect(unbalancedHTML(page) == nil)
    #expect(page.contains("nothing yet"))
  }

  /// Figures that are no numbers, and one point only.
  @Test func strangeFigures() {
    let record = StepRecord(
      loss: .nan, learningRate: 0, gradientNorm: .infinity, tokens: 1, tokensPerSecond: .infinity)
    let page = Self.page([
      RunEvent(step: 1, .step(record), time: 0),
      RunEvent(step: 1, .evaluation(EvaluationRecord(loss: .nan)), time: 0),
      RunEvent(step: 2, .sample(prompt: "\u{1B}[31m", text: "</pre><script>alert(1)</script>\u{0}"), time: 1),
    ])
    #expect(unbalancedHTML(page) == nil)
    #expect(!page.contains("<script") && !page.contains("\u{1B}") && !page.contains("\u{0}"))
    #expect(
      !page.contains("nan\"") && !page.contains("inf\"") && !page.contains(",nan") && !page.contains(",inf"))
  }

  /// Lists end somewhere, with the newest.
  @Test func manySamples() {
    let events = (1...200).map { RunEvent(step: $0, .sample(prompt: "", text: "text \($0)."), time: 1) }
    let page = Self.page(events)
    #expect(page.contains("text 200.") && page.contains("text 151.") && !page.contains("text 150."))
  }

  @Test(arguments: [
    (0.0, 1.0, [0, 0.5, 1]), (2.9, 10.4, [2, 4, 6, 8, 10, 12]), (0, 5000, [0, 2000, 4000, 6000]),
    (3, 3, [1, 2, 3, 4, 5]), (0, 6e-4, [0, 2e-4, 4e-4, 6e-4]), (-1, 1, [-1, -0.5, 0, 0.5, 1]),
  ])
  func ticks(_ low: Double, _ high: Double, _ expected: [Double]) {
    let ticks = axisTicks(low, high)
    #expect(
      ticks.count == expected.count && zip(ticks, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(ticks)")
  }

  /// Ticks span the range, and there are few, whatever the range.
  @Test func ticksOfAnyRange() {
    for exponent in stride(from: -12.0, through: 60, by: 0.37) {
      let scale = pow(10, exponent)
      for (low, high) in [(0.0, scale), (scale, scale), (0.99 * scale, scale), (-scale, 3 * scale)] {
        let ticks = axisTicks(low, high)
        #expect((3...9).contains(ticks.count), "\(low) \(high)")
        #expect(ticks[0] <= low && ticks[ticks.count - 1] >= high * (1 - 1e-12), "\(low) \(high) \(ticks)")
      }
    }
  }
}
