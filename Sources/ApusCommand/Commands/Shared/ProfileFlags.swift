// The options every `apus profile …` has, and how they become those of a gatherer.

import ApusProfile
import CAllocationCounter

enum ProfileFlags {
  private static let single = Option<Bool>.toggle(
    "single", default: true,
    help: "Run a part again with one thread, to tell how well the threads share the work")
  private static let spans = Option<Int>.integer(
    "spans", in: 0...2_000_000, default: 40_000, help: "Spans of the timeline, of all threads; 0 for none")

  static let rows: [OptionRow] = [single.row, spans.row] + ProfileOutput.rows

  /// Gathers with a progress bar until it is done or interrupted, shows what there is, and ends as interrupted if it was.
  static func gather(
    _ command: String, _ values: Values, _ console: Console, _ interrupt: Interrupt,
    _ body: (GatherOptions) throws -> Profile
  ) throws {
    var options = GatherOptions()
    options.command = command
    options.measuresSingle = values[single]
    options.spans = values[spans]
    options.shouldStop = { interrupt.isRequested }
    if apus_allocations_counted() != 0 { options.allocations = { apus_allocations_everywhere() } }
    let bar = Progress(console)
    options.progress = bar.show
    apus_count_allocations_everywhere(1)
    defer { apus_count_allocations_everywhere(0) }
    let profile = try body(options)
    bar.finish()
    try ProfileOutput.show(profile, values, console)
    try interrupt.check()
  }

  /// A bar in thousandths.
  private final class Progress {
    private var bar: ProgressBar

    init(_ console: Console) {
      bar = ProgressBar("measuring", total: 1000, unit: .items("‰"), on: console)
    }

    func show(_ share: Double) { bar.update(Int(1000 * share)) }

    func finish() { bar.finish() }
  }
}
