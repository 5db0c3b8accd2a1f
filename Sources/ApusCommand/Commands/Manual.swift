// `apus man`: the manual page on standard output.

enum ManualCommand: Command {
  static let name = "man"
  static let summary = "Write the manual page"
  static let examples = ["apus man | man -l -", "apus man > /usr/local/share/man/man1/apus.1"]

  static func run(_ values: Values, _ console: Console) throws {
    try console.write(ManualPage(commands: allCommands, version: Application.version).text)
  }
}
