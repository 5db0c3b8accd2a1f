// report.html: a page about a run that needs nothing but itself, no network and no script. It is written anew, whole, each
// time.

import ApusBasics
import ApusRuntime

/// What a report shows, gathered event by event.
struct HTMLReport: Sendable {
  static let fileName = "report.html"

  /// Texts and notes that are shown; the newest of more.
  private static let shown = 50

  private var start: RunStart?
  private var begin: Double?
  private var latest: RunEvent?
  private var loss = ThinnedSeries()
  private var learningRate = ThinnedSeries()
  private var speed = ThinnedSeries()
  private var gradientNorm = ThinnedSeries()
  /// What the objective says of steps and of evaluations, in the order in which it first said it.
  private var figures: [(name: String, line: ThinnedSeries, dots: [(Int, Double)])] = []
  private var lastStep: StepRecord?
  private var evaluations: [(step: Int, record: EvaluationRecord)] = []
  private var samples: [(step: Int, prompt: String, text: String)] = []
  private var notes: [(step: Int, text: String)] = []

  /// Takes an event in.
  mutating func record(_ event: RunEvent) {
    latest = event
    if begin == nil { begin = event.time }
    switch event.kind {
    case .start(let start): self.start = start
    case .step(let record):
      lastStep = record
      loss.append(event.step, record.loss)
      learningRate.append(event.step, record.learningRate)
      speed.append(event.step, record.tokensPerSecond)
      gradientNorm.append(event.step, record.gradientNorm)
      for figure in record.figures { figures[place(figure)].line.append(event.step, figure.value) }
    case .evaluation(let record):
      evaluations.append((event.step, record))
      for figure in record.figures where figure.value.isFinite {
        figures[place(figure)].dots.append((event.step, figure.value))
      }
    case .sample(let prompt, let text): Self.add((event.step, prompt, text), to: &samples)
    case .checkpoint(let name): Self.add((event.step, "saved \(name)"), to: &notes)
    case .note(let text): Self.add((event.step, text), to: &notes)
    case .end(let reason): Self.add((event.step, reason), to: &notes)
    }
  }

  /// Where a figure's series is.
  private mutating func place(_ figure: Figure) -> Int {
    if let place = figures.firstIndex(where: { $0.name == figure.name }) { return place }
    figures.append((figure.name, ThinnedSeries(), []))
    return figures.count - 1
  }

  private static func add<Element>(_ element: Element, to list: inout [Element]) {
    if list.count == shown { list.removeFirst() }
    list.append(element)
  }

  /// Writes the page.
  func write(to path: String) throws(FileError) {
    var file = try AtomicFile(path: path, replacing: true)
    try file.write(Array(html.utf8))
    try file.commit()
  }

  /// The page.
  var html: String {
    let title = start.map { $0.configuration.checkpoint.directory } ?? "training"
    var page = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>\(escapedHTML(title)) · Apus</title>
      <style>\(Self.style)</style></head>
      <body><h1>\(escapedHTML(title))</h1>
      \(table(summary))

      """
    page +=
      Plot(
        title: "Loss (nats per token); dots: validation", format: { fixed($0, 2) }, line: loss,
        dots: evaluations.filter { $0.record.loss.isFinite }.map { ($0.step, $0.record.loss) }
      ).svg
    for figure in figures {
      let title = figure.name.prefix(1).uppercased() + figure.name.dropFirst()
      page += Plot(title: title, format: { "\(Float($0))" }, line: figure.line, dots: figure.dots).svg
    }
    page += Plot(title: "Tokens per second", format: Self.rateText, line: speed).svg
    page += Plot(title: "Learning rate", format: { "\(Float($0))" }, line: learningRate).svg
    page += Plot(title: "Gradient norm", format: { "\(Float($0))" }, line: gradientNorm).svg
    if !evaluations.isEmpty { page += "<h2>Evaluation</h2>\n" + evaluationTable }
    if !samples.isEmpty {
      page += "<h2>Samples</h2>\n"
      for sample in samples.reversed() {
        page += "<h3>Step \(countText(sample.step))</h3><pre><b>\(escapedHTML(sample.prompt))</b>"
        page += "\(escapedHTML(sample.text))</pre>\n"
      }
    }
    if !notes.isEmpty {
      page += "<h2>Notes</h2>\n" + table(notes.reversed().map { ("step \(countText($0.step))", $0.text) })
    }
    if let start {
      page += "<h2>Machine and model</h2>\n" + table(start.facts.map { ($0.name, $0.value) })
      let text = start.configuration.canonical.serialized(pretty: true)
      page +=
        "<h2>Configuration</h2>\n<details><summary>every key</summary><pre>\(escapedHTML(text))</pre></details>\n"
    }
    return page + "</body></html>\n"
  }

  private var summary: [(String, String)] {
    var rows: [(String, String)] = []
    if let latest {
      rows.append(("step", countText(latest.step) + (start.map { " of \(countText($0.totalSteps))" } ?? "")))
      rows.append(("time", clockText(latest.time - (begin ?? latest.time))))
    }
    if let lastStep {
      rows.append(("tokens", countText(lastStep.tokens)))
      rows.append(("loss", fixed(lastStep.loss, 4)))
      rows.append(("speed", "\(Self.rateText(lastStep.tokensPerSecond)) tokens/s"))
      if let share = lastStep.peakShare { rows.append(("share of peak", fixed(share * 100, 1) + " %")) }
      if let memory = lastStep.memory { rows.append(("memory", sizeText(memory))) }
    }
    if let best = evaluations.filter({ $0.record.loss.isFinite }).min(by: { $0.record.loss < $1.record.loss })
    {
      rows.append(("best validation loss", "\(fixed(best.record.loss, 4)) at step \(countText(best.step))"))
    }
    return rows
  }

  private var evaluationTable: String {
    var text = "<table><tr><th>step</th><th>loss</th><th>bits per byte</th></tr>\n"
    for (step, record) in evaluations.suffix(Self.shown).reversed() {
      text += "<tr><td>\(countText(step))</td><td>\(fixed(record.loss, 4))</td>"
      text += "<td>\(record.bitsPerByte.map { fixed($0, 4) } ?? "")</td></tr>\n"
    }
    return text + "</table>\n"
  }

  private static func rateText(_ rate: Double) -> String {
    abs(rate) < 1e15 ? countText(Int(rate.rounded())) : "\(rate)"
  }

  private func table(_ rows: [(String, String)]) -> String {
    "<table>\n"
      + rows.map { "<tr><th>\(escapedHTML($0.0))</th><td>\(escapedHTML($0.1))</td></tr>\n" }.joined()
      + "</table>\n"
  }

  private static let style =
    PageStyle.common + """

      body{max-width:760px}
      .line{stroke:var(--line);stroke-width:1.6;fill:none}
      .band{fill:var(--line);opacity:.16}.dot{fill:var(--dot)}
      """
}
