// Folded stacks and traces, exactly.

import ApusBasics
import Testing

@testable import ApusProfile

@Suite struct TraceTests {
  @Test func foldedStacks() {
    #expect(
      smallProfile.foldedStacks == """
        generation;lookup 10000
        generation;lookup;waiting 10000
        generation;layer 0;attention;matmul Q4_K 500000
        generation;layer 1;attention;matmul Q4_K 500000
        generation;layer 1;attention;attention 400000
        generation;layer 1;attention;attention;waiting 200000
        generation;outside of all operations 380000

        """)
  }

  @Test func equalStacksAreOne() {
    let twice = operation("norm", "layer 0", busy: [300_000, 200_000])
    #expect(
      profile([phase([twice, twice])]).foldedStacks
        == "generation;layer 0;norm 1000000\ngeneration;outside of all operations 1000000\n")
  }

  @Test func foldedInterrupted() {
    var stopped = smallProfile
    stopped.isInterrupted = true
    #expect(
      stopped.foldedStacks.split(separator: "\n").allSatisfy { $0.hasPrefix("interrupted;generation;") })
  }

  @Test(arguments: hostileNames) func foldedHostile(_ name: String) throws {
    for line in hostileProfile(name).foldedStacks.split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast()
    {
      let space = try #require(line.lastIndex(of: " "))
      #expect(Int(line[line.index(after: space)...]) ?? 0 > 0, "\(line)")
      #expect(
        line[..<space].split(separator: ";", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty })
      #expect(!line.unicodeScalars.contains { $0.value < 32 })
    }
    #expect(emptyProfile.foldedStacks == "")
  }

  @Test func chromeTrace() throws {
    let trace = try JSONValue(parsing: smallProfile.chromeTrace.serialized())
    let expected = try JSONValue(
      parsing: """
        {"displayTimeUnit": "ns",
         "otherData": {"workload": "run tiny.gguf", "command": "apus profile run tiny.gguf",
          "processor": "Sample CPU", "kernels": "portable", "interrupted": false,
          "notes": ["The machine was busy."]},
         "traceEvents": [
          {"name": "process_name", "ph": "M", "pid": 1, "tid": 1, "args": {"name": "apus: run tiny.gguf"}},
          {"name": "thread_name", "ph": "M", "pid": 1, "tid": 1, "args": {"name": "worker 0"}},
          {"name": "thread_sort_index", "ph": "M", "pid": 1, "tid": 1, "args": {"sort_index": 0}},
          {"name": "thread_name", "ph": "M", "pid": 1, "tid": 2, "args": {"name": "worker 1"}},
          {"name": "thread_sort_index", "ph": "M", "pid": 1, "tid": 2, "args": {"sort_index": 1}},
          {"name": "lookup", "cat": "generation", "ph": "X", "ts": 1.5, "dur": 10.0, "pid": 1, "tid": 1,
           "args": {"phase": "generation", "scope": "", "arithmetic": "f32"}},
          {"name": "waiting", "cat": "waiting", "ph": "X", "ts": 1.5, "dur": 10.0, "pid": 1, "tid": 2,
           "args": {"phase": "generation"}},
          {"name": "matmul Q4_K", "cat": "generation", "ph": "X", "ts": 11.5, "dur": 250.0, "pid": 1, "tid": 1,
           "args": {"phase": "generation", "scope": "layer 0/attention", "arithmetic": "int8"}},
          {"name": "matmul Q4_K", "cat": "generation", "ph": "X", "ts": 12.0, "dur": 249.501, "pid": 1, "tid": 2,
           "args": {"phase": "generation", "scope": "layer 0/attention", "arithmetic": "int8"}},
          {"name": "resident memory", "ph": "C", "ts": 0.0, "pid": 1, "args": {"bytes": 1000000}},
          {"name": "resident memory", "ph": "C", "ts": 500.0, "pid": 1, "args": {"bytes": 3000000}},
          {"name": "resident memory", "ph": "C", "ts": 1000.0, "pid": 1, "args": {"bytes": 2900000}}]}
        """)
    #expect(trace == expected)
  }

  @Test func traceInterrupted() {
    var stopped = smallProfile
    stopped.isInterrupted = true
    #expect(stopped.chromeTrace["otherData"]?["remark"]?.string == Profile.interruptedText)
  }

  @Test(arguments: hostileNames) func traceHostile(_ name: String) throws {
    let trace = try JSONValue(parsing: hostileProfile(name).chromeTrace.serialized())
    #expect(trace["traceEvents"]?.array?.count == 12)
    // Places that lead nowhere are left out.
    var broken = smallProfile
    broken.timeline[0].operation = 99
    broken.timeline[1].phase = 7
    broken.timeline[2].end = 0
    #expect(broken.chromeTrace["traceEvents"]?.array?.count == 9)
  }
}
