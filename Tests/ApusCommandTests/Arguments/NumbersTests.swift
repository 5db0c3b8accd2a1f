// Reading and writing of numbers.

import ApusBasics
import Testing

@testable import ApusCommand

@Suite struct NumbersTests {
  @Test(arguments: [
    (0.0, "0"), (1.0, "1"), (0.8, "0.8"), (-0.5, "-0.5"), (1e6, "1000000"), (1e-6, "1e-06"),
  ])
  func shortText(_ number: Double, _ text: String) {
    #expect(ApusBasics.shortText(number) == text)
  }

  @Test(arguments: [
    (3.14159, 2, "3.14"), (0.005, 2, "0.01"), (-0.004, 2, "0.00"), (-1.5, 0, "-2"), (2.0, 3, "2.000"),
    (0.05, 1, "0.1"), (99.95, 1, "100.0"), (1e20, 1, "1e+20"), (.infinity, 2, "inf"),
  ])
  func fixedDecimals(_ number: Double, _ digits: Int, _ text: String) {
    #expect(fixed(number, digits) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (1_474_560, "1.47 MB"), (9_994_000, "9.99 MB"),
    (9_996_000, "10.0 MB"), (99_960_000, "100 MB"), (999_600_000, "1.00 GB"), (Int.max, "9.22 EB"),
  ])
  func sizes(_ bytes: Int, _ text: String) {
    #expect(sizeText(bytes) == text)
  }

  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
  func counts(_ count: Int, _ text: String) {
    #expect(countText(count) == text)
  }

  @Test(arguments: [(0.0, "0:00"), (7.4, "0:07"), (751, "12:31"), (3723, "1:02:03"), (.infinity, "-:--")])
  func clocks(_ seconds: Double, _ text: String) {
    #expect(clockText(seconds) == text)
  }
}
