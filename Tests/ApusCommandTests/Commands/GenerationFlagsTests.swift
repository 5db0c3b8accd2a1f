// The options of generating commands, against the settings they stand for.

import ApusInference
import Testing

@testable import ApusCommand

private let rows =
  [
    GenerationFlags.prompt.row, GenerationFlags.promptFile.row, GenerationFlags.predict.row,
    GenerationFlags.context.row,
    GenerationFlags.batch.row, GenerationFlags.stops.row, GenerationFlags.ignoreEnd.row,
    GenerationFlags.parallel.row,
    GenerationFlags.special.row, GenerationFlags.profile.row, ModelFile.option.row, CommonOptions.threads.row,
    CommonOptions.json.row, CommonOptions.verbose.row,
  ] + SamplingFlags.rows

private func parse(_ words: [String]) throws -> Values {
  try ArgumentParser(
    options: rows, positionals: [ModelFile.argument.row, GenerationFlags.promptArgument.row]
  ).parse(words)
}

private func options(_ words: [String]) throws -> GenerationOptions {
  try GenerationFlags.generation(parse(words), defaults: SamplingOptions(), contextLength: 256)
}

@Suite struct GenerationFlagsTests {
  @Test func withoutFlagsNothingChanges() throws {
    var defaults = SamplingOptions()
    defaults.temperature = 0.3
    defaults.topK = 7
    let options = try GenerationFlags.generation(parse([]), defaults: defaults, contextLength: 256)
    #expect(options.sampling == defaults)
    #expect(options.maxTokens == nil && options.stop == [] && !options.ignoresEndOfText)
  }

  /// Each flag, and how the defaults look with it.
  static let flags: [(words: [String], change: @Sendable (inout SamplingOptions) -> Void)] = [
    (["--temp", "0"], { $0.temperature = 0 }),
    (["--temperature", "1.5"], { $0.temperature = 1.5 }),
    (["--top-k", "0"], { $0.topK = 0 }),
    (["--top-p", "1"], { $0.topP = 1 }),
    (["--min-p", ".1"], { $0.minP = 0.1 }),
    (["--top-nsigma", "-1"], { $0.topNSigma = -1 }),
    (["--top-nsigma", "2"], { $0.topNSigma = 2 }),
    (["--typical", "0.5"], { $0.typicalP = 0.5 }),
    (
      ["--xtc-probability", "0.5", "--xtc-threshold", "0.2"],
      {
        $0.xtcProbability = 0.5; $0.xtcThreshold = 0.2
      }
    ),
    (["--repeat-last-n", "-1"], { $0.penaltyLastN = 256 }),
    (["--repeat-penalty", "1.1"], { $0.repeatPenalty = 1.1 }),
    (["--presence-penalty=-2"], { $0.presencePenalty = -2 }),
    (["--frequency-penalty", "2"], { $0.frequencyPenalty = 2 }),
    (["--dry-multiplier", "0.8"], { $0.dryMultiplier = 0.8 }),
    (["--dry-base", "2"], { $0.dryBase = 2 }),
    (["--dry-allowed-length", "3"], { $0.dryAllowedLength = 3 }),
    (["--dry-penalty-last-n", "-1"], { $0.dryPenaltyLastN = 256 }),
    (
      ["--dry-sequence-breaker", "\\n", "--dry-sequence-breaker", "a\\\\b"],
      { $0.drySequenceBreakers = ["\n", "a\\b"] }
    ),
    (["--dry-sequence-breaker", "none"], { $0.drySequenceBreakers = [] }),
    (
      ["--dynatemp-range", "0.5", "--dynatemp-exp", "2"],
      {
        $0.dynamicTemperatureRange = 0.5; $0.dynamicTemperatureExponent = 2
      }
    ),
    (
      ["--mirostat", "2", "--mirostat-lr", "0.2", "--mirostat-ent", "4"],
      {
        $0.mirostat = 2; $0.mirostatEta = 0.2; $0.mirostatTau = 4
      }
    ),
    (["--min-keep", "2"], { $0.minKeep = 2 }),
    (["--seed", "42"], { $0.seed = 42 }),
    (["-s", "18446744073709551615"], { $0.seed = .max }),
    (["-s", "-1"], { $0.seed = nil }),
    (["--samplers", "top_k;temperature"], { $0.samplers = [.topK, .temperature] }),
    (["--sampler-seq", "kt"], { $0.samplers = [.topK, .temperature] }),
    (
      ["-l", "5+1.5", "-l", "6-2", "--logit-bias", "7-inf"],
      { $0.logitBias = [5: 1.5, 6: -2, 7: -.infinity] }
    ),
  ]

