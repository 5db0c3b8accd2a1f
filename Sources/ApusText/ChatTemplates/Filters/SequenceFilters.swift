// Filters that make something of a sequence: order it, cut it, count it, join it.

private func sequence(
  _ body:
    @escaping @Sendable (inout Interpreter, [TemplateValue], Arguments) throws(TemplateError) -> TemplateValue
) -> TemplateFilter {
  { me, value, arguments throws(TemplateError) in try body(&me, try value.iterated(), arguments) }
}

let sequenceFilters: [String: TemplateFilter] = [
  "length": { _, value, _ throws(TemplateError) in .int(try count(value)) },
  "count": { _, value, _ throws(TemplateError) in .int(try count(value)) },
  "list": sequence { _, items, _ in .list(TemplateList(items)) },
  "first": sequence { _, items, _ in items.first ?? .undefined("No first item, sequence was empty.") },
  "last": sequence { _, items, _ in items.last ?? .undefined("No last item, sequence was empty.") },
  "reverse": { _, value, _ throws(TemplateError) in
    if let text = value.textValue { return .string(TemplateText(text.scalars.reversed())) }
    return .list(TemplateList(try value.iterated().reversed()))
  },
  "join": sequence { _, items, a throws(TemplateError) in
    let separator = (a.value(0, "d") ?? .text("")).printed
    var pieces: [[UInt32]] = []
    for item in items {
      let value =
        try a.value(1, "attribute").map { path throws(TemplateError) in try member(item, path) } ?? item
      pieces.append(value.printed.scalars)
    }
    return .string(TemplateText(Array(pieces.joined(separator: separator.scalars))))
  },
  "sort": sequence { _, items, a throws(TemplateError) in
    let reverse = a.value(0, "reverse")?.isTrue ?? false
    let key = try keys(
      items, a.value(2, "attribute"), caseSensitive: a.value(1, "case_sensitive")?.isTrue ?? false)
    return .list(TemplateList(try sorted(items, by: key, reverse: reverse)))
  },
  "unique": sequence { _, items, a throws(TemplateError) in
    let key = try keys(
      items, a.value(1, "attribute"), caseSensitive: a.value(0, "case_sensitive")?.isTrue ?? false)
    var seen: [TemplateValue] = []
    var kept: [TemplateValue] = []
    for (item, key) in zip(items, key) where !seen.contains(where: { $0.equals(key) }) {
      seen.append(key)
      kept.append(item)
    }
    return .list(TemplateList(kept))
  },
  "min": sequence { _, items, a throws(TemplateError) in
    let key = try keys(
      items, a.value(1, "attribute"), caseSensitive: a.value(0, "case_sensitive")?.isTrue ?? false)
    return try sorted(items, by: key, reverse: false).first
      ?? .undefined("No aggregated item, sequence was empty.")
  },
  "max": sequence { _, items, a throws(TemplateError) in
    let key = try keys(
      items, a.value(1, "attribute"), caseSensitive: a.value(0, "case_sensitive")?.isTrue ?? false)
    return try sorted(items, by: key, reverse: true).first
      ?? .undefined("No aggregated item, sequence was empty.")
  },
  "sum": sequence { me, items, a throws(TemplateError) in
    var total = a.value(1, "start") ?? .int(0)
    for item in items {
      let value =
        try a.value(0, "attribute").map { path throws(TemplateError) in try member(item, path) } ?? item
      total = try .compute("+", total, value, me.limits)
    }
    return total
  },
  "batch": sequence { _, items, a throws(TemplateError) in
    guard let size = a.value(0, "linecount")?.integer, size > 0 else {
      throw TemplateError("batch wants a positive size")
    }
    var batches: [TemplateValue] = []
    for start in stride(from: 0, to: items.count, by: size) {
      var batch = Array(items[start..<min(start + size, items.count)])
      if let fill = a.value(1, "fill_with"), batch.count < size {
        batch += Array(repeating: fill, count: min(size - batch.count, 1 << 16))
      }
      batches.append(.list(TemplateList(batch)))
    }
    return .list(TemplateList(batches))
  },
  "slice": sequence { _, items, a throws(TemplateError) in
    guard let slices = a.value(0, "slices")?.integer, (1...1 << 16).contains(slices) else {
      throw TemplateError("slice wants a positive number")
    }
    let (size, extra) = (items.count / slices, items.count % slices)
    var result: [TemplateValue] = []
    var start = 0
    for number in 0..<slices {
      let length = size + (number < extra ? 1 : 0)
      var part = Array(items[start..<start + length])
      start += length
      if let fill = a.value(1, "fill_with"), extra > 0, number >= extra { part.append(fill) }
      result.append(.list(TemplateList(part)))
    }
    return .list(TemplateList(result))
  },
  "groupby": sequence { _, items, a throws(TemplateError) in
    guard let path = a.value(0, "attribute") else { throw TemplateError("groupby wants an attribute") }
    let raw = try keys(items, path, caseSensitive: true)
    let folded = try keys(items, path, caseSensitive: a.value(2, "case_sensitive")?.isTrue ?? false)
    let order = try sorted(items.indices.map { .int($0) }, by: folded, reverse: false).compactMap(\.integer)
    var groups: [(key: TemplateValue, folded: TemplateValue, items: [TemplateValue])] = []
    for index in order {
      if let last = groups.last, last.folded.equals(folded[index]) {
        groups[groups.count - 1].items.append(items[index])
      } else {
        groups.append((raw[index], folded[index], [items[index]]))
      }
    }
    return .list(TemplateList(groups.map { .tuple([$0.key, .list(TemplateList($0.items))]) }))
  },
  "dictsort": { _, value, a throws(TemplateError) in
    guard case .dict(let dict) = value else { throw TemplateError("dictsort wants a dict") }
    let place = a.value(1, "by")?.printed.string == "value" ? 1 : 0
    let pairs = dict.items.map { TemplateValue.tuple([$0.0, $0.1]) }
    let key = try keys(pairs, .int(place), caseSensitive: a.value(0, "case_sensitive")?.isTrue ?? false)
    return .list(TemplateList(try sorted(pairs, by: key, reverse: a.value(2, "reverse")?.isTrue ?? false)))
  },
  "items": { _, value, _ throws(TemplateError) in
    if value.isUndefined { return .list(TemplateList([])) }
    guard case .dict(let dict) = value else { throw TemplateError("Can only get item pairs from a mapping.") }
    return .list(TemplateList(dict.items.map { .tuple([$0.0, $0.1]) }))
  },
]

