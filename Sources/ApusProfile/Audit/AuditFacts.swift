// What an audit says of the run as a whole, in words; Markdown and the page show the same.

import ApusBasics

extension Audit {
  /// How the columns of hot paths are meant.
  static let explanation =
    "\"of roofline\" is the larger of arithmetic over its peak and bytes over the bandwidth, both as measured on this "
    + "machine with all threads. Bytes are counted as if nothing were cached, so a cache may carry it above 100 %. "
    + "\"gain\" is how much faster the whole run would be if only this reached its roofline: "
    + "1 / (1 − share · (1 − roofline))."

  /// Names and values, in the order they are read.
  var facts: [(name: String, value: String)] {
    let threads = profile.machine.threads
    var facts: [(name: String, value: String)] = []
    facts.append(("time of all phases", durationText(wall)))
    facts.append(("at the machine's limits it would take", percentText(roofline) + " of that"))
    facts.append(("one thread works alone", percentText(serial) + serialLimit))
    facts.append(("threads wait for each other", percentText(waiting)))
    facts.append(("outside of all operations", percentText(outside)))
    facts.append(("parallel efficiency t₁/(n·tₙ)", efficiencyText(threads)))
    if let residentBytes { facts.append(("most memory in use", sizeText(residentBytes))) }
    facts += systemFacts
    facts += counterFacts
    return facts
  }

  /// What Amdahl's law says of the serial part.
  private var serialLimit: String {
    guard serial >= 0.001, profile.machine.threads > 1 else { return "" }
    return ", so more threads can make it \(fixed(1 / serial, 1)) times as fast at most"
  }

  private func efficiencyText(_ threads: Int) -> String {
    guard let efficiency else { return "not measured (no run with one thread)" }
    return percentText(efficiency) + " with \(countText(threads)) threads"
  }

  private var systemFacts: [(name: String, value: String)] {
    let system = profile.system
    var facts: [(name: String, value: String)] = []
    facts.append(("heap allocations in steps", system.allocations.map(countText) ?? "not counted"))
    facts.append(
      (
        "page faults",
        "\(countText(system.minorFaults)) without a disk, \(countText(system.majorFaults)) from one"
      ))
    facts.append(
      (
        "context switches",
        "\(countText(system.voluntarySwitches)) voluntary, \(countText(system.involuntarySwitches)) involuntary"
      ))
    if let held = system.throttledMicroseconds {
      facts.append(("held back by the control group", durationText(Double(held) * 1e3)))
    }
    if let stolen = system.stolenMicroseconds {
      facts.append(("processors taken by the hypervisor", durationText(Double(stolen) * 1e3)))
    }
    return facts
  }

  private var counterFacts: [(name: String, value: String)] {
    let counters = profile.counters
    var parts: [String] = []
    if let cycles = counters.cycles { parts.append("\(rateText(Double(cycles)))cycles") }
    if let instructions = counters.instructions {
      parts.append("\(rateText(Double(instructions)))instructions")
      if let cycles = counters.cycles, cycles > 0 {
        parts.append("\(fixed(Double(instructions) / Double(cycles), 2)) a cycle")
      }
    }
    if let misses = counters.cacheMisses {
      parts.append("\(rateText(Double(misses)))misses of the last cache")
    }
    if let misses = counters.branchMisses {
      parts.append("\(rateText(Double(misses)))branches predicted wrongly")
    }
    if let reason = counters.unavailable { parts.append(reason) }
    return parts.isEmpty ? [] : [("processor's counters", parts.joined(separator: ", "))]
  }
}

extension HotPath {
  /// Share, bound, gap, gain and advice, in one paragraph.
  var findings: String {
    var text = "\(percentText(share)) of the time, bound by \(bound.phrase)."
    if let roofline, let gain {
      text += " At \(percentText(roofline)) of the roofline"
      text += gain >= 1.005 ? "; reaching it would make the run \(gainText(gain)) as fast. " : ". "
    } else {
      text += " "
    }
    text += advice
    if let slowest = slowLayers.first {
      let layers = slowLayers.prefix(5).map { "\($0.layer)" }.joined(separator: ", ")
      text +=
        slowLayers.count == 1
        ? " Layer \(layers) takes \(fixed(slowest.ratio, 1)) times the median of all layers."
        : " Layers \(layers) stand out, with up to \(fixed(slowest.ratio, 1)) times the median of all layers."
    }
    return text
  }
}

extension Bound {
  /// The bound in a sentence.
  var phrase: String {
    switch self {
    case .compute: "arithmetic"
    case .memory: "memory"
    case .cache: "caches"
    case .latency: "latency"
    case .imbalance: "imbalance"
    case .serial: "serial work"
    case .unknown: "nothing that was counted"
    }
  }
}
