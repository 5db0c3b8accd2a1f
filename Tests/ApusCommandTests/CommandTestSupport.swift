// What the tests of this room share: a console in memory, and the built program as a process.

import Foundation

@testable import ApusCommand

/// A console that keeps what is written.
func memoryConsole(
  input: [UInt8] = [], terminal: Bool = false, environment: [String: String] = [:], width: Int = 80
) -> Console {
  Console(
    input: InputChannel(inMemory: input), output: OutputChannel(inMemory: terminal),
    errors: OutputChannel(inMemory: terminal), environment: environment, width: width)
}

/// What a run of the program leaves.
struct Ending: Equatable {
  let code: Int32
  let output: String
  let errors: String
}

/// Runs the program's code in this process.
func runApplication(
  _ words: [String], input: [UInt8] = [], environment: [String: String] = [:], terminal: Bool = false,
  commands: [any Command.Type] = allCommands
) -> Ending {
  let console = memoryConsole(input: input, terminal: terminal, environment: environment)
  let code = Application(commands: commands).run(words, console)
  return Ending(code: code, output: console.output.text, errors: console.errors.text)
}

/// The built `apus`, which lies beside the test bundle, or nil.
let builtProgram: String? = {
  let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent()
  let path = folder.appendingPathComponent("apus").path
  return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}()

/// Runs a shell command to its end, with `APUS` naming the built program.
///
/// Threads of the concurrency runtime, on which tests run, keep signals out, and a process starts with the mask of the
/// thread that starts it: it could not be interrupted.
func shell(_ script: String) throws -> Ending {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/bin/bash")
  process.arguments = ["-c", script]
  var environment = ProcessInfo.processInfo.environment
  environment["APUS"] = builtProgram ?? ""
  process.environment = environment
  let output = Pipe()
  let errors = Pipe()
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = output
  process.standardError = errors
  var (all, mask) = (sigset_t(), sigset_t())
  sigfillset(&all)
  pthread_sigmask(SIG_UNBLOCK, &all, &mask)
  defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
  try process.run()
  // Errors are short: reading them after the output cannot fill their pipe.
  let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return Ending(code: process.terminationStatus, output: outputText, errors: errorText)
}
