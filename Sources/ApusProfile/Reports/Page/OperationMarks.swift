// Operations as the pictures show them: figures, texts and the colour of their kind.

import ApusBasics

/// An operation of a phase, ready to be drawn.
struct OperationMark {
  /// The place among all operations of all phases.
  var index: Int
  var name: String
  /// Phase and scope.
  var place: String
  /// The number of its colour.
  var kind: Int
  /// Nanoseconds of wall time.
  var time: Double
  var flops: Double
  var bytes: Double
  /// Its figures in a line.
  var numbers: String

  /// Whether it has all it takes to be a point of a roofline.
  var isPlaced: Bool { flops > 0 && flops.isFinite && bytes > 0 && bytes.isFinite && time > 0 }
  var label: String { "\(name), \(place): \(numbers)" }
}

/// All operations of a profile, in the order of its phases.
struct OperationMarks {
  let list: [OperationMark]
  let kinds: OperationKinds

  init(_ audit: Audit) {
    let profile = audit.profile
    let threads = profile.machine.threads
    kinds = OperationKinds(audit)
    var list: [OperationMark] = []
    for (phaseIndex, phase) in profile.phases.enumerated() {
      var bounds: [Int: Bound] = [:]
      for path in audit.hotPaths where path.phaseIndex == phaseIndex {
        for member in path.members { bounds[member] = path.bound }
      }
      for (index, operation) in phase.operations.enumerated() {
        let time = operation.elapsed(threads: threads)
        let least = profile.machine.all.least(operation)
        var numbers = [
          "\(durationText(time)), \(percentText(share(time, of: audit.wall))) of the run",
          operation.calls == 1 ? "1 call" : "\(countText(operation.calls)) calls",
        ]
        if time > 0 {
          numbers.append(
            "\(rateText(operation.flops / time * 1e9))FLOP/s in \(operation.arithmetic.rawValue)")
          numbers.append("\(rateText(operation.bytes / time * 1e9))B/s")
          if least > 0 { numbers.append("\(percentText(least / time)) of the roofline") }
        }
        let intensity = operation.bytes > 0 ? operation.flops / operation.bytes : .infinity
        if intensity.isFinite { numbers.append("\(fixed(intensity, 2)) FLOP/byte") }
        if let bound = bounds[index], time > 0 { numbers.append("its kind is bound by \(bound.phrase)") }
        let place = operation.scope.isEmpty ? phase.name : "\(phase.name)/\(operation.scope)"
        list.append(
          OperationMark(
            index: list.count, name: singleLine(operation.name), place: singleLine(place),
            kind: kinds.number(operation.name), time: time, flops: operation.flops, bytes: operation.bytes,
            numbers: numbers.joined(separator: " · ")))
      }
    }
    self.list = list
  }
}

/// Kinds of operations with a colour each; those with little time share the last one.
struct OperationKinds {
  /// Colours that are told apart in light and dark, by people who see colours alike, too.
  static let colours = 8

  /// A name for each colour in use.
  let names: [String]
  private let numbers: [String: Int]

  init(_ audit: Audit) {
    var ranked: [String] = []
    var seen: Set<String> = []
    for path in audit.hotPaths where seen.insert(path.name).inserted { ranked.append(path.name) }
    let named = ranked.count <= Self.colours + 1 ? ranked : Array(ranked.prefix(Self.colours))
    names = named + (named.count < ranked.count ? ["\(ranked.count - named.count) other kinds"] : [])
    var numbers: [String: Int] = [:]
    for (index, name) in ranked.enumerated() { numbers[name] = min(index, Self.colours) }
    self.numbers = numbers
  }

  func number(_ name: String) -> Int { numbers[name] ?? Self.colours }
}
