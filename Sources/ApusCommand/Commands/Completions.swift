// `apus completions SHELL`: a completion script on standard output.

enum CompletionsCommand: Command {
  static let name = "completions"
  static let summary = "Write a completion script for bash, zsh or fish"
  static let examples = [
    "source <(apus completions bash)",
    "apus completions zsh > ~/.zfunc/_apus",
    "apus completions fish > ~/.config/fish/completions/apus.fish",
  ]

  private static let shell = Positional.one(
    "SHELL", choices: Shell.allCases.map(\.rawValue), help: "The shell to write for")

  static let arguments = [shell.row]

  static func run(_ values: Values, _ console: Console) throws {
    guard let shell = Shell(rawValue: values[shell]) else {
      preconditionFailure("the parser lets only listed shells through")
    }
    try console.write(CompletionScript(commands: allCommands).text(for: shell))
  }
}
