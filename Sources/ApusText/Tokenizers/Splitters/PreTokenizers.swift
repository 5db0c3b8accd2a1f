// Every value of `tokenizer.ggml.pre` that llama.cpp knows, with the splitters it stands for and the settings it
// implies. The facts are those of llama.cpp's src/llama-vocab.cpp and, where it names one, of the original pattern in
// the model's tokenizer.json. Patterns that differ only in spelling share a splitter.

/// What a pre-tokenizer stands for.
struct PreTokenizer: Sendable {
  var splitter: any Splitter
  /// A word that is a token is that token, whatever the merges say.
  var ignoreMerges = false
  /// A text begins with BOS unless the file says otherwise.
  var addBOS = false
  /// Pieces are plain UTF-8 rather than the byte alphabet of GPT-2.
  var plainPieces = false
  /// Spaces are spelled ▁ in the pieces.
  var escapesSpaces = false

  /// The default BOS and EOS of this kind of tokenizer do not apply.
  var noDefaultBOS = false

  /// One that has no name.
  init(splitter: any Splitter, plainPieces: Bool, escapesSpaces: Bool) {
    self.splitter = splitter
    self.plainPieces = plainPieces
    self.escapesSpaces = escapesSpaces
  }

  private init(_ splitters: any Splitter...) {
    splitter = splitters.dropFirst().reduce(splitters[0]) { SplitterChain(first: $0, second: $1) }
  }

  private func with(_ change: (inout PreTokenizer) -> Void) -> PreTokenizer {
    var copy = self
    change(&copy)
    return copy
  }

