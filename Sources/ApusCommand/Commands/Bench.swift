// `apus bench`: how fast a model, or this machine, is; how sure that is; and whether it got slower. What is measured and
// compared lives in ApusProfile/Bench; here are the options, and the order in which things happen.

import ApusBasics
import ApusGraph
import ApusInference
import ApusProfile
import ApusRuntime

enum BenchCommand: Command {
  static let name = "bench"
  static let summary = "Measure speed, keep it, and compare it with what was or with another build"
  static let discussion = [
    "With a model: pp512 is a prompt of 512 tokens, tg128 the generation of 128 tokens one by one, tg128x4 four "
      + "sequences at once (tokens of all together). Each test runs once to warm up and then -r times; the table shows the "
      + "mean and the standard deviation. Values may be lists: -p 128,512.",
    "Without a model, or with --suite, --save, --against or --rival, tests are short and taken in rounds for --budget "
      + "seconds, each round with fresh engines; the table shows the median and a range that covers it with 95 %. "
      + "kernels are single kernels; prefill prompts (-p), decode generation (-n) at depths (-d), batch several "
      + "sequences (--parallel); embeddings single texts (-p); training steps of a small GPT. Without a model, one of 22 million "
      + "random weights is made in memory.",
    "--save keeps the samples of every test and operation, and what the machine itself did between them, in a file of "
      + "the folder --results. --against compares with such a file: times count relative to the machine where that "
      + "explains them, and a baseline of another machine, model, number of threads or suite is refused. --rival "
      + "compares with another program of apus, --rival-set with other settings (threads, cpu, cache-type, batch-size, "
      + "coarse-activations, handicap); the two run in turn, sample by sample, in fresh processes each round. The exit code is 3 "
      + "when a test or an operation got slower: by 2 % or more, and with a probability of error below 0.1 % over all comparisons.",
  ]
  static let examples = [
    "apus bench model.gguf -p 512 -n 128 -r 5", "apus bench",
    "apus bench model.gguf --save monday && apus bench model.gguf --against monday",
    "apus bench model.gguf --rival ../other/apus --budget 180", "apus bench model.gguf --rival-set threads=1",
  ]

  static let arguments = [ModelFile.argument.row]
  static let options = BenchOptions.rows

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let request = try BenchRequest(values)
    if values[BenchOptions.child] {
      try BenchChild.serve(values, request, console, interrupt)
    } else if request.isRivalry {
      try BenchRivalry.run(values, request, console, interrupt)
    } else {
      try measure(values, request, console, interrupt)
    }
  }

  /// One contestant: this program.
  private static func measure(
    _ values: Values, _ request: BenchRequest, _ console: Console, _ interrupt: Interrupt
  ) throws {
    // What cannot be compared or kept is told before anything is measured.
    let folder = ResultFolder(values[BenchOptions.results] ?? ResultFolder.standard)
    let baseline = try values[BenchOptions.against].map { try folder.load($0) }
    if let name = values[BenchOptions.save] {
      _ = try folder.file(name)
      try folder.prepare()
    }
    let history = try values[BenchOptions.history].map { try HistoryFile(writing: $0) }

    let subject = try BenchSubject(values, request, console, isStopped: { interrupt.isRequested })
    var record = subject.record(time: wallClock())
    record.name = values[BenchOptions.save] ?? ""
    if let baseline { try record.check(against: baseline) }
    let before = SystemReading.now()
    var progress = BenchProgress(request.isPlain ? nil : request.length.budget, on: console)
    let runner = BenchRunner(
      [subject.contestant(renews: !request.isPlain)], request.length,
      meter: request.isPlain ? nil : try LimitMeter(subject.runtime), isStopped: { interrupt.isRequested },
      progress: { progress.update($0, $1) })
    let (series, isInterrupted) = try runner.run()
    progress.finish()
    record.tests = series[0]
    record.isInterrupted = isInterrupted
    record.notes += SystemReading.now().since(before).hindrances(threads: subject.runtime.workers.count)

    let report = BenchReport(record, isPlain: request.isPlain)
    for line in report.lines(showsOperations: values[GenerationFlags.profile]) { try console.line(line) }
    if request.isPlain, values[GenerationFlags.profile], !isInterrupted {
      try showProfiles(subject, console)
    }
    let verdict = baseline.map { Verdict.against($0.tests, record.tests, rule: request.rule) }
    if let baseline, let verdict {
      try console.line()
      try console.line(BenchReport.heading(against: baseline))
      for line in verdict.lines { try console.line(line) }
    }
    if values[CommonOptions.json] { try console.json(report.json(verdict)) }
    try console.output.flush()
    if values[BenchOptions.save] != nil {
      try folder.save(record)
      console.note("saved as \(try folder.file(record.name))")
    }
    try history?.append(record)
    if isInterrupted { throw CommandError.interrupted(signal: interrupt.signal ?? 2) }
    if verdict?.isRegression == true { throw CommandError.regression }
  }

  private static func showProfiles(_ subject: BenchSubject, _ console: Console) throws {
    let ceilings = try Ceilings.measure(subject.runtime)
    for case let workload as GenerationWorkload in subject.workloads {
      for (index, test) in workload.tests.enumerated() {
        guard let plan = workload.plan else { continue }
        let profile = ExecutionProfile(plan, workers: subject.runtime.workers.count)
        try workload.sample(index, profile: profile)
        try console.line()
        for line in ProfileTable.report(profile, of: test.name, ceilings) { try console.line(line) }
      }
    }
  }
}
