// `apus train` as a process: signals that end it with a checkpoint (F79), readers that leave, a disk that is full, and being
// killed at any moment (F78).

import ApusBasics
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite(.enabled(if: builtProgram != nil, "needs the built program"), .timeLimit(.minutes(5)))
struct TrainProcessTests {
  let scratch: EmbedScratch

  init() throws {
    scratch = try EmbedScratch()
    try scratch.writeRun()
  }

  /// Runs a script in the scratch folder.
  private func run(_ script: String) throws -> Ending {
    try shell("export APUS_THREADS=1; cd '\(scratch.path)'; \(script)")
  }

  @Test("F79: a signal ends the step, saves and exits with 0", arguments: ["INT", "TERM", "USR1"])
  func signals(_ name: String) throws {
    let ending = try run(
      """
      "$APUS" train run.json --set steps=100000000 > log & child=$!
      for i in {1..300}; do grep -q "^step 2/" log && break; sleep 0.1; done
      kill -\(name) $child
      for i in {1..300}; do kill -0 $child 2> /dev/null || break; sleep 0.1; done
      kill -KILL $child 2> /dev/null; wait $child; echo $?
      """)
    #expect(ending.output == "0\n", "\(ending)")
    let log = try scratch.text("log")
    #expect(
      log.contains("saved ") && log.contains("stopped by signal") && log.contains("can go on"), "\(log)")
    #expect(try scratch.names(in: "out").contains { $0.hasPrefix("step-") && !$0.contains(".") })
    let next = try run("\"$APUS\" train run.json --set steps=100000000 --plan")
    #expect(next.code == 0)
  }

  @Test("a reader that leaves does not end the run")
  func reader() throws {
    let ending = try run("\"$APUS\" train run.json --set log.every=1 | head -1; echo ${PIPESTATUS[0]}")
    #expect(ending.output.hasSuffix("\n0\n") && ending.output.hasPrefix("step 1/6"), "\(ending)")
    #expect(try scratch.names(in: "out").contains("model"))
    let closed = try run("\"$APUS\" train run.json --set steps=8 >&-; echo $?")
    #expect(closed.output == "0\n", "\(closed)")
    #expect(try scratch.names(in: "out").contains { $0.hasSuffix("000008") })
  }

  @Test("F77: a full disk is told, and is an error only at the end")
  func fullDisk() throws {
    let ending = try run("ulimit -f 60; \"$APUS\" train run.json --set checkpoint.every=2 2>&1; echo $?")
    #expect(ending.output.contains("the checkpoint of step 2 was not saved"), "\(ending)")
    #expect(ending.output.contains("training goes on"), "\(ending)")
    #expect(ending.output.contains("apus train: the checkpoint of step 6 was not saved"), "\(ending)")
    #expect(ending.output.hasSuffix("\n1\n"), "\(ending)")
    let next = try run("\"$APUS\" train run.json --set checkpoint.every=2; echo $?")
    #expect(next.output.hasSuffix("\n0\n"), "\(next)")
  }

  @Test("a run takes the memory that --plan says")
  func memory() throws {
    let sizes =
      "--set model.hidden=256 --set model.vocabulary=10000 --set batch.micro=4 --set batch.length=128"
    let text = (0..<200).map { "{\"text\": \"\(String(repeating: "abcdefgh", count: 5))\($0)\"}\n" }.joined()
    try scratch.write("train.jsonl", text)
    let plan = try run("\"$APUS\" train run.json \(sizes) --plan --json")
    let forecast = try #require(JSONValue(parsing: Array(plan.output.utf8))["memory"]?["total"]?.double)
    #expect(try run("\"$APUS\" train run.json \(sizes)").code == 0)
    let records = try scratch.text("out/log.jsonl").split(separator: "\n").compactMap {
      try JSONValue(parsing: Array($0.utf8))["memory"]?.double
    }
    let taken = try #require(records.max())
    #expect(abs(taken - forecast) < 0.15 * forecast, "\(forecast) bytes are forecast, \(taken) taken")
  }

  @Test("F78: killed at random moments, the run ends with the same bits")
  func kills() throws {
    let ending = try run("APUS=\"$APUS\" '\(Fixtures.path("../../dev/kill-training.sh"))' 20 2>&1")
    #expect(ending.code == 0 && ending.output.contains("20 kills"), "\(ending)")
  }
}
