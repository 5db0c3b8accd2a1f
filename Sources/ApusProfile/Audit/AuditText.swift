// An audit as Markdown, for a pull request or a terminal.

import ApusBasics

/// An audit in words and tables.
public struct AuditText: Sendable {
  private let audit: Audit
  private var profile: Profile { audit.profile }

  /// A text of an audit.
  public init(_ audit: Audit) {
    self.audit = audit
  }

  /// The whole text, ending with a newline.
  public var markdown: String { lines.joined(separator: "\n") + "\n" }

  /// The lines of the text, without newlines.
  public var lines: [String] {
    var lines = ["# Where the time goes: \(escapedMarkdown(profile.workload))", ""]
    if profile.isInterrupted { lines += ["> **\(Profile.interruptedText)**", ""] }
    lines += ["    " + singleLine(profile.command), ""]
    lines += machine + [""]
    if audit.phases.isEmpty {
      lines += ["Nothing was measured.", ""]
    } else {
      lines += ["## Speed", ""] + speed + ["", "## Hot paths", ""] + hotPaths + [""]
    }
    lines += ["## The whole run", ""] + run.map { "* " + $0 } + [""]
    if !profile.memory.isEmpty { lines += ["## Memory", ""] + memory + [""] }
    if !profile.notes.isEmpty {
      lines += ["## Notes", ""] + profile.notes.map { "* " + escapedMarkdown($0) } + [""]
    }
    return lines.dropLast()
  }

  private var machine: [String] {
    let machine = profile.machine
    var line = "\(escapedMarkdown(machine.processor)), kernels \(escapedMarkdown(machine.kernels)), "
    line += "threads \(countText(machine.threads)), physical cores \(countText(machine.physicalCores)), "
    line += "at most \(sizeText(machine.memoryLimit)) of memory."
    return [
      line, "",
      "Measured limits with all threads: \(limits(machine.all)); with one: \(limits(machine.single)).",
    ]
  }

  private func limits(_ limits: MachineLimits) -> String {
    var parts = ["\(rateText(limits.f32))FLOP/s in f32"]
    if let bf16 = limits.bf16 { parts.append("\(rateText(bf16))FLOP/s in bf16") }
    if let int8 = limits.int8 { parts.append("\(rateText(int8))FLOP/s in int8") }
    return parts.joined(separator: ", ") + ", \(rateText(limits.readBytes))B/s from memory"
  }

  private var speed: [String] {
    var table = Table([
      ("phase", .left), ("tokens/s", .right), ("steps", .right), ("tokens", .right), ("time", .right),
      ("GFLOP/s", .right), ("GB/s", .right), ("of compute", .right), ("of memory", .right),
      ("of roofline", .right), ("waiting", .right), ("serial", .right), ("outside", .right),
      ("bytes a token", .right),
    ])
    for phase in audit.phases {
      table.append([
        escapedMarkdown(phase.name), fixed(phase.tokensPerSecond, 1), countText(phase.steps),
        countText(phase.tokens), durationText(phase.wall), billionsText(phase.flopsPerSecond),
        billionsText(phase.bytesPerSecond), percentText(phase.computeShare),
        percentText(phase.memoryShare), percentText(phase.roofline), percentText(phase.waiting),
        percentText(phase.serial), percentText(phase.outside), "\(rateText(phase.bytesPerToken))B",
      ])
    }
    return table.lines(.markdown)
  }

  private var hotPaths: [String] {
    var table = Table([
      ("phase", .left), ("operation", .left), ("time", .right), ("share", .right), ("calls", .right),
      ("GFLOP/s", .right), ("GB/s", .right), ("of roofline", .right), ("bound by", .left), ("gain", .right),
    ])
    for path in audit.hotPaths where path.time > 0 {
      table.append([
        escapedMarkdown(path.phase), escapedMarkdown(path.name), durationText(path.time),
        percentText(path.share), countText(path.calls), billionsText(path.flopsPerSecond),
        billionsText(path.bytesPerSecond), path.roofline.map(percentText) ?? "–", path.bound.rawValue,
        gainText(path.gain),
      ])
    }
    var lines = table.lines(.markdown) + ["", Audit.explanation, ""]
    for (index, path) in audit.hotPaths.filter(\.isAdvised).enumerated() {
      lines.append(
        "\(index + 1). **\(escapedMarkdown(path.name))** (\(escapedMarkdown(path.phase))): "
          + escapedMarkdown(path.findings))
    }
    return lines
  }

  /// What is told of the run as a whole.
  private var run: [String] { audit.facts.map { "\($0.name): \(escapedMarkdown($0.value))" } }

  private var memory: [String] {
    var table = Table([("purpose", .left), ("reserved", .right), ("in memory", .right)])
    for purpose in profile.memory {
      table.append([
        escapedMarkdown(purpose.purpose), sizeText(purpose.reserved), purpose.resident.map(sizeText) ?? "–",
      ])
    }
    return table.lines(.markdown)
  }
}

/// A text in one line: control characters become spaces.
func singleLine(_ text: String) -> String {
  String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? " " : $0 }))
}

private func isControl(_ scalar: UnicodeScalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
  default: false
  }
}

/// A text that Markdown shows as it is, in a line or in a cell of a table.
func escapedMarkdown(_ text: String) -> String {
  var result = ""
  let scalars = Array(singleLine(text).unicodeScalars)
  for (index, scalar) in scalars.enumerated() {
    switch scalar {
    case "\\", "`", "*", "<", ">", "[", "]", "|", "~", "&": result += "\\"
    // Within a word it means nothing.
    case "_" where !isWord(scalars, index - 1) || !isWord(scalars, index + 1): result += "\\"
    default: break
    }
    result.unicodeScalars.append(scalar)
  }
  return result
}

private func isWord(_ scalars: [UnicodeScalar], _ index: Int) -> Bool {
  scalars.indices.contains(index) && (scalars[index].properties.isAlphabetic || scalars[index].value < 0x3A)
    && scalars[index] != " "
}
