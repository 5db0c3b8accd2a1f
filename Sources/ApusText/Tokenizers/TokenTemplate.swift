// Which special tokens stand around a text, and around two that are read together: a question and a passage for a
// reranker, two sentences for a classifier. Files of models say it; where they do not, the kind of tokenizer does.

/// The special tokens around one text and around a pair of texts.
public struct TokenTemplate: Sendable, Equatable {
  /// A place in the sequence of tokens.
  public enum Element: Sendable, Equatable {
    /// A special token, in a segment.
    case token(Int32, segment: UInt8)
    /// The first, or only, text.
    case first(segment: UInt8)
    /// The second text.
    case second(segment: UInt8)
  }

  /// Around one text; holds `first` once and never `second`.
  public let single: [Element]
  /// Around two texts; holds `first` and `second` once each.
  public let pair: [Element]
  /// The tokens before one text.
  public let before: [Int32]
  /// The tokens behind one text.
  public let after: [Int32]

  /// A template, or `nil` when a text is missing, comes twice or is the second of one.
  public init?(single: [Element], pair: [Element]) {
    func places(_ elements: [Element], ofFirst: Bool) -> [Int] {
      elements.indices.filter {
        switch elements[$0] {
        case .first: ofFirst
        case .second: !ofFirst
        case .token: false
        }
      }
    }
    let place = places(single, ofFirst: true)
    guard place.count == 1, places(single, ofFirst: false).isEmpty, places(pair, ofFirst: true).count == 1,
      places(pair, ofFirst: false).count == 1
    else { return nil }
    self.single = single
    self.pair = pair
    func tokens(_ elements: ArraySlice<Element>) -> [Int32] {
      elements.compactMap { if case .token(let id, _) = $0 { id } else { nil } }
    }
    before = tokens(single[..<place[0]])
    after = tokens(single[(place[0] + 1)...])
  }

  /// Two texts one after the other, each between tokens.
  private init(before: [Int32], after: [Int32], between: [Int32], secondSegment: UInt8) {
    func tokens(_ ids: [Int32], _ segment: UInt8) -> [Element] { ids.map { .token($0, segment: segment) } }
    let single = tokens(before, 0) + [.first(segment: 0)] + tokens(after, 0)
    self.single = single
    pair =
      single + tokens(between, 0) + [.second(segment: secondSegment)] + tokens(after, secondSegment)
    self.before = before
    self.after = after
  }

  /// What a kind of tokenizer does where the file says no more than which tokens there are.
  ///
  /// WordPiece: CLS a SEP b SEP in segments 0 and 1 (Devlin et al., 2019, arXiv:1810.04805). All others: BOS a EOS,
  /// SEP where there is one, b EOS, all in segment 0 (RoBERTa's form; Liu et al., 2019, arXiv:1907.11692).
  init(model: String, special: SpecialTokens, addsBOS: Bool, addsEOS: Bool) {
    if model == "bert" {
      self.init(
        before: addsBOS ? [special.cls ?? special.bos].compactMap { $0 } : [],
        after: addsEOS ? [special.sep].compactMap { $0 } : [], between: [], secondSegment: 1)
    } else {
      self.init(
        before: addsBOS ? [special.bos].compactMap { $0 } : [],
        after: addsEOS ? [special.eos].compactMap { $0 } : [], between: [special.sep].compactMap { $0 },
        secondSegment: 0)
    }
  }
}

extension Tokenizer {
  /// The special tokens around texts, as the kind of tokenizer has them.
  public var template: TokenTemplate {
    TokenTemplate(model: model, special: vocabulary.special, addsBOS: addsBOS, addsEOS: addsEOS)
  }

  /// The ids of two texts that a model reads together, with the special tokens around them, and the segment of each.
  ///
  /// Control tokens spelled in the texts are plain text.
  ///
  /// - Complexity: that of `encode` for both.
  public func encodePair(
    _ first: [UInt8], _ second: [UInt8]
  ) throws(TokenizerError) -> (ids: [Int32], segments: [UInt8]) {
    var ids: [Int32] = []
    var segments: [UInt8] = []
    func append(_ more: [Int32], _ segment: UInt8) {
      ids += more
      segments += [UInt8](repeating: segment, count: more.count)
    }
    for element in template.pair {
      switch element {
      case .token(let id, let segment): append([id], segment)
      case .first(let segment): append(try encode(first, addSpecial: false), segment)
      case .second(let segment): append(try encode(second, addSpecial: false), segment)
      }
    }
    return (ids, segments)
  }
}
