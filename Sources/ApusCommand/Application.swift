// The program around the commands: which command the words name, help and version, and how endings are told.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The `apus` program, apart from the process it runs in.
struct Application {
  static let version = "0.1.0"

  let commands: [any Command.Type]

  init(commands: [any Command.Type] = allCommands) {
    self.commands = commands
  }

  /// Runs the program in this process; the exit code.
  static func run() -> Int32 {
    // A reader that goes away is an error of `write`, not a signal (F63).
    signal(SIGPIPE, SIG_IGN)
    holdStandardStreams()
    ProcessFaults.install()
    let console = Console.process()
    do throws(CommandError) {
      return Application().run(try processArguments(), console)
    } catch {
      console.note("apus: \(error)")
      return error.exitCode
    }
  }

  /// Runs the command that `words` name (without the program's own name); the exit code.
  func run(_ words: [String], _ console: Console) -> Int32 {
    var name = "apus"
    do {
      guard let first = words.first else {
        throw CommandError.usage("no command")
      }
      switch first {
      case "-h", "--help":
        try console.write(HelpText(width: console.width).program(commands))
      case "help":
        try help(Array(words.dropFirst()), console)
      case "--version":
        try console.line("apus \(Self.version)")
      default:
        let (command, rest) = try command(in: words)
        name = "apus \(command.name)"
        try run(command, rest, console)
      }
      try console.output.flush()
      return ExitCode.success
    } catch {
      return tell(error, name, console)
    }
  }

  private func run(_ command: any Command.Type, _ words: [String], _ console: Console) throws {
    let options = words.prefix { $0 != "--" }
    if options.contains("--help") || options.contains("-h") {
      try console.write(HelpText(width: console.width).command(command))
      return
    }
    let parser = ArgumentParser(
      options: command.options, positionals: command.arguments, environment: console.environment)
    try command.run(try parser.parse(words), console)
  }

  private func help(_ words: [String], _ console: Console) throws(CommandError) {
    let text = HelpText(width: console.width)
    guard !words.isEmpty else {
      try console.write(text.program(commands))
      return
    }
    try console.write(text.command(try command(in: words).command))
  }

  /// The command that the first word, or the first two, name; the words after it.
  private func command(
    in words: [String]
  ) throws(CommandError) -> (command: any Command.Type, rest: [String]) {
    for count in [2, 1] where words.count >= count {
      let name = words.prefix(count).joined(separator: " ")
      if let command = commands.first(where: { $0.name == name }) {
        return (command, Array(words.dropFirst(count)))
      }
    }
    let word = words[0]
    if word.hasPrefix("-") { throw .usage("unknown option '\(visible(word))'") }
    let similar = suggestion(for: word, among: commands.map { $0.name } + ["help"])
    throw .usage("unknown command '\(visible(word))'" + (similar.map { "; did you mean '\($0)'?" } ?? ""))
  }

  /// Says what went wrong in one line; the exit code.
  private func tell(_ error: any Error, _ name: String, _ console: Console) -> Int32 {
    let ending: CommandError =
      switch error {
      case let error as CommandError: error
      case let error as any ApusError: .failure(error.description)
      default: .failure("\(error)")
      }
    if ending.isReported {
      var line = "\(name): \(ending)"
      if case .usage(let message) = ending {
        line += (message.hasSuffix("?") ? " " : ". ") + "Try '\(name) --help'"
      }
      console.note(oneLine(line))
    } else {
      // What was made before the interruption is still the user's.
      try? console.output.flush()
    }
    return ending.exitCode
  }
}

/// Fills standard streams that the caller has closed. Otherwise the next file to be opened gets the number of
/// standard output, and what is meant for the screen lands in it. Opened in the wrong direction, so that
/// reading or writing is still the error it was.
private func holdStandardStreams() {
  for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
  where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
    // The lowest free number is the one that was missing.
    _ = open("/dev/null", mode)
  }
}

/// The words of this process's command line, without its name.
///
/// Swift's own array repairs invalid UTF-8 silently; a prompt must not change between the keyboard and the
/// model, so here it is an error.
private func processArguments() throws(CommandError) -> [String] {
  var words: [String] = []
  let count = Int(CommandLine.argc)
  for index in 1..<max(1, count) {
    guard let pointer = CommandLine.unsafeArgv[index] else { break }
    guard let word = String(validatingCString: pointer) else {
      throw .usage("argument \(index) is not valid UTF-8")
    }
    words.append(word)
  }
  return words
}
