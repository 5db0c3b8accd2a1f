// `apus bench` from end to end on a tiny model: tables, JSON, results kept and compared, and what is wrong with a command
// line before anything is measured.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct BenchTests {
  private let folder = ScratchDirectory()

  private func model() -> String {
    let path = folder.file("tiny.gguf")
    if !FileManager.default.fileExists(atPath: path) { #expect(runApplication(["tiny", path]).code == 0) }
    return path
  }

  private func bench(_ words: [String]) -> Ending {
    runApplication(
      ["bench", model(), "-t", "1", "-r", "3", "--results", folder.file("results")] + words)
  }

  @Test func plainTable() throws {
    let ending = runApplication([
      "bench", model(), "-p", "8,16", "-n", "4", "--parallel", "2", "-r", "2", "-t", "1", "--json",
    ])
    #expect(ending.code == 0)
    let lines = ending.output.split(separator: "\n")
    #expect(lines[0].hasPrefix("| model") && lines[0].hasSuffix("t/s |"))
    #expect(lines.filter { $0.contains(" ± ") }.count == 4)
    let document = try JSONSerialization.jsonObject(with: Data(lines.last!.utf8)) as? [String: Any]
    let results = try #require(document?["results"] as? [[String: Any]])
    #expect(results.map { $0["test"] as? String } == ["pp8", "pp16", "tg4", "tg4x2"])
    #expect(
      results.allSatisfy {
        ($0["tokensPerSecond"] as? Double ?? 0) > 0 && ($0["samples"] as? [Double])?.count == 2
      })
    #expect(document?["record"] == nil)
  }

  @Test func profile() {
    let ending = runApplication(["bench", model(), "-p", "8", "-n", "0", "-r", "1", "-t", "1", "--profile"])
    #expect(ending.code == 0 && ending.output.contains("matmul F32") && ending.output.contains("of limit"))
  }

  @Test("kept, and compared with itself kept: operations and limits are in the file")
  func keptAndCompared() throws {
    let words = ["--suite", "prefill,decode", "-p", "16", "-n", "4"]
    let kept = bench(words + ["--save", "first", "--profile"])
    #expect(kept.code == 0 && kept.errors.contains("saved as"))
    #expect(kept.output.contains("| tg4") && kept.output.contains("| pp16 | matmul F32"))
    let text = try String(contentsOfFile: folder.file("results/first.json"), encoding: .utf8)
    for word in ["\"memory\":", "\"arithmetic\":", "\"matmul F32\"", "\"fingerprint\":"] {
      let isThere = text.contains(word)
      #expect(isThere, "\(word)")
    }
    let compared = bench(words + ["--against", "first", "--json"])
    // Three rounds are too few for any alarm.
    #expect(compared.code == 0)
    #expect(
      compared.output.contains("against first, apus ")
        && compared.output.contains("too few rounds to say: 3 "))
    #expect(compared.output.contains("\"isRegression\":false"))
    let history = runApplication([
      "bench", "history", folder.file("results"), "--test", "tg4", "--html", folder.file("h.html"), "--json",
    ])
    #expect(history.code == 0 && history.output.contains("| first") && !history.output.contains("pp16"))
    #expect(FileManager.default.fileExists(atPath: folder.file("h.html")))
    let other = runApplication(["bench", "history", folder.file("results"), "--test", "tg5"])
    #expect(other.code == 1 && other.errors.contains("did you mean 'tg4'?"))
  }

  @Test("a baseline of another suite, thread count or setting is refused before anything is measured")
  func refused() throws {
    #expect(bench(["--suite", "decode", "-n", "2", "--save", "base"]).code == 0)
    let suite = bench(["--suite", "prefill", "-p", "2", "--against", "base"])
    #expect(suite.code == 1 && suite.errors.contains("its suite is decode, now it is prefill"))
    let setting = bench(["--suite", "decode", "-n", "2", "--cache-type", "f32", "--against", "base"])
    #expect(setting.code == 1 && setting.errors.contains("its cache-type is f16, now it is f32"))
    let path = folder.file("results/base.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: "\"threads\":1", with: "\"threads\":64")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let threads = bench(["--suite", "decode", "-n", "2", "--against", "base"])
    #expect(threads.code == 1 && threads.errors.contains("its number of threads is 64, now it is 1"))
    try String(text.prefix(100)).write(toFile: path, atomically: true, encoding: .utf8)
    let damaged = bench(["--suite", "decode", "-n", "2", "--against", "base"])
    #expect(damaged.code == 1 && damaged.errors.contains("is no result of apus bench: line 1"))
    try "".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(bench(["--against", "base"]).errors.contains("it is empty"))
  }

  @Test("a slowdown that is injected is found, named, and exits with 3")
  func handicap() {
    let words = [
      "bench", model(), "-t", "1", "-r", "20", "--results", folder.file("slow"), "--suite", "prefill", "-p",
      "8",
    ]
    #expect(runApplication(words + ["--save", "base"]).code == 0)
    let slower = runApplication(words + ["--against", "base", "--handicap", "matmul F32=6"])
    #expect(slower.code == 3, "\(slower.output)")
    #expect(
      slower.output.contains("SLOWER: pp8: matmul F32 is ")
        && slower.output.contains("was made to take 6 times"))
    let unknown = runApplication(words + ["--handicap", "matmul F33=6"])
    #expect(unknown.code == 1 && unknown.errors.contains("did you mean 'matmul F32'?"))
  }

  @Test(
    "wrong words",
    arguments: [
      (["--suite", "prefil"], "unknown suite 'prefil'; did you mean 'prefill'?"),
      (["--suite", ""], "--suite names no suite"),
      (["--save", "a/b"], "'a/b' cannot name a result"),
      (["--against", "../x"], "'../x' cannot name a result"),
      (["--against", "nothing"], "has no result 'nothing'"),
      (["--handicap", "matmul"], "'matmul' is no handicap"),
      (["--rival", "x", "--save", "y"], "leave out --save"), (["--rival-set", "threads"], "there is no '='"),
      (["--rival-set", "thread=1"], "did you mean 'threads'?"),
      (["--rival-set", "coarse-activations=maybe"], "it is true or false"),
      (["--suite", "decode", "-n", "100000"], "the tests need 100000 positions"),
      (["--suite", "prefill", "-p", "0"], "nothing to measure"),
    ])
  func wrong(_ words: [String], _ expected: String) {
    let ending = bench(words)
    #expect(ending.code != 0 && ending.errors.contains(expected), "\(ending.errors)")
    #expect(ending.output.isEmpty)
  }

  @Test func embeddingsNeedAModel() {
    let ending = runApplication(["bench", "--suite", "embeddings"])
    #expect(ending.code == 2 && ending.errors.contains("needs a model that makes vectors"))
  }

  @Test("a folder that cannot be made is told before measuring")
  func folderNotWritable() {
    let file = folder.write("file", [1])
    let ending = runApplication(["bench", model(), "--save", "x", "--results", file + "/in"])
    #expect(ending.code == 1 && ending.errors.contains("cannot make the folder"))
    let other = runApplication(["bench", model(), "--save", "x", "--results", file])
    #expect(other.code == 1 && other.errors.contains("is a file"))
  }

  @Test func historyOfNothing() {
    let ending = runApplication(["bench", "history", folder.file("none")])
    #expect(ending.code == 1 && ending.errors.contains("--save NAME keeps a result"))
  }
}
