// Comparisons through processes: settings and programs in turn, programs that are none, and Ctrl-C.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite(.enabled(if: builtProgram != nil, "the program is not built beside the tests"))
struct BenchProcessTests {
  private let folder = ScratchDirectory()

  private func tiny() throws -> String {
    let path = folder.file("tiny.gguf")
    #expect(try shell("$APUS tiny \(path)").code == 0)
    return path
  }

  private func rival(_ words: String) throws -> Ending {
    try shell("$APUS bench \(tiny()) -t 1 --suite prefill -p 32 -r 3 \(words)")
  }

  @Test func settings() throws {
    let ending = try rival("--rival-set cache-type=f32 --rival-set batch-size=8 --json")
    #expect(ending.code == 0, "\(ending.errors)")
    #expect(ending.output.contains("batch-size=8 cache-type=f32 against this:"))
    #expect(ending.output.contains("| pp32") && ending.output.contains("\"verdict\":"))
    #expect(
      ending.output.contains("\"cache-type\":\"f32\"") && ending.output.contains("\"cache-type\":\"f16\""))
  }

  @Test("a slower rival is named, with the operation, and exits with 3")
  func slower() throws {
    let ending = try shell(
      "$APUS bench \(tiny()) -t 1 --suite prefill -p 32 -r 20 --rival $APUS --rival-set 'handicap=matmul F32=6'"
    )
    #expect(ending.code == 3, "\(ending.errors)")
    #expect(ending.output.contains("SLOWER: pp32: matmul F32 is "))
  }

  @Test(
    "programs that do not measure on request",
    arguments: [
      ("/dev/null", "cannot be run: Permission denied"), ("/nothing/there", "cannot be run: No such file"),
      ("/bin/false", "it does not measure on request: it says nothing"),
      ("/bin/echo", "it does not measure on request: it says 'bench --child"),
      ("OLD", "it does not measure on request: it says 'apus bench: unknown option '--child'"),
      ("NEW", "version 7.0 of apus speaks otherwise"), ("ODD", "it answers something else than times"),
    ])
  func wrongRivals(_ program: String, _ expected: String) throws {
    func script(_ text: String) throws -> String {
      let path = folder.file(program)
      try ("#!/bin/sh\n" + text).write(toFile: path, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
      return path
    }
    let path =
      switch program {
      case "OLD": try script("echo \"apus bench: unknown option '--child'\" >&2; exit 2\n")
      case "NEW": try script("echo '{\"format\":99,\"version\":\"7.0\"}'; read line\n")
      case "ODD": try script("\(builtProgram!) \"$@\" < /dev/null; read line; echo '{}'; read line\n")
      default: program
      }
    let ending = try rival("--rival \(path)")
    #expect(ending.code == 1 && ending.errors.contains(expected), "\(ending.errors)")
  }

  @Test("Ctrl-C shows and keeps what was measured, marked interrupted")
  func interrupted() throws {
    let path = try tiny()
    let ending = try shell(
      """
      cd \(folder.path)
      $APUS bench \(path) -t 1 --suite decode -n 8 --rival-set threads=1 --budget 30 > rival.out & rival=$!
      $APUS bench \(path) -t 1 --suite decode -n 8 --save cut --budget 30 & child=$!
      sleep 6; kill -INT $child $rival
      wait $rival; echo "code $?" >> rival.out; wait $child
      """)
    #expect(ending.code == 130, "\(ending.errors)")
    #expect(ending.output.contains("| tg8") && ending.output.contains("interrupted: this is what"))
    let text = try String(contentsOfFile: folder.file(".apus-bench/cut.json"), encoding: .utf8)
    let isMarked = text.contains("\"isInterrupted\":true")
    #expect(isMarked)
    let rivals = try String(contentsOfFile: folder.file("rival.out"), encoding: .utf8)
    #expect(
      rivals.contains("threads=1 against this:") && rivals.hasSuffix("code 130\n"), "\(ending.errors)")
  }
}