  /// What `name` stands for, or an error that says the name.
  static func named(_ name: String) throws(TokenizerError) -> PreTokenizer {
    switch name {
    case "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum",
      "modern-bert", "jina-v1-en", "jina-v2-code", "roberta-bpe", "mpt", "olmo", "jais", "exaone4",
      "trillion",
      "granite-docling":
      return PreTokenizer(GPT2Splitter())
    case "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2":
      return PreTokenizer(RunSplitter(set: .numbers, limit: 1), GPT2Splitter())
    case "falcon":
      return PreTokenizer(
        RunSplitter(set: CharacterSet(classes: .punctuation, "$+<=>^~|`")), GPT2Splitter(),
        ThreeDigitsSplitter())
    case "default":
      return PreTokenizer(
        RunSplitter(set: CharacterSet(classes: .punctuation, "$+<=>^~|")), GPT2Splitter(),
        RunSplitter(set: .numbers), ThreeDigitsSplitter())

    case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
      "jina-v5-nano":
      return PreTokenizer(WordSplitter()).with {
        $0.ignoreMerges = true
        $0.addBOS = true
      }
    case "dbrx", "smaug-bpe": return PreTokenizer(WordSplitter())
    case "chatglm-bpe": return PreTokenizer(WordSplitter()).with { $0.noDefaultBOS = true }
    case "glm4", "glm5":
      return PreTokenizer(WordSplitter()).with {
        $0.noDefaultBOS = true
        $0.ignoreMerges = true
      }
    case "jais-2": return PreTokenizer(WordSplitter(), SpaceLadderSplitter())
    case "minicpm5":
      return PreTokenizer(RunSplitter(set: .numbers, limit: 3), WordSplitter(digits: 0)).with {
        $0.ignoreMerges = true
      }
    case "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "megrez", "hunyuan", "solar-open",
      "grok-2":
      return PreTokenizer(WordSplitter(digits: 1))
    case "bailingmoe", "bailingmoe2", "llada-moe": return PreTokenizer(WordSplitter(digits: 1))
    case "qwen35": return PreTokenizer(WordSplitter(letters: .withMarks, digits: 1))
    case "seed-coder": return PreTokenizer(WordSplitter(digits: 1, tail: .none))
    case "ufakzeka": return PreTokenizer(WordSplitter(contractions: false, digits: 1))
    case "laguna": return PreTokenizer(LineSplitter(), WordSplitter(digits: 1))
    case "exaone-moe": return PreTokenizer(WordSplitter(letters: .phrases, digits: 1, tail: .lineOrSlash))

    case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2": return PreTokenizer(CaseSplitter())
    case "granite-embed-multi-97m": return PreTokenizer(CaseSplitter()).with { $0.ignoreMerges = true }
    case "tekken":
      return PreTokenizer(CaseSplitter(contractions: false, digits: 1)).with {
        $0.ignoreMerges = true
        $0.addBOS = true
      }
    case "tiny_aya", "cohere2moe":
      return PreTokenizer(DigitGroupsSplitter(rule: .wholeWords), CaseSplitter())
    case "youtu":
      return PreTokenizer(
        ScriptRunsSplitter(sets: [.hangul, .fullWidthPunctuation, .bopomofo, .ideographsAndKana]),
        CaseSplitter(digits: 1)
      ).with { $0.ignoreMerges = true }
    case "kimi-k2": return PreTokenizer(CaseSplitter(slashes: false, separatesHan: true))

    case "deepseek-llm":
      return PreTokenizer(
        RunSplitter(set: .lineBreaks, limit: 1), RunSplitter(set: .deepSeekLetters, before: .whitespace),
        RunSplitter(set: .deepSeekPunctuation, before: .whitespace), TrailingSpaceSplitter(),
        RunSplitter(set: .eastAsian), RunSplitter(set: .numbers))
    case "deepseek-coder":
      return PreTokenizer(
        RunSplitter(set: .lineBreaks, limit: 1), RunSplitter(set: .letters, before: .whitespace),
        RunSplitter(set: .punctuation, before: .whitespace), RunSplitter(set: .eastAsian),
        RunSplitter(set: .numbers, limit: 1))
    case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4":
      return PreTokenizer(
        RunSplitter(set: .numbers, limit: 3), RunSplitter(set: .ideographsAndKana), DeepSeekSplitter())
    case "spark2_5":
      return PreTokenizer(
        RunSplitter(set: .numbers, limit: 3), RunSplitter(set: .ideographsAndKana),
        DeepSeekSplitter(singleLines: true), RunSplitter(set: .numbers, limit: 1))
    case "afmoe":
      return PreTokenizer(
        DigitGroupsSplitter(rule: .numbers), RunSplitter(set: .asianScripts), DeepSeekSplitter())

    case "poro-chat", "bloom", "gpt3-finnish": return PreTokenizer(BloomSplitter())
    case "viking": return PreTokenizer(BloomSplitter(), RunSplitter(set: .numbers, limit: 1))
    case "superbpe": return PreTokenizer(RunSplitter(set: .numbers), DigitGroupsSplitter(rule: .cuts))
    case "chameleon":
      return PreTokenizer(
        SentinelSplitter(), ImageTokenSplitter(), IndentationSplitter(), RunSplitter(set: .numbers, limit: 1),
        RunSplitter(set: CharacterSet(classes: .punctuation, "$+<=>^`|~"), limit: 1), GPT2Splitter()
      ).with { $0.addBOS = true }

    case "gemma4", "granite-embed-multi-311m":
      return PreTokenizer(LineSplitter()).with {
        $0.plainPieces = true
        $0.escapesSpaces = true
        $0.addBOS = true
      }
    case "sarvam-moe":
      return PreTokenizer(LineSplitter()).with {
        $0.plainPieces = true
        $0.escapesSpaces = true
      }
    default:
      throw .unknownPreTokenizer(name)
    }
  }

  /// All names, for tests that hold each splitter against its published pattern.
  static let names = [
    "default", "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0",
    "mellum",
    "modern-bert", "jina-v1-en", "jina-v2-code", "roberta-bpe", "mpt", "olmo", "jais", "exaone4", "trillion",
    "granite-docling", "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
    "mellum2",
    "falcon", "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
    "jina-v5-nano", "dbrx", "smaug-bpe", "chatglm-bpe", "glm4", "glm5", "jais-2", "minicpm5", "qwen2",
    "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "megrez", "hunyuan", "solar-open", "grok-2",
    "bailingmoe",
    "bailingmoe2", "llada-moe", "qwen35", "seed-coder", "ufakzeka", "laguna", "exaone-moe", "gpt-4o",
    "llama4",
    "kanana2", "talkie", "minimax-m2", "granite-embed-multi-97m", "tekken", "tiny_aya", "cohere2moe", "youtu",
    "kimi-k2", "deepseek-llm", "deepseek-coder", "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4",
    "spark2_5",
    "afmoe", "poro-chat", "bloom", "gpt3-finnish", "viking", "superbpe", "chameleon", "gemma4",
    "granite-embed-multi-311m", "sarvam-moe",
  ]
}
