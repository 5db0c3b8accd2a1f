// `apus rollouts` as a process: a signal while a program judges, and a disk that is full.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite(.enabled(if: builtProgram != nil, "needs the built program"), .timeLimit(.minutes(2)))
struct RolloutsProcessTests {
  private let scratch: EmbedScratch

  init() throws {
    scratch = try EmbedScratch()
    #expect(runApplication(["tiny", scratch.file("tiny.gguf")]).code == 0)
    try scratch.write("prompts.jsonl", (0..<40).map { #"{"prompt": "a\#($0)"}"# + "\n" }.joined())
    try scratch.write("chat.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}")
  }

  private static let command =
    "\"$APUS\" rollouts tiny.gguf prompts.jsonl --tokens 4 --n 1 -t 1 --chat-template-file chat.jinja"

  private func run(_ script: String) throws -> Ending { try shell("cd '\(scratch.path)'; \(script)") }

  @Test(
    "a signal ends the wait for a program that judges, and the program",
    arguments: [("INT", 130), ("TERM", 143)])
  func signals(_ name: String, _ code: Int) throws {
    let ending = try run(
      """
      \(Self.command) -o out.jsonl --reward-command 'echo $$ > judge; exec sleep 1000' & child=$!
      for i in {1..600}; do [ -s judge ] && break; sleep 0.1; done
      kill -\(name) $child
      for i in {1..100}; do kill -0 $child 2> /dev/null || break; sleep 0.1; done
      kill -KILL $child 2> /dev/null; wait $child; echo $?
      for i in {1..50}; do kill -0 $(cat judge) 2> /dev/null || echo gone && break; sleep 0.1; done
      """)
    #expect(ending.output == "\(code)\ngone\n", "\(ending)")
    #expect(try !scratch.names().contains { $0.hasPrefix("out") })
  }

  @Test("a full disk is told, and leaves nothing")
  func fullDisk() throws {
    let ending = try run("ulimit -f 1; \(Self.command) --n 64 -o out.jsonl 2>&1; echo $?")
    #expect(ending.output.contains("apus rollouts: out.jsonl: cannot write"), "\(ending)")
    #expect(ending.output.hasSuffix("\n1\n"), "\(ending)")
    #expect(try !scratch.names().contains { $0.hasPrefix("out") })
    if FileManager.default.fileExists(atPath: "/dev/full") {
      let full = try run("\(Self.command) 2>&1 > /dev/full; echo $?")
      #expect(full.output.contains("cannot write output: No space left"), "\(full)")
    }
  }
}
