// Schedules against transformers and PyTorch (Tests/Fixtures/optimizers.py), and what they refuse.

import Testing

@testable import ApusTraining

@Suite struct ScheduleTests {
  /// A name in the fixture and the schedule it stands for: peak 0.5, 100 steps, 10 of them warm-up, decay over 30.
  static let cases: [(String, Schedule)] = [
    ("constant", Schedule(.constant, peak: 0.5, steps: 100, warmup: 10)),
    ("linear", Schedule(.linear, peak: 0.5, steps: 100, warmup: 10)),
    ("cosine", Schedule(.cosine, peak: 0.5, steps: 100, warmup: 10)),
    ("cosine to a minimum", Schedule(.cosine, peak: 0.5, steps: 100, warmup: 10, minimum: 0.05)),
    ("cosine without warm-up", Schedule(.cosine, peak: 0.5, steps: 100, minimum: 0.05)),
    (
      "stable, then linear",
      Schedule(
        .warmupStableDecay(decaySteps: 30, decay: .linear), peak: 0.5, steps: 100, warmup: 10, minimum: 0.05)
    ),
    (
      "stable, then cosine",
      Schedule(
        .warmupStableDecay(decaySteps: 30, decay: .cosine), peak: 0.5, steps: 100, warmup: 10, minimum: 0.05)
    ),
    (
      "stable, then 1-sqrt",
      Schedule(
        .warmupStableDecay(decaySteps: 30, decay: .squareRoot), peak: 0.5, steps: 100, warmup: 10,
        minimum: 0.05)
    ),
    ("inverse square root", Schedule(.inverseSquareRoot, peak: 0.5, steps: 100, warmup: 10)),
  ]

  @Test("no case of the fixture is forgotten")
  func complete() {
    let names = LearningFixture.value["schedules"]?.array?.compactMap { $0["name"]?.string }
    #expect(names == Self.cases.map(\.0))
  }

  @Test(arguments: cases.indices)
  func ratesOfEveryStep(_ index: Int) throws {
    let (name, schedule) = Self.cases[index]
    try schedule.validate()
    let rates = try #require(LearningFixture.entry("schedules", name)["rates"]?.array).compactMap(\.double)
    #expect(rates.count == 100)
    for (step, rate) in rates.enumerated() {
      // There a warm-up with a minimum begins at the minimum; here every warm-up begins at 0.
      if case .warmupStableDecay = schedule.shape, step < schedule.warmup { continue }
      // A few roundings in double; torch's own cosine is a recurrence over the steps.
      #expect(abs(schedule.rate(at: step) - rate) < 1e-14, "\(name), step \(step)")
    }
  }

  @Test(arguments: cases.indices)
  func endsAndStays(_ index: Int) {
    let (name, schedule) = Self.cases[index]
    switch schedule.shape {
    case .constant: #expect(schedule.rate(at: 5000) == 0.5)
    case .inverseSquareRoot: #expect(schedule.rate(at: 100_000) < schedule.rate(at: 5000))
    default:
      #expect(abs(schedule.rate(at: 100) - schedule.minimum) < 1e-15, "\(name)")
      #expect(schedule.rate(at: 5000) == schedule.rate(at: 100), "\(name)")
    }
    #expect(schedule.rate(at: schedule.warmup) == 0.5, "\(name)")
  }

  @Test func inverseSquareRootHasAFloor() {
    let schedule = Schedule(.inverseSquareRoot, peak: 1, steps: 10, warmup: 4, minimum: 0.25)
    #expect(schedule.rate(at: 16) == 0.5)
    #expect(schedule.rate(at: 1000) == 0.25)
    #expect(Schedule(.inverseSquareRoot, peak: 1, steps: 10).rate(at: 30_000) == 0.5)
  }

  /// A run may end before its warm-up does.
  @Test func nothingButWarmup() throws {
    let schedule = Schedule(.warmupStableDecay(decaySteps: 0, decay: .linear), peak: 1, steps: 4, warmup: 4)
    try schedule.validate()
    #expect((0...4).map(schedule.rate) == [0, 0.25, 0.5, 0.75, 1])
  }

  @Test func refused() {
    func message(_ schedule: Schedule) -> String {
      do {
        try schedule.validate()
        return "accepted"
      } catch {
        return error.description
      }
    }
    #expect(
      message(Schedule(.cosine, peak: 1, steps: 10, warmup: 11))
        == "warm-up steps is 11; expected 0 to the 10 steps of the run")
    #expect(
      message(Schedule(.warmupStableDecay(decaySteps: 9, decay: .linear), peak: 1, steps: 10, warmup: 2))
        == "decay steps is 9; expected 0 to the 8 steps after the warm-up")
    #expect(
      message(Schedule(.linear, peak: 1, steps: 10, minimum: 2))
        == "minimum learning rate is 2.0; expected a number from 0 to the learning rate 1.0")
    #expect(message(Schedule(.linear, peak: .nan, steps: 10)).hasPrefix("learning rate is nan"))
    #expect(message(Schedule(.linear, peak: -1, steps: 10)).hasPrefix("learning rate is -1.0"))
    #expect(message(Schedule(.linear, peak: 1, steps: 0)) == "steps is 0; expected at least 1")
    #expect(message(Schedule(.linear, peak: 1, steps: 1, warmup: 1)) == "accepted")
  }
}
