// The program as a whole: dispatch, endings and exit codes, first in this process and then as a real one.

import ApusBasics
import Testing

@testable import ApusCommand

private enum FileFault: ApusError {
  case broken
  var description: String { "model.gguf: tensor 'a\u{1B}[2J\nb' is broken" }
}

private enum FailingCommand: Command {
  static let name = "fail"
  static let summary = "End badly"
  static let how = Positional.one("HOW", help: "In which way")
  static let arguments = [how.row]

  static func run(_ values: Values, _ console: Console) throws {
    try console.line("begun")
    switch values[how] {
    case "fault": throw FileFault.broken
    case "failure": throw CommandError.failure("no luck")
    case "usage": throw CommandError.usage("not like this")
    case "closed": throw CommandError.outputClosed
    default: throw CommandError.interrupted(signal: 2)
    }
  }
}

@Suite struct ApplicationTests {
  private let commands: [any Command.Type] = [SampleCommand.self, RestCommand.self, FailingCommand.self]

  @Test(
    arguments: [
      (["sample", "-n", "3"], 0, "ran 3\n", ""),
      (["rest", "a", "b"], 0, "a [\"b\"]\n", ""),
      (["--version"], 0, "apus \(Application.version)\n", ""),
      ([], 2, "", "apus: no command. Try 'apus --help'\n"),
      (["smaple"], 2, "", "apus: unknown command 'smaple'; did you mean 'sample'? Try 'apus --help'\n"),
      (["--frob"], 2, "", "apus: unknown option '--frob'. Try 'apus --help'\n"),
      (["rest"], 2, "", "apus rest: FIRST is missing. Try 'apus rest --help'\n"),
      (
        ["sample", "--tmep=1"], 2, "",
        "apus sample: unknown option '--tmep'; did you mean '--temp'? Try 'apus sample --help'\n"
      ),
      (["fail", "fault"], 1, "begun\n", "apus fail: model.gguf: tensor 'a[2J b' is broken\n"),
      (["fail", "failure"], 1, "begun\n", "apus fail: no luck\n"),
      (["fail", "usage"], 2, "begun\n", "apus fail: not like this. Try 'apus fail --help'\n"),
      (["fail", "closed"], 0, "begun\n", ""),
      (["fail", "signal"], 130, "begun\n", ""),
    ] as [([String], Int32, String, String)])
  func ends(_ words: [String], _ code: Int32, _ output: String, _ errors: String) {
    let ending = runApplication(words, commands: commands)
    #expect(ending == Ending(code: code, output: output, errors: errors))
  }

  @Test func helpIsReachedInEveryWay() {
    let program = runApplication(["--help"], commands: commands)
    #expect(program.code == 0 && program.output.hasPrefix("Usage: apus COMMAND"))
    #expect(runApplication(["help"], commands: commands) == program)
    #expect(runApplication(["-h"], commands: commands) == program)
    let command = runApplication(["sample", "--help"], commands: commands)
    #expect(command.code == 0 && command.output.hasPrefix("Usage: apus sample"))
    #expect(runApplication(["help", "sample"], commands: commands) == command)
    #expect(runApplication(["sample", "-n", "x", "-h"], commands: commands) == command)
    // After `--` it is a word like any other.
    #expect(runApplication(["rest", "--", "--help"], commands: commands).output == "--help []\n")
  }

  @Test func exitCodesAreTheDocumentedOnes() {
    #expect(CommandError.usage("").exitCode == 2)
    #expect(CommandError.failure("").exitCode == 1)
    #expect(CommandError.interrupted(signal: 2).exitCode == 130)
    #expect(CommandError.interrupted(signal: 15).exitCode == 143)
    #expect(CommandError.outputClosed.exitCode == 0)
  }
}

@Suite(.enabled(if: builtProgram != nil, "the program 'apus' is not built beside the tests"))
struct ProcessTests {
  @Test(
    arguments: [
      ("\"$APUS\" --version", 0, "apus \(Application.version)\n", ""),
      ("\"$APUS\"", 2, "", "apus: no command. Try 'apus --help'\n"),
      ("\"$APUS\" mna", 2, "", "apus: unknown command 'mna'; did you mean 'man'? Try 'apus --help'\n"),
      ("\"$APUS\" man $'a\\xffb'", 2, "", "apus: argument 2 is not valid UTF-8\n"),
      ("\"$APUS\" man > /dev/full", 1, "", "apus man: cannot write output: No space left on device\n"),
      ("\"$APUS\" man >&-", 1, "", "apus man: cannot write output: Bad file descriptor\n"),
      // F63: the reader leaves first. Its own status comes from the pipe, the program's from PIPESTATUS.
      ("\"$APUS\" man | head -c 3; exit ${PIPESTATUS[0]}", 0, ".TH", ""),
      ("\"$APUS\" man | true; exit ${PIPESTATUS[0]}", 0, "", ""),
    ] as [(String, Int32, String, String)])
  func ends(_ script: String, _ code: Int32, _ output: String, _ errors: String) throws {
    #expect(try shell(script) == Ending(code: code, output: output, errors: errors))
  }
}
