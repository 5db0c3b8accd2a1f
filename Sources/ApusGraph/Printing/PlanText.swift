// A plan as text: the graph phase by phase, what runs side by side, where values lie, what the passes did.

extension Plan {
  /// A listing for people: one line per group of operations.
  package func listing() -> String {
    var text = ""
    let before =
      changes.isEmpty ? "no passes" : changes.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    text += "passes: \(before)\n"
    text +=
      "\(graph.nodes.count) operations in \(phases.count) phases, \(sharedPhaseCount) shared between workers"
    text += " when the step is one token; activations \(bytesText(memory.byteCount))"
    text += " for \(limits.tokens) tokens (\(bytesText(memory.unsharedByteCount)) without sharing)\n"
    for (index, phase) in phases.enumerated() {
      let scope = phase.groups.first?.first.map { graph.nodes[$0].scope } ?? ""
      text += "\nphase \(index)\(scope.isEmpty ? "" : "  \(scope)")"
      text += phase.groups.count > 1 ? "  (\(phase.groups.count) side by side)\n" : "\n"
      for group in phase.groups {
        for (position, node) in group.enumerated() {
          text += (position == 0 ? "  " : "  └ ") + line(node) + "\n"
        }
      }
    }
    return text
  }

  private func line(_ index: Int) -> String {
    let node = graph.nodes[index]
    let detail = node.operation.detail.isEmpty ? "" : " (\(node.operation.detail))"
    let inputs = node.inputs.map(label).joined(separator: ", ")
    let outputs = node.outputs.map { "\(label($0)) \(graph[$0].type)\(place($0))" }.joined(separator: ", ")
    return "\(node.name)\(detail): \(inputs) → \(outputs)"
  }

  /// A computed value by number, a weight by its tensor, an input by its name.
  private func label(_ id: ValueID) -> String {
    let value = graph[id]
    switch value.source {
    case .node: return "%\(id.index)"
    case .input, .gradient: return value.name
    case .parameter(let reference):
      guard case .weight(let type) = value.type.element else { return value.name }
      let part = reference.rows.lowerBound > 0 ? "[\(reference.rows.lowerBound)…]" : ""
      return "\(value.name)\(part):\(type.name)"
    }
  }

  private func place(_ id: ValueID) -> String {
    memory.offsets[id].map { " @\($0)" } ?? ""
  }
}

/// A number of bytes in the largest unit that keeps a digit before the point.
func bytesText(_ bytes: Int) -> String {
  let units = ["B", "KiB", "MiB", "GiB", "TiB"]
  var size = Double(bytes)
  var unit = 0
  while size >= 1024, unit < units.count - 1 {
    size /= 1024
    unit += 1
  }
  let rounded = (size * 10).rounded() / 10
  return unit == 0 ? "\(bytes) B" : "\(rounded) \(units[unit])"
}
