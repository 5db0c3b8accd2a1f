// What keeps an operation from being faster, decided from its figures, and what that means in words.

import ApusBasics

/// What keeps an operation from being faster.
public enum Bound: String, Sendable, CaseIterable {
  /// Arithmetic units: its least time is that of its multiplications.
  case compute
  /// The memory bus: its least time is that of its bytes.
  case memory
  /// Caches: its bytes come faster than memory gives them, so that neither limit tells what it could reach.
  case cache
  /// Many short calls, far from both limits: starting and meeting costs more than the work.
  case latency
  /// Threads wait for the one with the most to do.
  case imbalance
  /// One thread works while the others wait, or threads hardly help.
  case serial
  /// No arithmetic and no bytes were counted, so there is no limit to compare with.
  case unknown
}

extension Bound {
  /// Nanoseconds below which a call is short: a fork and a barrier cost a few microseconds, so that here they are a
  /// tenth or more.
  static let shortCall = 50_000.0
  /// The part of the roofline above which the roofline is what limits, whatever else is amiss.
  static let nearRoof = 0.75
  /// The part of the roofline that is beyond what a measured limit is uncertain by.
  static let aboveRoof = 1.05
  /// The part of the threads' time in waiting, or above the mean in the busiest thread, that is imbalance.
  static let wasted = 0.2

  init(of path: HotPath, threads: Int) {
    let roofline = path.roofline ?? 0
    let roof: Bound = path.least == 0 ? .unknown : path.memoryTime >= path.arithmeticTime ? .memory : .compute
    let isShort = path.timePerCall < Self.shortCall && path.calls > 0
    if roofline > Self.aboveRoof, roof == .memory {
      self = path.arithmeticTime >= Self.nearRoof * path.time ? .compute : .cache
    } else if roofline >= Self.nearRoof {
      self = roof
    } else if threads > 1, path.serial > 0.5 {
      self = .serial
    } else if threads > 1, path.imbalance - 1 >= Self.wasted {
      self = .imbalance
    } else if isShort, roofline < 0.5 {
      self = .latency
    } else if threads > 1, path.waiting >= Self.wasted {
      self = .imbalance
    } else if threads > 1, let efficiency = path.efficiency, efficiency < 0.6 * path.efficiencyLimit {
      self = .serial
    } else {
      self = roof
    }
  }
}

extension HotPath {
  /// What bounds it and what would help, in a sentence or two with its own numbers.
  public var advice: String {
    switch bound {
    case .compute: computeAdvice
    case .memory: memoryAdvice
    case .cache: cacheAdvice
    case .latency: latencyAdvice
    case .imbalance: imbalanceAdvice
    case .serial: serialAdvice
    case .unknown: "No arithmetic and no bytes are counted for it, so its limit is not known."
    }
  }

  private var computeAdvice: String {
    let part = ApusProfile.share(arithmeticTime, of: time)
    let reached = "Its arithmetic alone needs \(percentText(part)) of its time at the \(arithmetic) peak"
    if part > Bound.aboveRoof {
      return reached + ": more than was measured as the peak, which was then taken in a slower moment."
    }
    if part >= Bound.nearRoof {
      return reached + ": only less arithmetic or a narrower type makes it faster."
    }
    return reached + "; the rest is the kernel's: its tiles, its packing, or shapes that fill them badly."
  }

  private var memoryAdvice: String {
    let rate = "\(rateText(bytesPerSecond))B/s cross the bus if nothing is cached"
    let roofline = roofline ?? 0
    if roofline >= Bound.nearRoof {
      return rate + ", near what memory gives: only fewer bytes make it faster, by a narrower format or more "
        + "tokens each time the bytes are read."
    }
    return rate + ", \(percentText(roofline)) of what memory gives: more bytes must be in flight at once, by "
      + "longer rows for each thread or by prefetching, before a narrower format pays."
  }

  private var cacheAdvice: String {
    "\(rateText(bytesPerSecond))B/s are more than memory gives, so part of the bytes came from a cache, and its "
      + "arithmetic takes \(percentText(ApusProfile.share(arithmeticTime, of: time))) of its time at the \(arithmetic) peak: what "
      + "it could reach is not known from these limits."
  }

  private var latencyAdvice: String {
    var text = "\(countText(calls)) calls of \(durationText(timePerCall))"
    if let roofline { text += ", \(percentText(roofline)) of the roofline" }
    return text
      + ": starting and meeting costs more than the work. Run it together with its neighbours, or with "
      + "more tokens at once."
  }

  private var imbalanceAdvice: String {
    let most =
      imbalance >= 1.005
      ? "The busiest thread works \(fixed(imbalance, 2)) times the mean" : "All threads work alike in sum"
    return most
      + " and \(percentText(waiting)) of the threads' time is waiting for the last: smaller units of "
      + "work share better, unless another program or the hypervisor takes processors away."
  }

  private var serialAdvice: String {
    if serial > 0.5 {
      return
        "One thread works and the others wait, \(percentText(serial * share)) of the workload's time: share "
        + "its rows, or run it with more tokens at once."
    }
    return
      "Threads hardly help: the work of one is done with an efficiency of \(percentText(efficiency ?? 0)), "
      + "where this machine's limits allow \(percentText(efficiencyLimit))."
  }
}
