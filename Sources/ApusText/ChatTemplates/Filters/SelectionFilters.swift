// Filters that apply a filter or a test to each item: map, select, reject and their attribute forms.

let selectionFilters: [String: TemplateFilter] = [
  "map": { me, value, a throws(TemplateError) in
    var results: [TemplateValue] = []
    for item in try value.iterated() {
      if let path = a.named.first(where: { $0.name == "attribute" })?.value {
        var found = try member(item, path)
        if found.isUndefined, let fallback = a.named.first(where: { $0.name == "default" })?.value {
          found = fallback
        }
        results.append(found)
      } else {
        guard let name = a.positional.first?.printed.string else {
          throw TemplateError("map requires a filter argument")
        }
        results.append(
          try me.apply(
            filter: name, item, Arguments(positional: Array(a.positional.dropFirst()), named: a.named)))
      }
    }
    return .list(TemplateList(results))
  },
  "select": { me, value, a throws(TemplateError) in try select(&me, value, a, attribute: false, keeps: true)
  },
  "reject": { me, value, a throws(TemplateError) in try select(&me, value, a, attribute: false, keeps: false)
  },
  "selectattr": { me, value, a throws(TemplateError) in
    try select(&me, value, a, attribute: true, keeps: true)
  },
  "rejectattr": { me, value, a throws(TemplateError) in
    try select(&me, value, a, attribute: true, keeps: false)
  },
]

private func select(
  _ me: inout Interpreter, _ value: TemplateValue, _ arguments: Arguments, attribute: Bool, keeps: Bool
) throws(TemplateError) -> TemplateValue {
  var rest = arguments.positional[...]
  let path = attribute ? rest.popFirst() : nil
  if attribute, path == nil { throw TemplateError("an attribute name is missing") }
  let test = rest.popFirst()?.printed.string
  var kept: [TemplateValue] = []
  for item in try value.iterated() {
    let subject = try path.map { path throws(TemplateError) in try member(item, path) } ?? item
    let holds =
      try test.map { test throws(TemplateError) in
        try me.apply(test: test, subject, Arguments(positional: Array(rest), named: arguments.named))
      } ?? subject.isTrue
    if holds == keeps { kept.append(item) }
  }
  return .list(TemplateList(kept))
}
