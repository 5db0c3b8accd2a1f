// The tables of a profile's page.

import ApusBasics

/// An audit's tables in HTML.
struct PageTables {
  private let audit: Audit
  private var profile: Profile { audit.profile }

  init(_ audit: Audit) {
    self.audit = audit
  }

  /// A cell: text, or a part of the whole with a bar behind it.
  private enum Cell {
    case text(String)
    case number(String)
    case share(Double, String)
    case bound(Bound)

    var html: String {
      switch self {
      case .text(let text): "<td>\(escapedHTML(singleLine(text)))</td>"
      case .number(let text): "<td class=\"number\">\(escapedHTML(text))</td>"
      case .share(let part, let text):
        "<td class=\"number share\"><i style=\"width:\(fixed(100 * min(1, max(0, part)), 1))%\"></i>"
          + "<span>\(escapedHTML(text))</span></td>"
      case .bound(let bound): "<td><span class=\"bound \(bound.rawValue)\">\(bound.rawValue)</span></td>"
      }
    }
  }

  /// Figures of each phase, with tokens per second as bars.
  var phases: String {
    let fastest = audit.phases.map(\.tokensPerSecond).max() ?? 0
    var html = head(
      [
        "phase", "tokens/s", "steps", "tokens", "time", "GFLOP/s", "GB/s", "of compute", "of memory",
        "of roofline", "waiting", "serial", "outside", "bytes a token",
      ], texts: [0], id: "phases")
    for phase in audit.phases {
      html += row([
        .text(phase.name), .share(share(phase.tokensPerSecond, of: fastest), rateText(phase.tokensPerSecond)),
        .number(countText(phase.steps)), .number(countText(phase.tokens)), .number(durationText(phase.wall)),
        .number(billionsText(phase.flopsPerSecond)), .number(billionsText(phase.bytesPerSecond)),
        .number(percentText(phase.computeShare)), .number(percentText(phase.memoryShare)),
        .number(percentText(phase.roofline)), .number(percentText(phase.waiting)),
        .number(percentText(phase.serial)), .number(percentText(phase.outside)),
        .number("\(rateText(phase.bytesPerToken))B"),
      ])
    }
    return html + end
  }

  /// The ranked list, each with its advice below.
  var hotPaths: String {
    let columns = [
      "phase", "operation", "time", "share", "calls", "GFLOP/s", "GB/s", "of roofline", "bound by", "gain",
    ]
    var html = head(columns, texts: [0, 1, 8], id: "audit")
    for path in audit.hotPaths where path.time > 0 {
      html += row([
        .text(path.phase), .text(path.name), .number(durationText(path.time)),
        .share(path.share, percentText(path.share)), .number(countText(path.calls)),
        .number(billionsText(path.flopsPerSecond)), .number(billionsText(path.bytesPerSecond)),
        path.roofline.map { .share($0, percentText($0)) } ?? .number("–"), .bound(path.bound),
        .number(gainText(path.gain)),
      ])
      guard path.isAdvised else { continue }
      html += "<tr class=\"advice\"><td></td><td colspan=\"\(columns.count - 1)\">"
      html += "\(escapedHTML(singleLine(path.findings)))</td></tr>\n"
    }
    return html + end + "<p class=\"hint\">\(escapedHTML(Audit.explanation))</p>\n"
  }

  /// What is told of the run as a whole.
  var run: String { pairs(audit.facts, id: "run") }

  /// Memory by purpose: what is in memory before what is set aside.
  var memory: String {
    let most = Double(profile.memory.map(\.reserved).max() ?? 0)
    var html = head(["purpose", "reserved", "in memory"], texts: [0], id: "purposes")
    for purpose in profile.memory {
      html += row([
        .text(purpose.purpose),
        .share(share(Double(purpose.reserved), of: most), sizeText(purpose.reserved)),
        purpose.resident.map { .share(share(Double($0), of: most), sizeText($0)) } ?? .number("–"),
      ])
    }
    return html + end
  }

  /// The machine and its measured limits.
  var machine: String {
    let machine = profile.machine
    func rates(_ value: (MachineLimits) -> Double?) -> String {
      let texts = [machine.all, machine.single].map { value($0).map { rateText($0) + "FLOP/s" } ?? "–" }
      return machine.threads == 1 ? texts[0] : "\(texts[0]); one thread \(texts[1])"
    }
    return pairs(
      [
        ("processor", machine.processor), ("kernels", machine.kernels),
        ("threads", "\(countText(machine.threads)) on \(countText(machine.physicalCores)) physical cores"),
        ("memory for the process", sizeText(machine.memoryLimit)),
        ("peak in f32", rates(\.f32)), ("peak in bf16", rates(\.bf16)), ("peak in int8", rates(\.int8)),
        (
          "reading memory",
          rateText(machine.all.readBytes) + "B/s"
            + (machine.threads == 1 ? "" : "; one thread \(rateText(machine.single.readBytes))B/s")
        ),
      ], id: "machine")
  }

  private func pairs(_ rows: [(name: String, value: String)], id: String) -> String {
    "<table id=\"\(id)\">\n"
      + rows.map {
        "<tr><th scope=\"row\">\(escapedHTML($0.name))</th><td>\(escapedHTML(singleLine($0.value)))</td></tr>\n"
      }.joined() + "</table>\n"
  }

  /// A wide table scrolls by itself.
  private func head(_ columns: [String], texts: Set<Int>, id: String) -> String {
    "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table: \(id)\"><table id=\"\(id)\"><thead><tr>"
      + columns.enumerated().map { index, name in
        "<th scope=\"col\"\(texts.contains(index) ? "" : " class=\"number\"")>\(name)</th>"
      }.joined() + "</tr></thead><tbody>\n"
  }

  private func row(_ cells: [Cell]) -> String { "<tr>\(cells.map(\.html).joined())</tr>\n" }

  private var end: String { "</tbody></table></div>\n" }
}
