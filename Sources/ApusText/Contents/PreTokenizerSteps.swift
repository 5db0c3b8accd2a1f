// Which of llama.cpp's pre-tokenizers is which sequence of patterns in a tokenizer.json. A test holds every line against
// the splitters of both.

/// A pre-tokenizer that both formats have a way to say.
struct PreTokenizerSteps {
  /// llama.cpp's name.
  let name: String
  /// Names of SplitPatterns, one after the other.
  let steps: [String]
  /// Whether a word that is a piece is that token, whatever the merges say.
  let ignoresMerges: Bool

  private init(_ name: String, _ steps: String..., ignoresMerges: Bool = false) {
    (self.name, self.steps, self.ignoresMerges) = (name, steps, ignoresMerges)
  }

  /// Of several names for the same the first is written.
  static let all = [
    PreTokenizerSteps("gpt-2", "gpt-2"),
    PreTokenizerSteps("llama-bpe", "llama3", ignoresMerges: true),
    PreTokenizerSteps("llama3", "llama3", ignoresMerges: true),
    PreTokenizerSteps("llama-v3", "llama3", ignoresMerges: true),
    PreTokenizerSteps("dbrx", "llama3"),
    PreTokenizerSteps("smaug-bpe", "llama3"),
    PreTokenizerSteps("qwen2", "qwen2"),
    PreTokenizerSteps("stablelm2", "qwen2"),
    PreTokenizerSteps("qwen35", "qwen35"),
    PreTokenizerSteps("seed-coder", "seed-coder"),
    PreTokenizerSteps("gpt-4o", "gpt-4o"),
    PreTokenizerSteps("tekken", "tekken", ignoresMerges: true),
    PreTokenizerSteps("smollm", "single numbers", "gpt-2"),
    PreTokenizerSteps("starcoder", "single numbers", "gpt-2"),
    PreTokenizerSteps("bloom", "bloom"),
    PreTokenizerSteps(
      "deepseek-coder", "line breaks", "letters", "punctuation", "east asian", "single numbers"),
    PreTokenizerSteps("deepseek-v3", "three numbers", "ideographs and kana", "deepseek-v3"),
  ]

  static func named(_ name: String) -> PreTokenizerSteps? { all.first { $0.name == name } }

  static func name(_ steps: [String], ignoresMerges: Bool) -> String? {
    all.first { $0.steps == steps && $0.ignoresMerges == ignoresMerges }?.name
  }

  /// The splitters of the steps.
  var splitters: [any Splitter] { steps.compactMap { SplitPatterns.named($0)?.splitter } }
}