  @Test(arguments: flags.indices)
  func aFlagSetsItsSetting(_ index: Int) throws {
    let (words, change) = Self.flags[index]
    var expected = SamplingOptions()
    change(&expected)
    #expect(try options(words).sampling == expected, "\(words)")
  }

  @Test func everySamplingRowIsTested() {
    let tested = Set(Self.flags.flatMap(\.words))
    for row in SamplingFlags.rows {
      let spellings = row.allSpellings + row.allSpellings.map { $0 + "=-2" }
      #expect(spellings.contains(where: tested.contains), "--\(row.name)")
    }
  }

  @Test(arguments: [
    ["--temp", "-1"], ["--temp", "nan"], ["--top-p", "1.1"], ["--top-k", "-1"], ["--seed", "-2"],
    ["--seed", "1.5"], ["--samplers", "top_q"], ["--sampler-seq", "z"], ["-l", "5"], ["-l", "x+1"],
    ["-l", "5+inf"], ["-l", "5+99999999"], ["--mirostat", "3"], ["-n", "-3"], ["-c", "-1"], ["-b", "0"],
  ])
  func whatMakesNoSenseIsAUsageError(_ words: [String]) {
    do {
      _ = try options(words)
      Issue.record("\(words) was accepted")
    } catch let error as CommandError {
      #expect(error.exitCode == 2, "\(words): \(error)")
    } catch {
      Issue.record("\(words): \(error)")
    }
  }

  @Test func limits() throws {
    #expect(try options(["-n", "5"]).maxTokens == 5)
    #expect(try options(["-n", "0"]).maxTokens == 0)
    #expect(try options(["--n-predict", "-1"]).maxTokens == nil)
    #expect(try options(["--stop", "a", "-r", "b", "--ignore-eos"]).stop == ["a", "b"])
    #expect(GenerationFlags.contextLength(try parse(["-c", "0"])) == nil)
    #expect(GenerationFlags.contextLength(try parse(["-c", "128"])) == 128)
  }

  @Test func thePromptComesFromWhereItIsSaid() throws {
    func prompt(_ words: [String], _ input: String = "", terminal: Bool = false) throws -> String? {
      let console = Console(
        input: InputChannel(inMemory: Array(input.utf8), isTerminal: terminal),
        output: OutputChannel(inMemory: false),
        errors: OutputChannel(inMemory: false), environment: [:], width: 80)
      return try GenerationFlags.prompt(parse(words), console).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(try prompt(["m", "hello"]) == "hello")
    #expect(try prompt(["m", "-p", "hello"]) == "hello")
    #expect(try prompt(["-m", "m", "hello"]) == "hello")
    #expect(try prompt(["m", "-"], "typed") == "typed")
    #expect(try prompt(["m"], "piped") == "piped")
    #expect(try prompt(["m", "-f", "-"], "piped") == "piped")
    #expect(try prompt(["m"], terminal: true) == nil)
    #expect(try prompt(["m", ""], terminal: true) == "")
    // A prompt that is a hyphen can still be said.
    #expect(try prompt(["m", "-p", "-"], "piped") == "-")
    #expect(throws: CommandError.usage("the prompt is given twice")) { try prompt(["m", "a", "-f", "-"]) }
  }
}
