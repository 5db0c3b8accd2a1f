// Attributes, items and slices, as jinja2 resolves them.

extension TemplateValue {
  /// `value.name`: a method or attribute, then an item.
  func attribute(_ name: String) throws(TemplateError) -> TemplateValue {
    guard !name.hasPrefix("_") else {
      throw TemplateError("access to attribute '\(name)' of '\(typeName)' object is unsafe")
    }
    switch self {
    case .undefined(let message): throw TemplateError(message)
    case .dict(let dict), .namespace(let dict):
      if let method = bound(name) { return method }
      return dict[name] ?? missing(name)
    case .loop(let loop): return loop.attribute(name) ?? missing(name)
    default: return bound(name) ?? missing(name)
    }
  }

  /// A method as a value, where a template passes it on or tests that it exists.
  private func bound(_ name: String) -> TemplateValue? {
    guard let method = templateMethod(of: self, name) else { return nil }
    let object = self
    return .callable(
      TemplateCallable(name: name) { me, arguments throws(TemplateError) in try method(&me, object, arguments)
      })
  }

  private func missing(_ name: String) -> TemplateValue {
    .undefined("'\(typeName) object' has no attribute '\(name)'")
  }

  /// `value[index]`: an item, then an attribute.
  func item(_ index: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch self {
    case .undefined(let message): throw TemplateError(message)
    case .dict(let dict), .namespace(let dict):
      if let value = dict[index] { return value }
    case .list(let list):
      if let place = place(index, list.items.count) { return list.items[place] }
    case .tuple(let items):
      if let place = place(index, items.count) { return items[place] }
    case .string(let text):
      if let place = place(index, text.count) { return .string(TemplateText([text.scalars[place]])) }
    default: break
    }
    if let name = index.textValue { return try attribute(name.string) }
    return .undefined("'\(typeName) object' has no element \(index.represented.string)")
  }

  private func place(_ index: TemplateValue, _ count: Int) -> Int? {
    guard let index = index.integer else { return nil }
    let place = index < 0 ? index + count : index
    return (0..<count).contains(place) ? place : nil
  }

  /// `value[start:stop:stride]`.
  func slice(_ start: Int?, _ stop: Int?, _ stride: Int?) throws(TemplateError) -> TemplateValue {
    let step = stride ?? 1
    guard step != 0 else { throw TemplateError("slice step cannot be zero") }
    func indices(_ count: Int) -> [Int] {
      func clamp(_ value: Int) -> Int {
        let place = value < 0 ? value + count : value
        return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
      }
      let first = start.map(clamp) ?? (step > 0 ? 0 : count - 1)
      let end = stop.map(clamp) ?? (step > 0 ? count : -1)
      return Array(Swift.stride(from: first, to: end, by: step))
    }
    switch self {
    case .string(let text): return .string(TemplateText(indices(text.count).map { text.scalars[$0] }))
    case .list(let list): return .list(TemplateList(indices(list.items.count).map { list.items[$0] }))
    case .tuple(let items): return .tuple(indices(items.count).map { items[$0] })
    case .undefined(let message): throw TemplateError(message)
    default: throw TemplateError("'\(typeName)' object is not subscriptable")
    }
  }
}
