// The live view: what it says, in any width, on a terminal and in a file.

import ApusBasics
import ApusTraining
import Testing

@testable import ApusCommand

private func stepRecord(_ loss: Double) -> StepRecord {
  StepRecord(
    loss: loss, learningRate: 6e-4, gradientNorm: 0.75, tokens: 40_960, tokensPerSecond: 12_345.6,
    peakShare: 0.614,
    memory: 1_230_000_000)
}

private func state(steps: Int) -> LiveState {
  var state = LiveState(totalSteps: 5000, memoryLimit: 2_000_000_000)
  for step in 0..<steps {
    state.record(
      RunEvent(step: 10 * (step + 1), .step(stepRecord(8 - Double(step))), time: 100 + 5 * Double(step)))
  }
  return state
}

struct LiveViewTests {
  @Test func text() {
    var state = state(steps: 8)
    state.record(RunEvent(step: 80, .evaluation(EvaluationRecord(loss: 3.51, bitsPerByte: 1.25)), time: 200))
    #expect(
      LiveView.text(for: state, width: 100) == [
        "step 80 of 5,000  [                                        ]  1 %  ETA 41:00",
        "loss 1.0000  rate 0.0006  gradient 0.750  validation 3.5100 (1.250 bits/byte)",
        "12,346 tokens/s  61 % of peak  memory 1.23 GB of 2.00 GB",
        "█▇▆▅▄▃▂▁",
      ])
    #expect(
      LiveView.plainLine(for: state)
        == "step 80/5000  loss 1.0000  rate 0.0006  gradient 0.750  12,346 tokens/s  61 % of peak"
        + "  memory 1.23 GB of 2.00 GB  ETA 41:00")
  }

  /// Evaluations do not count as steps: the time to the end is told by steps alone.
  @Test func pauses() {
    var state = state(steps: 3)
    state.record(RunEvent(step: 30, .evaluation(EvaluationRecord(loss: 3)), time: 10_000))
    state.record(RunEvent(step: 40, .step(stepRecord(2)), time: 10_005))
    #expect(state.secondsPerStep == 0.5)
  }

  @Test(arguments: 0...130)
  func width(_ width: Int) {
    for steps in [0, 1, 8] {
      for line in LiveView.text(for: state(steps: steps), width: width) {
        #expect(line.count <= max(10, width - 1))
      }
    }
  }

  @Test func beforeAnything() {
    #expect(LiveView.text(for: LiveState(totalSteps: 10), width: 60).count == 1)
    #expect(LiveView.text(for: LiveState(totalSteps: 0), width: 60)[0].contains("100 %"))
    #expect(LiveView.plainLine(for: LiveState(totalSteps: 10)) == "step 0/10")
  }

  @Test func strangeFigures() {
    var state = LiveState(totalSteps: 10)
    let record = StepRecord(
      loss: .nan, learningRate: 0, gradientNorm: .infinity, tokens: 0, tokensPerSecond: .infinity)
    state.record(RunEvent(step: 1, .step(record), time: 0))
    #expect(LiveView.text(for: state, width: 80)[1] == "loss nan  rate 0.0  gradient inf")
    #expect(LiveView.text(for: state, width: 80).count == 3)
  }

  @Test func sparklines() {
    #expect(sparkline([], columns: 10) == "")
    #expect(sparkline([1, 1, 1], columns: 10) == "▁▁▁")
    #expect(sparkline([0, 1, .nan, 2, 3], columns: 2) == "▁█")
    #expect(sparkline((0..<100).map(Double.init), columns: 8) == "▁▂▃▄▅▆▇█")
  }

  /// On a terminal the figures are drawn over; in a file each record is a line.
  @Test func drawing() throws {
    for isTerminal in [true, false] {
      let output = OutputChannel(inMemory: isTerminal)
      let console = Console(
        input: InputChannel(inMemory: []), output: output, errors: OutputChannel(inMemory: false),
        environment: [:],
        width: 80)
      var view = LiveView(console, totalSteps: 100, memoryLimit: nil)
      try view.show(RunEvent(step: 1, .step(stepRecord(3)), time: 1))
      try view.show(RunEvent(step: 1, .note("odd \u{1B}[2J thing"), time: 2))
      try view.show(RunEvent(step: 2, .step(stepRecord(2)), time: 3))
      view.finish()
      let lines = output.text.split(separator: "\n")
      if isTerminal {
        #expect(lines.count == 3 + 1 + 3 + 4)
        #expect(output.text.contains("\u{1B}[3A\r\u{1B}[Jstep 1: odd [2J thing\nstep 1 of 100"))
      } else {
        #expect(lines.map { $0.prefix(11) } == ["step 1/100 ", "step 1: odd", "step 2/100 "])
        #expect(!output.text.contains("\u{1B}[J"))
      }
    }
  }
}
