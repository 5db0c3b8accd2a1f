// The values of a template: Python's, as far as templates use them.

import ApusBasics

/// A value while a template is rendered.
indirect enum TemplateValue {
  /// A name that stands for nothing; it prints as nothing, and using it is an error that names it.
  case undefined(String)
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(TemplateText)
  case list(TemplateList)
  case tuple([TemplateValue])
  case dict(TemplateDict)
  /// `namespace(…)`: a dict whose members may be set.
  case namespace(TemplateDict)
  case loop(LoopState)
  case callable(TemplateCallable)

  static func text(_ string: String) -> TemplateValue { .string(TemplateText(string)) }

  /// A value from JSON; text that is content is marked.
  init(_ json: JSONValue, isContent: Bool) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(Int(value))
    case .double(let value): self = .double(value)
    case .string(let text): self = .string(TemplateText(text, isContent: isContent))
    case .array(let values):
      self = .list(TemplateList(values.map { TemplateValue($0, isContent: isContent) }))
    case .object(let object):
      let dict = TemplateDict()
      for (key, value) in object {
        dict[.string(TemplateText(key, isContent: isContent))] = TemplateValue(value, isContent: isContent)
      }
      self = .dict(dict)
    }
  }

  /// Python's name of the type, for messages.
  var typeName: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "NoneType"
    case .bool: "bool"
    case .int: "int"
    case .double: "float"
    case .string: "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dict: "dict"
    case .namespace: "Namespace"
    case .loop: "LoopContext"
    case .callable: "function"
    }
  }

  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .string(let text): text.count > 0
    case .list(let list): !list.items.isEmpty
    case .tuple(let items): !items.isEmpty
    case .dict(let dict): dict.count > 0
    case .namespace, .loop, .callable: true
    }
  }

  var isUndefined: Bool {
    if case .undefined = self { return true }
    return false
  }

  /// The number of an int or a bool.
  var integer: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The number of an int, a bool or a float.
  var number: Double? {
    if case .double(let value) = self { return value }
    return integer.map(Double.init)
  }

  var textValue: TemplateText? {
    if case .string(let text) = self { return text }
    return nil
  }
}

/// A list; shared, as Python's.
final class TemplateList {
  var items: [TemplateValue]
  init(_ items: [TemplateValue]) {
    self.items = items
  }
}

/// A dict in the order of insertion; shared, as Python's.
final class TemplateDict {
  private(set) var keys: [TemplateValue] = []
  private var stored: [TemplateValue] = []
  private var places: [Key: Int] = [:]

  /// What makes two keys the same one: 1, 1.0 and True are, as in Python.
  private enum Key: Hashable {
    case none, number(Double), text(TemplateText), tuple([Key]), other
    init(_ value: TemplateValue) {
      switch value {
      case .string(let text): self = .text(text)
      case .tuple(let items): self = .tuple(items.map(Key.init))
      case .none: self = .none
      default: self = value.number.map(Key.number) ?? .other
      }
    }
  }

  var count: Int { keys.count }
  var values: [TemplateValue] { stored }
  var items: [(TemplateValue, TemplateValue)] { Array(zip(keys, stored)) }

  subscript(key: TemplateValue) -> TemplateValue? {
    get { places[Key(key)].map { stored[$0] } }
    set {
      let place = places[Key(key)]
      if let newValue {
        if let place {
          stored[place] = newValue
        } else {
          places[Key(key)] = keys.count
          keys.append(key)
          stored.append(newValue)
        }
      } else if let place {
        keys.remove(at: place)
        stored.remove(at: place)
        places = Dictionary(keys.enumerated().map { (Key($0.element), $0.offset) }, uniquingKeysWith: { $1 })
      }
    }
  }

  subscript(name: String) -> TemplateValue? {
    get { self[.text(name)] }
    set { self[.text(name)] = newValue }
  }
}

/// Something that can be called.
struct TemplateCallable {
  let name: String
  let call: (inout Interpreter, Arguments) throws(TemplateError) -> TemplateValue
}

/// What a call passes.
struct Arguments {
  var positional: [TemplateValue] = []
  var named: [(name: String, value: TemplateValue)] = []

  /// The argument at `index`, or of that name.
  func value(_ index: Int, _ name: String) -> TemplateValue? {
    if index < positional.count { return positional[index] }
    return named.first { $0.name == name }?.value
  }
}

/// The variable `loop`.
final class LoopState {
  let items: [TemplateValue]
  let depth: Int
  /// Renders the loop again over other items, for recursive loops.
  let recurse: ((inout Interpreter, TemplateValue) throws(TemplateError) -> TemplateValue)?
  var index = 0
  var lastChanged: [TemplateValue]?

  init(
    _ items: [TemplateValue], depth: Int,
    recurse: ((inout Interpreter, TemplateValue) throws(TemplateError) -> TemplateValue)?
  ) {
    self.items = items
    self.depth = depth
    self.recurse = recurse
  }

  func attribute(_ name: String) -> TemplateValue? {
    switch name {
    case "index": .int(index + 1)
    case "index0": .int(index)
    case "revindex": .int(items.count - index)
    case "revindex0": .int(items.count - index - 1)
    case "first": .bool(index == 0)
    case "last": .bool(index == items.count - 1)
    case "length": .int(items.count)
    case "depth": .int(depth)
    case "depth0": .int(depth - 1)
    case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
    case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
    case "cycle":
      .callable(
        TemplateCallable(name: name) { [index] _, arguments throws(TemplateError) in
          guard !arguments.positional.isEmpty else { throw TemplateError("loop.cycle() without items") }
          return arguments.positional[index % arguments.positional.count]
        })
    case "changed":
      .callable(
        TemplateCallable(name: name) { [self] _, arguments in
          defer { lastChanged = arguments.positional }
          guard let lastChanged, lastChanged.count == arguments.positional.count else { return .bool(true) }
          return .bool(!zip(lastChanged, arguments.positional).allSatisfy { $0.equals($1) })
        })
    default: nil
    }
  }
}
