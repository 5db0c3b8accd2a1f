// An audit in Markdown, letter by letter, and as JSON.

import ApusBasics
import Testing

@testable import ApusProfile

@Suite struct AuditTextTests {
  @Test func markdown() {
    #expect(AuditText(Audit(smallProfile)).markdown == Self.expected)
  }

  @Test func interruptedOnTop() {
    var stopped = smallProfile
    stopped.isInterrupted = true
    #expect(AuditText(Audit(stopped)).lines[2] == "> **\(Profile.interruptedText)**")
    #expect(Audit(stopped).json["interrupted"]?.bool == true)
    #expect(!AuditText(Audit(smallProfile)).markdown.contains("Interrupted"))
  }

  /// Every row of a table has the columns of its heading, and nothing becomes markup.
  @Test(arguments: hostileNames) func hostile(_ name: String) {
    var columns: Int?
    for line in AuditText(Audit(hostileProfile(name))).lines {
      #expect(!line.unicodeScalars.contains { $0.value < 32 || $0.value == 0x7F })
      guard line.hasPrefix("| ") else {
        columns = nil
        if !line.hasPrefix("    ") { #expect(!Self.hasTag(line), "\(line)") }
        continue
      }
      let bars = Self.bars(line)
      #expect(columns ?? bars == bars, "\(line)")
      columns = bars
    }
  }

  @Test func json() throws {
    let json = try JSONValue(parsing: Audit(smallProfile).json.serialized(pretty: true))
    let first = try #require(json["hotPaths"]?.array?.first)
    #expect(first["name"]?.string == "matmul Q4_K")
    #expect(first["bound"]?.string == "memory")
    #expect(first["share"]?.double == 0.5)
    #expect(first["roofline"]?.double == 0.5)
    #expect(json["phases"]?.array?.first?["tokensPerSecond"]?.double == 4000)
    #expect(json["allocations"]?.int == 0)
  }

  /// Bars that are not escaped.
  private static func bars(_ line: String) -> Int {
    var (count, isEscaped) = (0, false)
    for scalar in line.unicodeScalars {
      if scalar == "|", !isEscaped { count += 1 }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return count
  }

  private static func hasTag(_ line: String) -> Bool {
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if scalar == "<", !isEscaped { return true }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return false
  }

  private static let expected = """
    # Where the time goes: run tiny.gguf

        apus profile run tiny.gguf

    Sample CPU, kernels portable, threads 2, physical cores 2, at most 8.00 GB of memory.

    Measured limits with all threads: 100 GFLOP/s in f32, 200 GFLOP/s in bf16, 400 GFLOP/s in int8, 10.0 \
    GB/s from memory; with one: 50.0 GFLOP/s in f32, 100 GFLOP/s in bf16, 200 GFLOP/s in int8, 8.00 GB/s \
    from memory.

    ## Speed

    | phase      | tokens/s | steps | tokens |    time | GFLOP/s | GB/s | of compute | of memory | of roofline | waiting | serial | outside | bytes a token |
    | ---------- | -------: | ----: | -----: | ------: | ------: | ---: | ---------: | --------: | ----------: | ------: | -----: | ------: | ------------: |
    | generation |   4000.0 |     2 |      4 | 1.00 ms |    20.0 |  2.6 |      8.0 % |    26.0 % |      29.0 % |  10.5 % |  1.0 % |  19.0 % |        650 kB |

    ## Hot paths

    | phase      | operation   |    time |  share | calls | GFLOP/s | GB/s | of roofline | bound by  |   gain |
    | ---------- | ----------- | ------: | -----: | ----: | ------: | ---: | ----------: | --------- | -----: |
    | generation | matmul Q4_K |  500 µs | 50.0 % |     4 |    32.0 |  5.0 |      50.0 % | memory    | 1.33 × |
    | generation | attention   |  300 µs | 30.0 % |     2 |    13.3 |  0.3 |      13.3 % | imbalance | 1.35 × |
    | generation | lookup      | 10.0 µs |  1.0 % |     2 |     0.0 |  0.1 |       1.0 % | serial    | 1.01 × |

    "of roofline" is the larger of arithmetic over its peak and bytes over the bandwidth, both as \
    measured on this machine with all threads. Bytes are counted as if nothing were cached, so a cache \
    may carry it above 100 %. "gain" is how much faster the whole run would be if only this reached its \
    roofline: 1 / (1 − share · (1 − roofline)).

    1. **matmul Q4_K** (generation): 50.0 % of the time, bound by memory. At 50.0 % of the roofline; \
    reaching it would make the run 1.33 × as fast. 5.00 GB/s cross the bus if nothing is cached, 50.0 % \
    of what memory gives: more bytes must be in flight at once, by longer rows for each thread or by \
    prefetching, before a narrower format pays.
    2. **attention** (generation): 30.0 % of the time, bound by imbalance. At 13.3 % of the roofline; \
    reaching it would make the run 1.35 × as fast. The busiest thread works 1.50 times the mean and 33.3 \
    % of the threads' time is waiting for the last: smaller units of work share better, unless another \
    program or the hypervisor takes processors away.
    3. **lookup** (generation): 1.0 % of the time, bound by serial work. At 1.0 % of the roofline; \
    reaching it would make the run 1.01 × as fast. One thread works and the others wait, 1.0 % of the \
    workload's time: share its rows, or run it with more tokens at once.

    ## The whole run

    * time of all phases: 1.00 ms
    * at the machine's limits it would take: 29.0 % of that
    * one thread works alone: 1.0 %, so more threads can make it 100.0 times as fast at most
    * threads wait for each other: 10.5 %
    * outside of all operations: 19.0 %
    * parallel efficiency t₁/(n·tₙ): 60.0 % with 2 threads
    * most memory in use: 3.00 MB
    * heap allocations in steps: 0
    * page faults: 12 without a disk, 1 from one
    * context switches: 3 voluntary, 4 involuntary
    * processor's counters: kernel.perf_event_paranoid is 3

    ## Memory

    | purpose          | reserved | in memory |
    | ---------------- | -------: | --------: |
    | weights (mapped) |  2.50 MB |   2.40 MB |
    | keys and values  |   100 kB |         – |

    ## Notes

    * The machine was busy.
    """ + "\n"
}
