// The regular expressions of published tokenizers and the hand-written splitters that cut as they do. A pattern is
// recognised by its text; one that is not in this list is refused, since a near guess would give wrong tokens. The
// splitters are held against their patterns by Tests/Fixtures/tokenizers_splits.py.

/// Known patterns.
enum SplitPatterns {
  /// A pattern by its text, in all its spellings.
  struct Known: Sendable {
    /// The pre-tokenizer it is known by, or what it cuts out.
    var name: String
    /// It matches every character, so that no stretch lies between matches.
    var coversText = false
    var spellings: [String]
    var splitter: any Splitter
  }

  /// The splitter of a pattern; `nil` for an unknown pattern.
  static func known(_ pattern: String) -> Known? {
    all.first { $0.spellings.contains(pattern) }
  }

  /// The pattern of a name.
  static func named(_ name: String) -> Known? { all.first { $0.name == name } }

  private static let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#
  private static let shortContractions = #"'(?i:[sdmt]|ll|ve|re)"#
  private static let space = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
  private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#

  static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The patterns of the GPT-4 family, as they are spelled: with and without possessive quantifiers, which change
  /// nothing where what follows cannot match what they took.
  private static func words(_ digits: String) -> [String] {
    [
      #"\#(contractions)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(space)"#,
      #"\#(contractions)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}\#(digits)| ?[^\s\p{L}\p{N}]++[\r\n]*|\#(space)"#,
      #"\#(shortContractions)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(space)"#,
      #"\#(shortContractions)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}\#(digits)| ?[^\s\p{L}\p{N}]++[\r\n]*|\#(space)"#,
      #"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(space)"#,
    ]
  }

  private static func cased(_ digits: String, suffix: String) -> String {
    #"[^\r\n\p{L}\p{N}]?\#(upper)*\#(lower)+\#(suffix)|[^\r\n\p{L}\p{N}]?\#(upper)+\#(lower)*\#(suffix)"#
      + #"|\p{N}\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n/]*|\#(space)"#
  }

  private static let deepSeek =
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
    + #"| ?[\p{P}\p{S}]+[\r\n]*|\#(space)"#

  private static let all: [Known] = [
    Known(name: "gpt-2", coversText: true, spellings: [gpt2], splitter: GPT2Splitter()),
    Known(name: "llama3", coversText: true, spellings: words("{1,3}"), splitter: WordSplitter()),
    Known(
      name: "qwen2", coversText: true, spellings: words("") + words("{1}"), splitter: WordSplitter(digits: 1)),
    Known(
      name: "cl100k with whole numbers", coversText: true, spellings: words("+"),
      splitter: WordSplitter(digits: 0)),
    Known(
      name: "qwen35", coversText: true,
      spellings: [
        #"\#(contractions)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\#(space)"#
      ], splitter: WordSplitter(letters: .withMarks, digits: 1)),
    Known(
      name: "seed-coder", coversText: true,
      spellings: [
        #"\#(contractions)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\#(space)"#
      ], splitter: WordSplitter(digits: 1, tail: .none)),
    Known(
      name: "gpt-4o", coversText: true, spellings: [cased("{1,3}", suffix: contractions + "?")],
      splitter: CaseSplitter()),
    Known(
      name: "tekken", coversText: true, spellings: [cased("", suffix: "")],
      splitter: CaseSplitter(contractions: false, digits: 1)),
    Known(name: "deepseek-v3", spellings: [deepSeek], splitter: DeepSeekSplitter()),
    Known(name: "bloom", spellings: [#" ?[^(\s|.,!?…。，、।۔،)]+"#], splitter: BloomSplitter()),
    Known(name: "gemma4", coversText: true, spellings: [#"[^\n]+|[\n]+"#], splitter: LineSplitter()),
    // Steps of sequences.
    Known(name: "numbers", spellings: [#"\p{N}+"#], splitter: RunSplitter(set: .numbers)),
    Known(
      name: "single numbers", spellings: [#"\p{N}"#, #"\p{N}{1}"#],
      splitter: RunSplitter(set: .numbers, limit: 1)),
    Known(
      name: "three numbers", spellings: [#"\p{N}{1,3}"#], splitter: RunSplitter(set: .numbers, limit: 3)),
    Known(
      name: "line breaks", spellings: [#"[\r\n]"#], splitter: RunSplitter(set: .lineBreaks, limit: 1)),
    Known(
      name: "ideographs and kana", spellings: ["[一-龥぀-ゟ゠-ヿ]+"],
      splitter: RunSplitter(set: .ideographsAndKana)),
    Known(name: "east asian", spellings: ["[一-龥ࠀ-一가-퟿]+"], splitter: RunSplitter(set: .eastAsian)),
    Known(
      name: "letters", spellings: [#"\s?\p{L}+"#],
      splitter: RunSplitter(set: .letters, before: .whitespace)),
    Known(
      name: "punctuation", spellings: [#"\s?\p{P}+"#],
      splitter: RunSplitter(set: .punctuation, before: .whitespace)),
    Known(
      name: "letters with case", spellings: [#"\s?["# + spelled(.deepSeekLetters) + "]+"],
      splitter: RunSplitter(set: .deepSeekLetters, before: .whitespace)),
    Known(
      name: "deepseek punctuation", spellings: [#"\s?[!-/:-~！-／：-～‘-‟　-。]+"#],
      splitter: RunSplitter(set: .deepSeekPunctuation, before: .whitespace)),
    Known(name: "trailing space", spellings: [#"\s+$"#], splitter: TrailingSpaceSplitter()),
  ]

  /// The ranges of a set as a pattern lists them.
  private static func spelled(_ set: CharacterSet) -> String {
    var text = String.UnicodeScalarView()
    for range in set.ranges {
      let ends = [range.lowerBound, range.upperBound].compactMap(Unicode.Scalar.init)
      if range.count == 1 { text.append(ends[0]) } else { text += [ends[0], "-", ends[1]] }
    }
    return String(text)
  }
}
