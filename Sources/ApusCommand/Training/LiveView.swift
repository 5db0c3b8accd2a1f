// What `apus train` shows while it works: a few lines that are drawn over and over on a terminal, or else a line a record.

import ApusBasics
import ApusTraining

/// The state of a run as the view shows it.
struct LiveState {
  var step = 0
  var totalSteps: Int
  /// Bytes the run may take; nil when there is no limit.
  var memoryLimit: Int?
  var record: StepRecord?
  var evaluation: EvaluationRecord?
  var losses = ThinnedSeries()
  /// Seconds a step takes, the recent ones counting most.
  var secondsPerStep: Double?
  private var lastTime: Double?

  init(totalSteps: Int, memoryLimit: Int? = nil) {
    self.totalSteps = totalSteps
    self.memoryLimit = memoryLimit
  }

  /// Takes an event in.
  mutating func record(_ event: RunEvent) {
    defer {
      step = event.step
      // The next step is measured from here: evaluations and saving are not steps.
      lastTime = event.time
    }
    switch event.kind {
    case .start(let start): totalSteps = start.totalSteps
    case .evaluation(let evaluation): self.evaluation = evaluation
    case .step(let record):
      self.record = record
      losses.append(event.step, record.loss)
      guard let lastTime, event.step > step else { return }
      let seconds = (event.time - lastTime) / Double(event.step - step)
      secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
    case .sample, .checkpoint, .note, .end: break
    }
  }
}

/// Draws the state of a run.
struct LiveView {
  private let console: Console
  private var state: LiveState
  /// Lines on the screen that the next drawing goes over.
  private var drawnLines = 0

  init(_ console: Console, totalSteps: Int, memoryLimit: Int?) {
    self.console = console
    state = LiveState(totalSteps: totalSteps, memoryLimit: memoryLimit)
  }

  /// Shows an event. Samples, notes and checkpoints stay on the screen, above the figures.
  mutating func show(_ event: RunEvent) throws(CommandError) {
    state.record(event)
    if let remark = Self.remark(event) {
      try erase()
      try console.foreign(remark + "\n")
    }
    if console.output.isTerminal {
      let lines = Self.text(for: state, width: console.width)
      try console.write(Self.over(drawnLines) + lines.map { $0 + "\n" }.joined())
      drawnLines = lines.count
    } else if case .step = event.kind {
      try console.line(Self.plainLine(for: state))
    }
    try console.output.flush()
  }

  /// Leaves the last figures where they are.
  mutating func finish() {
    drawnLines = 0
  }

  private mutating func erase() throws(CommandError) {
    if drawnLines > 0 { try console.write(Self.over(drawnLines)) }
    drawnLines = 0
  }

  /// Moves to the first of the lines drawn and clears from there.
  private static func over(_ lines: Int) -> String { lines > 0 ? "\u{1B}[\(lines)A\r\u{1B}[J" : "" }

  /// The line that an event leaves behind, if it does.
  static func remark(_ event: RunEvent) -> String? {
    switch event.kind {
    case .start, .step: nil
    case .evaluation(let record):
      "step \(countText(event.step)): validation loss \(fixed(record.loss, 4))"
        + (record.bitsPerByte.map { ", \(fixed($0, 4)) bits per byte" } ?? "")
    case .sample(let prompt, let text): "step \(countText(event.step)): \(prompt)\(text)"
    case .checkpoint(let name): "step \(countText(event.step)): saved \(name)"
    case .note(let text), .end(let text): "step \(countText(event.step)): \(text)"
    }
  }

  /// The lines for a terminal of `width` columns, none of them wider than `width - 1`.
  static func text(for state: LiveState, width: Int) -> [String] {
    let room = max(10, width - 1)
    let share = state.totalSteps > 0 ? min(1, Double(state.step) / Double(state.totalSteps)) : 1
    let head = "step \(countText(state.step)) of \(countText(state.totalSteps))"
    let tail = "\(Int(share * 100)) %  ETA \(clockText(state.secondsLeft))"
    let barRoom = min(40, room - head.count - tail.count - 6)
    let filled = Int(share * Double(max(0, barRoom)))
    let bar =
      barRoom < 5
      ? ""
      : "[" + String(repeating: "=", count: filled) + String(repeating: " ", count: barRoom - filled) + "]  "
    var lines = [head + "  " + bar + tail]
    if let record = state.record {
      lines.append(Self.joined([Self.lossText(record), Self.validationText(state.evaluation)]))
      lines.append(Self.joined([Self.speedText(record), Self.memoryText(record, limit: state.memoryLimit)]))
    }
    let curve = sparkline(state.losses.points.map(\.mean), columns: min(60, room))
    if !curve.isEmpty { lines.append(curve) }
    return lines.map { String($0.prefix(room)) }
  }

  /// The figures in one line, for a file.
  static func plainLine(for state: LiveState) -> String {
    guard let record = state.record else { return "step \(state.step)/\(state.totalSteps)" }
    return "step \(state.step)/\(state.totalSteps)  "
      + joined([
        lossText(record), speedText(record), memoryText(record, limit: state.memoryLimit),
        "ETA \(clockText(state.secondsLeft))",
      ])
  }

  private static func joined(_ parts: [String]) -> String {
    parts.filter { !$0.isEmpty }.joined(separator: "  ")
  }

  private static func lossText(_ record: StepRecord) -> String {
    joined([
      "loss \(fixed(record.loss, 4))  rate \(Float(record.learningRate))  gradient \(fixed(record.gradientNorm, 3))",
      figuresText(record.figures),
    ])
  }

  private static func figuresText(_ figures: [Figure]) -> String {
    joined(figures.map { "\($0.name) \(fixed($0.value, 3))" })
  }

  private static func validationText(_ record: EvaluationRecord?) -> String {
    guard let record else { return "" }
    let bits = record.bitsPerByte.map { " (\(fixed($0, 3)) bits/byte)" } ?? ""
    return joined(["validation \(fixed(record.loss, 4))\(bits)", figuresText(record.figures)])
  }

  private static func speedText(_ record: StepRecord) -> String {
    let rate = record.tokensPerSecond
    let speed = abs(rate) < 1e15 ? countText(Int(rate.rounded())) : "\(rate)"
    return "\(speed) tokens/s" + (record.peakShare.map { "  \(fixed($0 * 100, 0)) % of peak" } ?? "")
  }

  private static func memoryText(_ record: StepRecord, limit: Int?) -> String {
    guard let memory = record.memory else { return "" }
    return "memory \(sizeText(memory))" + (limit.map { " of \(sizeText($0))" } ?? "")
  }
}

extension LiveState {
  /// Until the last step, as far as can be told.
  fileprivate var secondsLeft: Double {
    guard let secondsPerStep else { return .infinity }
    return secondsPerStep * Double(max(0, totalSteps - step))
  }
}

/// A curve in one line of text: eight heights from lowest to highest, neighbours averaged to `columns`.
func sparkline(_ values: [Double], columns: Int) -> String {
  let values = values.filter(\.isFinite)
  guard values.count > 1, columns > 0 else { return "" }
  let count = min(columns, values.count)
  let means = (0..<count).map { column -> Double in
    let range = column * values.count / count..<(column + 1) * values.count / count
    return values[range].reduce(0, +) / Double(range.count)
  }
  guard let low = means.min(), let high = means.max() else { return "" }
  let levels = Array("▁▂▃▄▅▆▇█")
  return String(means.map { levels[high > low ? Int(($0 - low) / (high - low) * 7.999) : 0] })
}
