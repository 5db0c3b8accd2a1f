// The parser, against a table of command lines.

import ApusBasics
import Testing

@testable import ApusCommand

private func parse(_ words: [String], _ environment: [String: String] = [:]) throws(CommandError) -> Values {
  try ArgumentParser(
    options: SampleCommand.options, positionals: SampleCommand.arguments, environment: environment
  ).parse(words)
}

/// What a line means, written out: only what differs from the defaults.
private func meaning(_ values: Values) -> String {
  var parts: [String] = []
  if values[SampleCommand.verbose] { parts.append("verbose") }
  if values[SampleCommand.quiet] { parts.append("quiet") }
  if !values[SampleCommand.mapping] { parts.append("no-mmap") }
  if values[SampleCommand.count] != 16 { parts.append("predict=\(values[SampleCommand.count])") }
  if let threads = values[SampleCommand.threads] { parts.append("threads=\(threads)") }
  if values[SampleCommand.temperature] != 0.8 { parts.append("temp=\(values[SampleCommand.temperature])") }
  if let bias = values[SampleCommand.bias] { parts.append("bias=\(bias)") }
  if let prompt = values[SampleCommand.prompt] { parts.append("prompt=<\(prompt)>") }
  if let file = values[SampleCommand.file] { parts.append("file=<\(file)>") }
  if !values[SampleCommand.stops].isEmpty { parts.append("stop=\(values[SampleCommand.stops])") }
  if !values[SampleCommand.ids].isEmpty { parts.append("ids=\(values[SampleCommand.ids])") }
  if values[SampleCommand.mode] != .fast { parts.append("mode=\(values[SampleCommand.mode])") }
  if let model = values[SampleCommand.model] { parts.append("model=<\(model)>") }
  if let word = values[SampleCommand.modelWord] { parts.append("MODEL=<\(word)>") }
  if let word = values[SampleCommand.text] { parts.append("PROMPT=<\(word)>") }
  return parts.joined(separator: " ")
}

@Suite struct ArgumentParserTests {
  @Test(
    arguments: [
      ([], ""),
      (["-v"], "verbose"),
      (["-vq"], "verbose quiet"),
      (["--verbose", "--quiet"], "verbose quiet"),
      (["-n", "5"], "predict=5"),
      (["-n5"], "predict=5"),
      (["-n=5"], "predict=5"),
      (["-n", "-1"], "predict=-1"),
      (["-n-1"], "predict=-1"),
      (["--predict", "5"], "predict=5"),
      (["--predict=5"], "predict=5"),
      (["--n-predict", "5"], "predict=5"),
      (["--predict=5", "--n-predict=6"], "predict=6"),
      (["-vn5"], "verbose predict=5"),
      (["-vqn", "7"], "verbose quiet predict=7"),
      (["--temp", "-1.5"], "temp=-1.5"),
      (["--temp=1e0"], "temp=1.0"),
      (["--bias", "-.5"], "bias=-0.5"),
      (["--no-mmap"], "no-mmap"),
      (["--no-mmap", "--mmap"], ""),
      (["--mmap", "--no-mmap"], "no-mmap"),
      (["-p", "- a list"], "prompt=<- a list>"),
      (["-p", "-x"], "prompt=<-x>"),
      (["-p", "--"[...].description + "x"], "prompt=<--x>"),
      (["-p", ""], "prompt=<>"),
      (["--prompt="], "prompt=<>"),
      (["--prompt=a=b"], "prompt=<a=b>"),
      (["--prompt=--temp"], "prompt=<--temp>"),
      (["-f", "-"], "file=<->"),
      (["--stop", "a", "--stop=b"], "stop=[\"a\", \"b\"]"),
      (["--ids", "1,3, 40", "--ids", "5 6"], "ids=[1, 3, 40, 5, 6]"),
      (["--mode", "exact"], "mode=exact"),
      (["m.gguf"], "MODEL=<m.gguf>"),
      (["m.gguf", "hello"], "MODEL=<m.gguf> PROMPT=<hello>"),
      (["m.gguf", "-n", "3", "hello"], "predict=3 MODEL=<m.gguf> PROMPT=<hello>"),
      (["-m", "m.gguf", "hello"], "model=<m.gguf> PROMPT=<hello>"),
      (["hello", "--model", "m.gguf"], "model=<m.gguf> PROMPT=<hello>"),
      (["m.gguf", "--", "-n"], "MODEL=<m.gguf> PROMPT=<-n>"),
      (["m.gguf", "--", "--"], "MODEL=<m.gguf> PROMPT=<-->"),
      (["m.gguf", "-"], "MODEL=<m.gguf> PROMPT=<->"),
      (["m.gguf", "-5"], "MODEL=<m.gguf> PROMPT=<-5>"),
      (["m.gguf", "-.5"], "MODEL=<m.gguf> PROMPT=<-.5>"),
      (["m.gguf", "Grüße 🐦"], "MODEL=<m.gguf> PROMPT=<Grüße 🐦>"),
    ] as [([String], String)])
  func understands(_ words: [String], _ expected: String) throws {
    #expect(try meaning(parse(words)) == expected)
  }