private func count(_ value: TemplateValue) throws(TemplateError) -> Int {
  switch value {
  case .string(let text): return text.count
  case .list(let list): return list.items.count
  case .tuple(let items): return items.count
  case .dict(let dict): return dict.count
  case .loop(let loop): return loop.items.count
  case .undefined: return 0
  default: throw TemplateError("object of type '\(value.typeName)' has no len()")
  }
}

/// `attribute='a.b'`: members by path.
func member(_ value: TemplateValue, _ path: TemplateValue) throws(TemplateError) -> TemplateValue {
  guard let text = path.textValue else { return try value.item(path) }
  var value = value
  for part in text.string.split(separator: ".") {
    value = try value.item(Int(part).map { .int($0) } ?? .text(String(part)))
  }
  return value
}

/// What items are ordered by: an attribute, capitals as small letters.
private func keys(
  _ items: [TemplateValue], _ path: TemplateValue?, caseSensitive: Bool
) throws(TemplateError) -> [TemplateValue] {
  var keys: [TemplateValue] = []
  for item in items {
    var key = item
    if let path { key = try member(item, path) }
    if !caseSensitive, let text = key.textValue {
      key = .string(text.mapped { scalar, _ in scalar.properties.lowercaseMapping })
    }
    keys.append(key)
  }
  return keys
}

/// A stable merge sort whose comparison may fail.
private func sorted(
  _ items: [TemplateValue], by keys: [TemplateValue], reverse: Bool
) throws(TemplateError) -> [TemplateValue] {
  var order = Array(items.indices)
  var width = 1
  while width < order.count {
    var merged: [Int] = []
    merged.reserveCapacity(order.count)
    for start in stride(from: 0, to: order.count, by: 2 * width) {
      let middle = min(start + width, order.count)
      let end = min(start + 2 * width, order.count)
      var (left, right) = (start, middle)
      while left < middle, right < end {
        let takesRight =
          reverse
          ? try keys[order[left]].precedes(keys[order[right]])
          : try keys[order[right]].precedes(keys[order[left]])
        merged.append(order[takesRight ? right : left])
        if takesRight { right += 1 } else { left += 1 }
      }
      merged += order[left..<middle]
      merged += order[right..<end]
    }
    order = merged
    width *= 2
  }
  return order.map { items[$0] }
}
