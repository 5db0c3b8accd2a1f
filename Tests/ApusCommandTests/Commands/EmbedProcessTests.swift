// The built program with vectors in a real process: pipes that close, Ctrl-C, and disks that are full.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite(.enabled(if: builtProgram != nil, "needs the built program"), .timeLimit(.minutes(2)))
struct EmbedProcessTests {
  let scratch: EmbedScratch

  init() throws {
    scratch = try EmbedScratch()
    _ = try scratch.model()
    try scratch.write("out/old.npy", "old")
  }

  /// Runs a script in the scratch folder with one thread.
  private func run(_ script: String) throws -> Ending {
    try shell("export APUS_THREADS=1; cd '\(scratch.path)'; \(script)")
  }

  @Test func binaryGoesIntoAPipe() throws {
    let words = "embed bert-mean one two --format binary"
    let ending = try run("\"$APUS\" \(words) | cmp - <(\"$APUS\" \(words) -o v && cat v) && wc -c < v")
    #expect(ending.code == 0 && ending.output.contains("512"), "\(ending)")
  }

  @Test func aReaderThatLeavesIsNoError() throws {
    let ending = try run(
      "yes a | \"$APUS\" embed bert-mean --lines --format jsonl | head -1; echo ${PIPESTATUS[1]}"
    )
    #expect(ending.output.hasPrefix("{\"index\":0,") && ending.output.hasSuffix("]}\n0\n"), "\(ending)")
    #expect(!ending.errors.contains("apus embed:"))
  }

  /// Waits for a child and tells its code; after half a minute it is ended by force. No process of the script may
  /// outlive it: Foundation waits for them all.
  private static let end =
    "for i in {1..300}; do kill -0 $child 2> /dev/null || break; sleep 0.1; done; "
    + "kill -KILL $child 2> /dev/null; wait $child; echo $?"

  /// A command that would go on for ever, and the code it should end with.
  static let endless: [(name: String, command: String, wait: String)] = [
    ("embedding", "embed bert-mean --lines -o out/old.npy < <(yes a)", "out/.old.npy.tmp*"),
    ("waiting for a text", "embed bert-mean -o out/old.npy < pipe", "out/.old.npy.tmp*"),
    (
      "waiting for a query", "search bert-mean empty --index out/old.index < pipe",
      "out/old.index"
    ),
  ]

  @Test(arguments: endless, ["INT", "TERM"])
  func aSignalLeavesNoHalfFile(_ work: (name: String, command: String, wait: String), _ signal: String) throws
  {
    // The signal comes when the program has begun to write, or to wait.
    let ending = try run(
      """
      mkdir empty; mkfifo pipe; exec 9<> pipe
      "$APUS" \(work.command) & child=$!
      for i in {1..300}; do ls \(work.wait) > /dev/null 2>&1 && break; sleep 0.1; done
      sleep 0.2; kill -\(signal) $child; \(Self.end)
      """)
    #expect(ending.output == (signal == "INT" ? "130\n" : "143\n"), "\(work.name): \(ending)")
    #expect(!ending.errors.contains("apus "), "\(work.name): \(ending)")
    #expect(try scratch.text("out/old.npy") == "old")
    #expect(try scratch.names(in: "out").filter { $0.contains("tmp") } == [])
  }

  @Test func anInterruptedSearchKeepsTheOldIndex() throws {
    let sentence = "The engine is small and runs all day.\n\n"
    for number in 0..<50 {
      try scratch.write("notes/\(number).txt", String(repeating: sentence, count: 500))
    }
    try scratch.write("notes/.apus-index", "old")
    let ending = try run(
      "\"$APUS\" search bert-mean notes q --rebuild --passage 64 & child=$!; sleep 2; kill -INT $child; \(Self.end)"
    )
    #expect(ending.output == "130\n", "\(ending)")
    #expect(try scratch.text("notes/.apus-index") == "old")
    #expect(try scratch.names(in: "notes").count == 51)
  }

  @Test func aFullDiskIsOneLineAndNoFile() throws {
    let lines = "yes a | head -300 |"
    for format in ["npy", "json", "jsonl", "bin"] {
      let ending = try run(
        "ulimit -f 8; \(lines) \"$APUS\" embed bert-mean --lines -o out/new.\(format); echo $?")
      #expect(ending.output == "1\n", "\(ending)")
      #expect(ending.errors.hasSuffix("apus embed: out/new.\(format): cannot write: File too large\n"))
    }
    #expect(try scratch.names(in: "out") == ["old.npy"])
    let ending = try run("ulimit -f 8; \(lines) \"$APUS\" embed bert-mean --lines > out/new; echo $? >&2")
    #expect(ending.errors.hasSuffix("apus embed: cannot write output: File too large\n1\n"), "\(ending)")
  }
}
