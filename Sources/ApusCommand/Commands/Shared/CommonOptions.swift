// Options of every command that computes, and the machine made from them.

import ApusRuntime

enum CommonOptions {
  static let threads = Option<Int?>.integer(
    "threads", "t", in: 0...1_000_000, defaultText: "one per core", environment: "APUS_THREADS",
    help: "Threads to compute with; more than there are processors is clipped")
  static let json = Option.flag("json", help: "Print one JSON document as the last line")
  static let verbose = Option.flag(
    "verbose", "v", help: "Say what is done, with which values, and where they are from")

  /// The machine, with what the user should know about it told.
  static func runtime(_ values: Values, _ console: Console) throws(RuntimeError) -> Runtime {
    let runtime = try Runtime(options: RuntimeOptions(threads: values[threads]))
    console.notes(runtime.notes)
    return runtime
  }
}
