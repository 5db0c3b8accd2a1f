// Advantages and losses of values: by hand, and against the definitions in NumPy and PyTorch (Tests/Fixtures/scores.py).

import ApusBasics
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

@Suite struct AdvantageTests {
  private let fixture: JSONValue

  init() throws {
    fixture = try JSONValue(parsing: #require(readFile(Fixtures.path("scores/values.json"))))
  }

  private func numbers(_ json: JSONValue, _ key: String) -> [Double] { json[key]!.array!.map { $0.double! } }

  @Test("advantages are those of the definition")
  func definition() throws {
    for entry in fixture["advantages"]!.array! {
      let advantages = Advantages.generalized(
        rewards: numbers(entry, "rewards"), values: numbers(entry, "values"), gamma: entry["gamma"]!.double!,
        lambda: entry["lambda"]!.double!)
      for (found, expected) in zip(advantages, numbers(entry, "advantages")) {
        #expect(abs(found - expected) <= 1e-12 * max(1, abs(expected)), "\(found), not \(expected)")
      }
    }
  }

  /// rewards 0, 0, 1; values ½, ¼, ½; γ = ½, λ = ½.
  /// δ = 0 + ⅛ − ½ = −⅜; 0 + ¼ − ¼ = 0; 1 − ½ = ½. A₂ = ½, A₁ = 0 + ¼ · ½ = ⅛, A₀ = −⅜ + ¼ · ⅛ = −11/32.
  @Test("advantages by hand")
  func byHand() {
    let found = Advantages.generalized(
      rewards: [0, 0, 1], values: [0.5, 0.25, 0.5], gamma: 0.5, lambda: 0.5)
    #expect(found == [-11.0 / 32, 0.125, 0.5])
    // Cut off before a state of value 2: δ₂ = 1 + 1 − ½.
    let cut = Advantages.generalized(
      rewards: [0, 0, 1], values: [0.5, 0.25, 0.5], gamma: 0.5, lambda: 0, next: 2)
    #expect(cut == [-0.375, 0, 1.5])
    #expect(Advantages.generalized(rewards: [], values: [], gamma: 1, lambda: 1).isEmpty)
  }

  @Test("the score is paid at the end, divergence on the way")
  func rewards() {
    #expect(Advantages.rewards(score: 3, divergence: [1, -2, 0.5], beta: 0.5) == [-0.5, 1, 2.75])
    #expect(Advantages.rewards(score: 3, divergence: [.infinity, 1], beta: 0) == [0, 3])
    #expect(Advantages.rewards(score: 3, divergence: [], beta: 1).isEmpty)
  }

  @Test("normalised advantages have mean 0 and variance 1 over all tokens")
  func normalized() {
    var answers = [[1.0, 2, 3], [], [6, -2]]
    Advantages.normalize(&answers)
    let all = answers.joined()
    #expect(abs(all.reduce(0, +)) < 1e-12)
    #expect(abs(all.reduce(0) { $0 + $1 * $1 } / 4 - 1) < 1e-8)
    #expect(answers[1].isEmpty && answers[0][0] < answers[0][1])
    var kept = [[1.0, 2, 3], [6, -2]]
    Advantages.normalize(&kept, keepsMean: true)
    #expect(abs(kept.joined().reduce(0, +) / 5 - 2) < 1e-12)
    var same = [[0.7, 0.7]]
    Advantages.normalize(&same)
    #expect(same[0].allSatisfy { abs($0) < 1e-6 })
    var one = [[5.0]]
    Advantages.normalize(&one)
    #expect(one == [[0]])
  }

  @Test("losses of values and their derivatives are PyTorch's")
  func valueLosses() throws {
    var clipped = 0
    for entry in fixture["losses"]!.array! {
      let (v, old, target) = (entry["value"]!.double!, entry["old"]!.double!, entry["target"]!.double!)
      let clip = entry["clip"]!.double
      let found = ValueLoss.value(v, old: old, target: target, clip: clip)
      #expect(abs(found.loss - entry["loss"]!.double!) <= 1e-12, "\(entry)")
      #expect(abs(found.slopes - entry["derivative"]!.double!) <= 1e-12, "\(entry)")
      let isClipped = ValueLoss.isClipped(v, old: old, target: target, clip: clip)
      #expect(isClipped == (found.slopes == 0))
      clipped += isClipped ? 1 : 0
    }
    #expect(clipped > 5)
  }
}
