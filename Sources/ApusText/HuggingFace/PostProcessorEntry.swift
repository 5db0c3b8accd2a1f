// The `post_processor` of a `tokenizer.json`: which special tokens stand around a text and around a pair of texts.

import ApusBasics

/// What a `post_processor` comes to.
struct PostProcessorEntry {
  let template: TokenTemplate

  /// Without one, two texts stand side by side in segments 0 and 1.
  init(_ value: JSONValue?, tokens: Int) throws(EntryError) {
    var template: TokenTemplate?
    for entry in try Entry.flattened(value, "post_processor", "processors") {
      let type = try entry.type()
      let next: TokenTemplate?
      switch type {
      // It moves offsets only.
      case "ByteLevel": continue
      case "TemplateProcessing": next = try Self.template(entry, tokens)
      case "BertProcessing":
        let (begin, end) = (try Self.token(entry, "cls", tokens), try Self.token(entry, "sep", tokens))
        let single: [TokenTemplate.Element] = [
          .token(begin, segment: 0), .first(segment: 0), .token(end, segment: 0),
        ]
        next = TokenTemplate(single: single, pair: single + [.second(segment: 1), .token(end, segment: 1)])
      case "RobertaProcessing":
        let (begin, end) = (try Self.token(entry, "cls", tokens), try Self.token(entry, "sep", tokens))
        let single: [TokenTemplate.Element] = [
          .token(begin, segment: 0), .first(segment: 0), .token(end, segment: 0),
        ]
        next = TokenTemplate(
          single: single,
          pair: single + [.token(end, segment: 0), .second(segment: 0), .token(end, segment: 0)])
      default: throw .unsupported(entry.path, "the type \(type)")
      }
      guard template == nil else { throw .unsupported(entry.path, "a second template") }
      guard let next else {
        throw EntryError(entry.path, "its templates do not have each text exactly once")
      }
      template = next
    }
    let plain = TokenTemplate(single: [.first(segment: 0)], pair: [.first(segment: 0), .second(segment: 1)])
    guard let found = template ?? plain else { throw EntryError("post_processor", "has no template") }
    self.template = found
  }

  /// `["[SEP]", 102]`
  private static func token(_ entry: Entry, _ key: String, _ tokens: Int) throws(EntryError) -> Int32 {
    let pair = try entry.array(key)
    guard pair.count == 2, let id = pair[1].int else {
      throw EntryError("\(entry.path).\(key)", "is not a token and its id")
    }
    return try checked(id, "\(entry.path).\(key)", tokens)
  }

  private static func checked(_ id: Int, _ path: String, _ tokens: Int) throws(EntryError) -> Int32 {
    guard 0..<tokens ~= id else { throw EntryError(path, "its id \(id) names none of the \(tokens) tokens") }
    return Int32(id)
  }

  private static func template(_ entry: Entry, _ tokens: Int) throws(EntryError) -> TokenTemplate? {
    var ids: [String: [Int32]] = [:]
    if let special = entry.member("special_tokens") {
      let path = entry.path + ".special_tokens"
      let listed = try Entry(special, path)
      for key in listed.object.keys {
        guard let value = listed.object[key] else { continue }
        let token = try Entry(value, "\(path).\(key)")
        var list: [Int32] = []
        for id in try token.array("ids") {
          guard let id = id.int else { throw EntryError(token.path, "has an id that is no integer") }
          list.append(try checked(id, token.path, tokens))
        }
        ids[key] = list
      }
    }
    let single = try elements(entry, "single", ids)
    // Some files have no pair; two texts then follow each other.
    let pair = entry.member("pair") == nil ? single + [.second(segment: 1)] : try elements(entry, "pair", ids)
    return TokenTemplate(single: single, pair: pair)
  }

  /// `[{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, …]`
  private static func elements(
    _ entry: Entry, _ key: String, _ ids: [String: [Int32]]
  ) throws(EntryError) -> [TokenTemplate.Element] {
    var elements: [TokenTemplate.Element] = []
    for (index, value) in try entry.array(key).enumerated() {
      let path = "\(entry.path).\(key)[\(index)]"
      let element = try Entry(value, path)
      let isToken = element.member("SpecialToken") != nil
      guard let content = element.member(isToken ? "SpecialToken" : "Sequence") else {
        throw EntryError(path, "is neither SpecialToken nor Sequence")
      }
      let inner = try Entry(content, path)
      guard let name = try inner.string("id") else { throw EntryError(path, "has no id") }
      guard let segment = UInt8(exactly: try inner.int("type_id") ?? 0) else {
        throw EntryError(path, "its type_id is not between 0 and 255")
      }
      if isToken {
        guard let list = ids[name] else {
          throw EntryError(path, "the token \(EntryError.shown(name)) is not among the special_tokens")
        }
        elements += list.map { .token($0, segment: segment) }
      } else if name == "A" {
        elements.append(.first(segment: segment))
      } else if name == "B" {
        elements.append(.second(segment: segment))
      } else {
        throw EntryError(path, "the text \(EntryError.shown(name)) is neither A nor B")
      }
    }
    return elements
  }
}
