// Snapshots of help, and the scripts and pages that come from the same tables.

import Foundation
import Testing

@testable import ApusCommand

@Suite struct HelpTextTests {
  @Test func commandHelpIsThis() {
    let expected = """
      Usage: apus sample [OPTIONS] [MODEL] [PROMPT]

      Try every kind of option.

      It's here so that tests see "all" of [them]: flags, numbers, texts, lists.

      Arguments:
        MODEL                     The model (or --model)
        PROMPT                    The prompt

      Options:
        -v, --verbose             Say more
        -q, --quiet               Say less
            --[no-]mmap           Map the file (default: on)
        -n, --predict, --n-predict N
                                  Tokens to make; -1 is no limit (default: 16)
        -t, --threads N           Threads to work with (default: all cores;
                                  environment: APUS_THREADS)
        -p, --prompt TEXT         The prompt
        -f, --file FILE           Read the prompt from a file
            --stop TEXT           Stop at a text (may be repeated)
            --ids N,N,…           Token ids (may be repeated)
            --mode MODE           How: it matters (fast, exact; default: fast)
        -m, --model FILE          The model
        -h, --help                Show this help

      Sampling:
            --temp X              Temperature (default: 0.8)
            --bias X              Any number

      Examples:
        apus sample model.gguf -n 5

      """
    #expect(HelpText(width: 80).command(SampleCommand.self) == expected)
  }

  @Test func programHelpIsThis() {
    let expected = """
      Usage: apus COMMAND [OPTIONS] [ARGUMENTS]

      Apus runs transformer language models on this machine's processor.

      Commands:
        sample                    Try every kind of option
        rest                      Take words
        help [COMMAND]            Show help for a command

      Options:
        -h, --help                Show this help
            --version             Show the version

      Try 'apus COMMAND --help' for a command's own options.

      """
    #expect(HelpText(width: 80).program([SampleCommand.self, RestCommand.self]) == expected)
  }

  @Test(arguments: [20, 50, 64, 80, 100, 300])
  func noLineIsWiderThanTheTerminal(_ width: Int) {
    let limit = min(max(width, 50), 100)
    for command in allCommands + [SampleCommand.self] {
      for line in HelpText(width: width).command(command).split(separator: "\n")
      where !line.hasPrefix("Usage") && !command.examples.contains(line.trimmingCharacters(in: .whitespaces))
      {
        #expect(line.count <= limit, "apus \(command.name) at \(width): \(line)")
      }
    }
  }

  @Test func everyTableIsSound() {
    for command in allCommands {
      // The parser's own checks trap on a name given twice.
      _ = ArgumentParser(options: command.options, positionals: command.arguments)
      #expect(!command.summary.hasSuffix("."), "apus \(command.name)")
      for row in command.options {
        #expect(!row.help.hasSuffix("."), "apus \(command.name) --\(row.name)")
        #expect(
          row.short != "h" && row.name != "help", "apus \(command.name): -h and --help are the program's")
      }
      for row in command.arguments {
        #expect(!row.help.hasSuffix("."), "apus \(command.name) \(row.name)")
        if let option = row.replacedBy {
          #expect(command.options.contains { $0.name == option }, "apus \(command.name) \(row.name)")
        }
      }
    }
  }

  @Test func bashCompletionIsValidAndCompletes() throws {
    let script = CompletionScript(commands: allCommands + [SampleCommand.self]).text(for: .bash)
    let path = NSTemporaryDirectory() + "apus-completion-\(ProcessInfo.processInfo.processIdentifier).bash"
    try script.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let check = try shell("bash -n '\(path)'")
    #expect(check == Ending(code: 0, output: "", errors: ""))

    func complete(_ words: [String]) throws -> [String] {
      let list = words.map { "'\($0)'" }.joined(separator: " ")
      let ending = try shell(
        "source '\(path)'; COMP_WORDS=(apus \(list)); COMP_CWORD=\(words.count); _apus; printf '%s\\n' \"${COMPREPLY[@]}\""
      )
      #expect(ending.code == 0 && ending.errors == "", "\(ending)")
      return ending.output.split(separator: "\n").map(String.init)
    }
    #expect(try complete(["sam"]) == ["sample"])
    #expect(try complete(["sample", "--te"]) == ["--temp"])
    #expect(try complete(["sample", "--no"]) == ["--no-mmap"])
    #expect(try complete(["sample", "--mode", ""]) == ["fast", "exact"])
    #expect(try complete(["sample", "--mode", "e"]) == ["exact"])
    #expect(try complete(["completions", ""]) == ["bash", "zsh", "fish"])
    #expect(try complete(["help", "comp"]) == ["completions"])
    #expect(try complete(["sample", "-n", "x"]) == [])
  }

  @Test(arguments: [Shell.zsh, Shell.fish])
  func completionQuotesAreBalanced(_ shellName: Shell) throws {
    // Neither shell may be installed; both share bash's single quotes but for fish's escapes.
    let script = CompletionScript(commands: allCommands + [SampleCommand.self]).text(for: shellName)
    #expect(script.contains("sample"))
    #expect(script.contains("mode"))
    for line in script.split(separator: "\n") where shellName == .fish && !line.hasPrefix("#") {
      let unescaped = line.replacingOccurrences(of: "\\\\", with: "").replacingOccurrences(
        of: "\\'", with: "")
      #expect(unescaped.count { $0 == "'" } % 2 == 0, "\(line)")
    }
    if try shell("command -v \(shellName.rawValue)").code == 0 {
      let path =
        NSTemporaryDirectory()
        + "apus-completion-\(ProcessInfo.processInfo.processIdentifier).\(shellName.rawValue)"
      try script.write(toFile: path, atomically: true, encoding: .utf8)
      defer { try? FileManager.default.removeItem(atPath: path) }
      #expect(try shell("\(shellName.rawValue) -n '\(path)'").code == 0)
    }
  }

  @Test func manualPageHasEveryCommandAndOption() {
    let commands = allCommands + [SampleCommand.self]
    let page = ManualPage(commands: commands, version: "1.2.3").text
    #expect(page.hasPrefix(".TH APUS 1 \"\" \"apus 1.2.3\" \"User Commands\"\n"))
    for command in commands {
      #expect(page.contains(".SS apus \(command.name) "))
      for row in command.options {
        #expect(
          page.contains("\\-\\-" + row.name.replacingOccurrences(of: "-", with: "\\-")) || row.isNegatable)
      }
    }
    // Only requests may begin with a dot, and no bare hyphen may be left to become a dash.
    for line in page.split(separator: "\n") where !line.hasPrefix(".") {
      let bare = line.replacingOccurrences(of: "\\-", with: "")
      #expect(!bare.contains("-"), "\(line)")
    }
    #expect(page.contains("APUS_THREADS"))
    #expect(page.contains("NO_COLOR"))
  }
}