  @Test(
    arguments: [
      (["--tmep", "1"], "unknown option '--tmep'; did you mean '--temp'?"),
      (["--thread", "1"], "unknown option '--thread'; did you mean '--threads'?"),
      (["--verb"], "unknown option '--verb'; did you mean '--verbose'?"),
      (["--no-map"], "unknown option '--no-map'; did you mean '--no-mmap'?"),
      (["--zzzzzz"], "unknown option '--zzzzzz'"),
      (["-x"], "unknown option '-x'"),
      (["-vx"], "unknown option '-x'"),
      (["-temp", "1"], "unknown option '-temp'; did you mean '--temp'?"),
      (["-n"], "option '-n' needs a value: -n N"),
      (["-n", "-v"], "option '-n' needs a value: -n N"),
      (["-p", "--temp", "0"], "option '-p' needs a value: -p TEXT"),
      (["-p", "--"], "option '-p' needs a value: -p TEXT"),
      (["--mode"], "option '--mode' needs a value: --mode MODE"),
      (["--verbose=1"], "option '--verbose' takes no value"),
      (["--no-mmap=x"], "option '--no-mmap' takes no value"),
      (["-n", "five"], "option '-n': 'five' is not a whole number"),
      (["-n", "1.5"], "option '-n': '1.5' is not a whole number"),
      (["-n", ""], "option '-n': '' is not a whole number"),
      (["-n", "99999999999999999999"], "option '-n': '99999999999999999999' is too large"),
      (["--n-predict", "-2"], "option '--n-predict': '-2' is not between -1 and 1000000"),
      (["-t", "0"], "option '-t': '0' is not between 1 and 1024"),
      (["--temp", "nan"], "option '--temp': 'nan' is not a number"),
      (["--temp", "inf"], "option '--temp': 'inf' is not a number"),
      (["--temp", "0x1p3"], "option '--temp': '0x1p3' is not a number"),
      (["--temp", "1e999"], "option '--temp': '1e999' is not a number"),
      (["--temp", "11"], "option '--temp': '11' is not between -10 and 10"),
      (["--mode", "quick"], "option '--mode': 'quick' is none of fast, exact"),
      (["-f", ""], "option '-f': '' is not a file name"),
      (["--ids", ","], "option '--ids': ',' holds no numbers"),
      (["--ids", "1,-2"], "option '--ids': '1,-2' is not between 0 and 65535"),
      (["a", "b", "c"], "unexpected argument 'c'"),
      (["a", "b", "c\u{1B}[31m\n"], "unexpected argument 'c\\u{1B}[31m\\n'"),
    ] as [([String], String)])
  func refuses(_ words: [String], _ message: String) {
    #expect(throws: CommandError.usage(message)) { try parse(words) }
  }

  @Test func environmentStandsInForAnAbsentOption() throws {
    let fromEnvironment = try parse([], ["APUS_THREADS": "3"])
    #expect(fromEnvironment[SampleCommand.threads] == 3)
    #expect(fromEnvironment.origin(of: SampleCommand.threads) == .environment("APUS_THREADS"))

    let fromLine = try parse(["-t", "2"], ["APUS_THREADS": "3"])
    #expect(fromLine[SampleCommand.threads] == 2)
    #expect(fromLine.origin(of: SampleCommand.threads) == .commandLine)

    let empty = try parse([], ["APUS_THREADS": ""])
    #expect(empty[SampleCommand.threads] == nil)
    #expect(empty.origin(of: SampleCommand.threads) == .absent)
    #expect(!empty.has(SampleCommand.threads))

    #expect(throws: CommandError.usage("environment variable APUS_THREADS: 'many' is not a whole number")) {
      try parse([], ["APUS_THREADS": "many"])
    }
  }

  @Test func requiredAndRemainingArguments() throws {
    let parser = ArgumentParser(options: [], positionals: RestCommand.arguments)
    #expect(throws: CommandError.usage("FIRST is missing")) { try parser.parse([]) }
    let one = try parser.parse(["a"])
    #expect(one[RestCommand.first] == "a")
    #expect(one[RestCommand.others] == [])
    let many = try parser.parse(["a", "b", "-7", "c"])
    #expect(many[RestCommand.others] == ["b", "-7", "c"])
  }

  @Test(
    arguments: [
      ("rn", ["run", "chat"], "run"),
      ("chta", ["run", "chat"], "chat"),
      ("tokenise", ["tokenize", "detokenize"], "tokenize"),
      ("inspekt", ["inspect", "run"], "inspect"),
      ("completion", ["completions", "chat"], "completions"),
      ("x", ["run", "chat"], nil),
      ("", ["run"], nil),
      ("frobnicate", ["run", "chat", "bench"], nil),
    ] as [(String, [String], String?)])
  func suggests(_ word: String, _ candidates: [String], _ expected: String?) {
    #expect(suggestion(for: word, among: candidates) == expected)
  }

  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("abcd", "acbd", 1),
    ("same", "same", 0),
  ])
  func measuresEdits(_ left: String, _ right: String, _ distance: Int) {
    #expect(editDistance(left, right) == distance)
    #expect(editDistance(right, left) == distance)
  }
}
