// The page of a profile: whole, self-contained, every operation on it, and safe with any name. How it looks is tested in
// a browser by dev/test-report.sh.

import ApusBasics
import ApusTestSupport
import Testing

@testable import ApusProfile

@Suite struct ProfilePageTests {
  /// The page without its two scripts, and the number of them.
  private static func markup(_ page: String) -> (text: String, scripts: Int) {
    var (text, scripts) = ("", 0)
    var rest = page[...]
    while let start = rest.firstRange(of: "<script") {
      text += rest[..<start.lowerBound]
      scripts += 1
      guard let end = rest[start.upperBound...].firstRange(of: "</script>") else { return (text, -1) }
      rest = rest[end.upperBound...]
    }
    return (text + rest, scripts)
  }

  private static func count(_ part: String, in text: String) -> Int { text.ranges(of: part).count }

  @Test func isWhole() {
    let page = Audit(smallProfile).html
    let (text, scripts) = Self.markup(page)
    #expect(scripts == 2)
    #expect(unbalancedHTML(text) == nil)
    #expect(Self.count("<circle class=\"mark", in: text) == 4)
    #expect(Self.count("<circle class=\"mark k2 hollow", in: text) == 1)
    #expect(Self.count("<rect class=\"mark", in: text) == 4)
    for part in [
      "id=\"roofline\"", "id=\"treemap\"", "id=\"timeline\"", "id=\"memory\"", "id=\"audit\"",
      "<span>50.0 %</span>", "<td class=\"number\">1.33 ×</td>", "memory 10.0 GB/s", "int8 400 GFLOP/s",
      "f32, one thread 50.0 GFLOP/s", "most memory in use", "The machine was busy.",
      "prefers-color-scheme:dark", "kernel.perf_event_paranoid is 3",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains("Interrupted"))
  }

  @Test func fetchesNothing() {
    let page = Audit(modelProfile(seed: 1, layers: 3, threads: 4)).html
    for word in ["http:", "https:", "url(", "@import", "src=", "fetch(", "innerHTML", "eval("] {
      #expect(!page.contains(word), "\(word)")
    }
  }

  @Test func interruptedOnTop() throws {
    var stopped = smallProfile
    stopped.isInterrupted = true
    let page = Audit(stopped).html
    let alarm = try #require(page.firstRange(of: "role=\"alert\">\(Profile.interruptedText)"))
    let first = try #require(page.firstRange(of: "class=\"cards\""))
    #expect(alarm.lowerBound < first.lowerBound)
  }

  @Test(arguments: hostileNames) func hostile(_ name: String) throws {
    let page = Audit(hostileProfile(name)).html
    let (text, scripts) = Self.markup(page)
    #expect(scripts == 2)
    #expect(unbalancedHTML(text) == nil)
    #expect(Self.count("<circle class=\"mark", in: text) == 4)
    #expect(!text.contains("<img"))
    // An operation with absurd numbers does not push the machine's limits out of the picture.
    #expect(text.contains("memory 10.0 GB/s") && text.contains("int8 400 GFLOP/s"))
    #expect(Self.wrongNumbers(text) == [])
    let data = try #require(page.firstRange(of: "id=\"data\">"))
    let end = try #require(page[data.upperBound...].firstRange(of: "</script>"))
    let json = try JSONValue(parsing: String(page[data.upperBound..<end.lowerBound]))
    #expect(json["operations"]?.array?.count == 4)
    #expect(json["spans"]?.array?.count == 16)
  }

  /// Numbers that are none, and places or sizes below nothing; one may reach a mark by script alone (tabindex −1).
  private static func wrongNumbers(_ text: String) -> [String] {
    let words = text.utf8.split { !(0x30...0x39).contains($0) && !(0x61...0x7A).contains($0 | 0x20) }
    let signs = [
      " x=\"-", " y=\"-", "cx=\"-", "cy=\"-", " r=\"-", "width=\"-", "height=\"-", "width:-", "d=\"M-",
      "points=\"-",
    ]
    return words.filter { $0.count < 9 }.map { String($0)!.lowercased() }.filter {
      ["nan", "inf", "infinity"].contains($0)
    } + signs.filter { text.contains($0) }
  }

  /// Every figure of an operation and every limit may be nothing, tiny, huge or endless, together or alone.
  @Test(
    arguments: [0, .leastNonzeroMagnitude, 1e-9, 1, 1e300, 1.7e308, .infinity, .nan] as [Double],
    [true, false])
  func extremes(_ number: Double, alone: Bool) {
    for part in 0..<6 {
      var extreme = smallProfile
      for index in extreme.phases[0].operations.indices where !alone || index == 1 {
        if part == 0 || part == 4 { extreme.phases[0].operations[index].flops = number }
        if part == 1 || part == 4 { extreme.phases[0].operations[index].bytes = number }
      }
      if part == 2 || part == 4 { extreme.machine.all.readBytes = number }
      if part == 3 || part == 4 {
        extreme.machine.all.f32 = number
        if !alone { (extreme.machine.all.bf16, extreme.machine.all.int8) = (number, number) }
      }
      if part == 5 {
        extreme.machine.single = MachineLimits(f32: number, bf16: number, int8: nil, readBytes: number)
      }
      let (text, _) = Self.markup(Audit(extreme).html)
      #expect(Self.wrongNumbers(text) == [], "part \(part)")
      #expect(unbalancedHTML(text) == nil)
      #expect(Self.count("<circle class=\"mark", in: text) == 4)
    }
  }

