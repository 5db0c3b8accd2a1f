// A profile as one HTML file that needs nothing but itself: what stands on the page, in which order. Pictures, style and
// script have files of their own.

import ApusBasics

extension Audit {
  /// The audit and its profile as a page: roofline, timeline, treemap, memory, tables. It fetches nothing.
  ///
  /// - Complexity: O(*n* log *n*) in the number of operations and spans.
  public var html: String { ProfilePage(self).html }
}

/// The page of an audit.
struct ProfilePage {
  private let audit: Audit
  private let marks: OperationMarks
  private var profile: Profile { audit.profile }

  init(_ audit: Audit) {
    self.audit = audit
    marks = OperationMarks(audit)
  }

  /// The page.
  var html: String {
    let title = escapedHTML(singleLine(profile.workload))
    var page = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>\(title) · Apus profile</title>
      <link rel="icon" href="data:,">
      <style>\(Self.style)</style></head>
      <body><h1>Where the time goes</h1>
      <p class="workload">\(title)</p>

      """
    if profile.isInterrupted { page += "<p class=\"alarm\" role=\"alert\">\(Profile.interruptedText)</p>\n" }
    page += "<pre>\(escapedHTML(profile.command))</pre>\n"
    page += cards
    page += section("Phases", tables.phases)
    page += section("Hot paths", tables.hotPaths)
    page += section("Roofline", roofline)
    page += section("Timeline", timeline)
    page += section("Time by module", treemap)
    page += section("Memory", memory)
    page += section("The whole run", tables.run)
    page += section("Machine", tables.machine)
    if !profile.notes.isEmpty {
      page += section(
        "Notes", "<ul>" + profile.notes.map { "<li>\(escapedHTML($0))</li>" }.joined() + "</ul>\n")
    }
    page += "<div id=\"tip\" role=\"status\" hidden></div>\n"
    page += "<script type=\"application/json\" id=\"data\">\(data)</script>\n"
    return page + "<script>\(Self.script)</script>\n</body></html>\n"
  }

  private var tables: PageTables { PageTables(audit) }

  private func section(_ title: String, _ content: String) -> String {
    "<section><h2>\(title)</h2>\n\(content)</section>\n"
  }

  /// The figures to see first.
  private var cards: String {
    var cards = audit.phases.map {
      (figure: rateText($0.tokensPerSecond), text: "tokens/s, \(singleLine($0.name))")
    }
    cards.append((percentText(audit.roofline), "of what the machine's limits allow"))
    cards.append((percentText(audit.waiting), "of the threads' time is waiting"))
    if let bytes = audit.residentBytes { cards.append((sizeText(bytes), "most memory in use")) }
    if let allocations = profile.system.allocations {
      cards.append((countText(allocations), "heap allocations in steps"))
    }
    return "<div class=\"cards\">"
      + cards.map { "<div><b>\(escapedHTML($0.figure))</b><span>\(escapedHTML($0.text))</span></div>" }
      .joined()
      + "</div>\n"
  }

  private var roofline: String {
    guard !marks.list.isEmpty else { return nothing }
    return """
      <p class="hint">Every operation of every layer is a point; its area is its time. Hollow points on an edge have no
      arithmetic, no bytes or no time. Lines are limits measured on this machine; bytes are counted as if nothing were
      cached, so points may lie above. Point at one, or reach the picture with Tab and walk with the arrow keys.</p>
      \(legend)\(RooflinePicture(profile.machine, marks.list).svg)
      """
  }

  private var timeline: String {
    guard !profile.timeline.isEmpty else {
      return "<p class=\"hint\">No timeline was recorded.</p>\n"
    }
    return """
      <p class="hint">What each thread does; waiting is pale, and where nothing stands nothing was recorded. Zoom with
      the wheel (after a click into the picture, or with Ctrl) or with + and −, move by dragging or with ← and →,
      choose a thread with ↑ and ↓ and walk its spans with , and . (0 shows everything again).</p>
      <p class="buttons"><button type="button" data-zoom="0.5">zoom in</button>
      <button type="button" data-zoom="2">zoom out</button>
      <button type="button" data-zoom="all">show everything</button></p>
      \(legend)<canvas id="timeline" tabindex="0" role="application" aria-describedby="tip"
      aria-label="Timeline of all threads"></canvas>
      <noscript><p>The timeline needs scripts; the other pictures do not.</p></noscript>

      """
  }

  private var treemap: String {
    guard audit.wall > 0 else { return nothing }
    return """
      <p class="hint">Areas are times, of phases, the model's parts within them, and operations within those.</p>
      \(legend)\(TreemapPicture(profile, marks).svg)
      """
  }

  private var memory: String {
    var content = MemoryPicture(samples: profile.memoryOverTime).svg
    if !profile.memory.isEmpty { content += tables.memory }
    return content
  }

  private var nothing: String { "<p class=\"hint\">Nothing was measured.</p>\n" }

  /// Kinds of operations and their colours; pressing one makes the others pale.
  private var legend: String {
    let kinds = marks.kinds.names.enumerated().map { index, name in
      "<button type=\"button\" class=\"k\(index)\" data-kind=\"\(index)\" aria-pressed=\"false\">"
        + "<i></i>\(escapedHTML(singleLine(name)))</button>"
    }
    return "<p class=\"legend\">\(kinds.joined())</p>\n"
  }

  /// What the script needs: texts of operations, and spans as thread, start, length, operation (−1 waits).
  private var data: String {
    var first: [Int] = []
    var count = 0
    for phase in profile.phases {
      first.append(count)
      count += phase.operations.count
    }
    var spans: [JSONValue] = []
    for span in profile.timeline where profile.phases.indices.contains(span.phase) && span.end >= span.start {
      let isKnown = span.operation.map { profile.phases[span.phase].operations.indices.contains($0) } ?? true
      guard isKnown else { continue }
      spans += [
        .integer(span.thread), .double(Double(span.start)), .double(Double(span.end - span.start)),
        .integer(span.operation.map { first[span.phase] + $0 } ?? -1),
      ]
    }
    let operations = marks.list.map { mark in
      JSONValue.array([.string(mark.name), .string(mark.place), .integer(mark.kind), .string(mark.numbers)])
    }
    let json = JSONValue.members(["operations": .array(operations), "spans": .array(spans)])
    // Nothing in it may look like the end of the element.
    return json.serialized().split(separator: "<", omittingEmptySubsequences: false)
      .joined(separator: "\\u003c")
  }
}