  /// Times of nothing and of centuries.
  @Test(arguments: [0, 1, UInt64.max / 4]) func extremeTimes(_ time: UInt64) {
    var extreme = smallProfile
    for index in extreme.phases[0].operations.indices {
      extreme.phases[0].operations[index].busy = [time, time]
      extreme.phases[0].operations[index].wait = [0, time]
      extreme.phases[0].operations[index].single = time
    }
    extreme.phases[0].wall = time
    let (text, _) = Self.markup(Audit(extreme).html)
    #expect(Self.wrongNumbers(text) == [])
    #expect(unbalancedHTML(text) == nil)
  }

  @Test func nothingAtAll() {
    let (text, scripts) = Self.markup(Audit(emptyProfile).html)
    #expect(scripts == 2)
    #expect(unbalancedHTML(text) == nil)
    #expect(text.contains("Nothing was measured."))
  }

  /// Every operation is on the roofline within the picture, also those with nothing to place them by.
  @Test(arguments: 1...5 as ClosedRange<UInt64>) func allOperationsArePoints(_ seed: UInt64) {
    let sample = modelProfile(seed: seed, layers: 6, threads: 4, spans: 0)
    let page = Audit(sample).html
    #expect(
      Self.count("<circle class=\"mark", in: page) == sample.phases.reduce(0) { $0 + $1.operations.count })
  }
}

@Suite struct PagePictureTests {
  @Test(arguments: 1...50 as ClosedRange<UInt64>) func treemapFillsItsPlace(_ seed: UInt64) {
    var numbers = SampleNumbers(seed: seed)
    let sizes = (0..<numbers.next(below: 40) + 1).map { _ in numbers.next() * numbers.next() }.sorted(by: >)
    let whole = Rectangle(x: 3, y: 5, width: 10 + 500 * numbers.next(), height: 10 + 500 * numbers.next())
    let parts = squarified(sizes, in: whole)
    let total = sizes.reduce(0, +)
    #expect(parts.count == sizes.count)
    for (part, size) in zip(parts, sizes) {
      #expect(abs(part.area - size / total * whole.area) < 1e-6 * whole.area, "seed \(seed)")
      #expect(part.x >= whole.x - 1e-6 && part.x + part.width <= whole.x + whole.width + 1e-6, "seed \(seed)")
      #expect(
        part.y >= whole.y - 1e-6 && part.y + part.height <= whole.y + whole.height + 1e-6, "seed \(seed)")
    }
    for (index, a) in parts.enumerated() {
      for b in parts[..<index] {
        let width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        let height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        #expect(width < 1e-6 || height < 1e-6, "seed \(seed): parts overlap")
      }
    }
  }

  /// The example of the paper: 6, 6, 4, 3, 2, 2, 1 in 6 × 4.
  @Test func treemapOfThePaper() {
    let parts = squarified([6, 6, 4, 3, 2, 2, 1], in: Rectangle(x: 0, y: 0, width: 6, height: 4))
    #expect(parts[0] == Rectangle(x: 0, y: 0, width: 3, height: 2))
    #expect(parts[1] == Rectangle(x: 0, y: 2, width: 3, height: 2))
    #expect(abs(parts[2].width - 12.0 / 7) < 1e-12 && abs(parts[2].height - 7.0 / 3) < 1e-12)
  }

  @Test func treemapOfNothing() {
    let none = squarified([0, 0], in: Rectangle(x: 0, y: 0, width: 6, height: 4))
    #expect(none.count == 2 && none.allSatisfy { $0.area == 0 })
    #expect(squarified([1, 0], in: Rectangle(x: 0, y: 0, width: 6, height: 4))[1].area == 0)
  }

  @Test func logarithms() {
    let scale = LogScale([0.02, 300], decades: 9, from: 100, to: 0)
    #expect(scale.ticks == [0.01, 0.1, 1, 10, 100, 1000])
    #expect(scale.place(0.01) == 100)
    #expect(abs(scale.place(1) - 60) < 1e-9)
    #expect(scale.place(0) == 100)
    #expect(scale.place(.infinity) == 0)
    #expect(LogScale([1e-30, 1e3], decades: 4, from: 0, to: 1).ticks.count == 5)
    #expect(LogScale([], decades: 4, from: 0, to: 1).ticks.count == 2)
    #expect(LogScale([100], decades: 4, from: 0, to: 1).high == 100)
  }
}

@Suite struct ReportTextTests {
  @Test(
    arguments: [
      (0, "0 ns"), (812, "812 ns"), (3_410, "3.41 µs"), (34_100, "34.1 µs"), (341_000, "341 µs"),
      (3_410_000, "3.41 ms"), (12_340_000_000, "12.34 s"),
      (999_600_000, "1.00 s"), (99_960_000_000, "100.0 s"), (4_321_000_000_000, "4321.0 s"),
    ] as [(Double, String)])
  func durations(_ nanoseconds: Double, _ text: String) {
    #expect(durationText(nanoseconds) == text)
  }

  @Test(
    arguments: [(0, "0.00 "), (999.4, "999 "), (12_300, "12.3 k"), (4.2e11, "420 G")] as [(Double, String)])
  func rates(_ rate: Double, _ text: String) {
    #expect(rateText(rate) == text)
  }

  @Test(arguments: [(0, "0.0 %"), (0.431, "43.1 %"), (1, "100 %"), (12.3, "1230 %")] as [(Double, String)])
  func parts(_ part: Double, _ text: String) {
    #expect(percentText(part) == text)
  }
}
