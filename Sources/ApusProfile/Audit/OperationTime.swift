// How long an operation took, and how long it would take at this machine's limits: the two figures everything in an
// audit is made of.

extension OperationProfile {
  /// Nanoseconds of all threads together, at work.
  var busyTotal: Double { busy.reduce(0) { $0 + Double($1) } }

  /// Nanoseconds of all threads together, waiting.
  var waitTotal: Double { wait.reduce(0) { $0 + Double($1) } }

  /// The operation's part of the wall time in nanoseconds.
  ///
  /// Operations may run side by side, so it is the share of the threads' time that went into it. What one thread does
  /// alone holds up all of them, whether or not their waiting was counted here.
  func elapsed(threads: Int) -> Double {
    let shared = (busyTotal + waitTotal) / Double(max(1, threads))
    return isSerial ? max(shared, busyTotal) : shared
  }

  /// What `elapsed` would be without the waiting at the end.
  func balanced(threads: Int) -> Double {
    isSerial ? busyTotal : busyTotal / Double(max(1, threads))
  }

  /// The scope's parts, without empty ones.
  var path: [String] { scope.split(separator: "/").map(String.init) }

  /// The part of the model, whichever layer: "layer 3/attention" is "attention", "backward/layer 3" is "backward".
  var module: String { path.filter { !$0.hasPrefix("layer ") }.joined(separator: "/") }

  /// The number of the layer, also of one within "backward".
  var layerNumber: Int? {
    path.lazy.compactMap { $0.hasPrefix("layer ") ? Int($0.dropFirst(6)) : nil }.first
  }
}

extension MachineLimits {
  /// Operations per second in an arithmetic; in f32 where the machine has no instruction of its own.
  func rate(_ arithmetic: Arithmetic) -> Double {
    switch arithmetic {
    case .f32: f32
    case .bf16: bf16 ?? f32
    case .int8: int8 ?? f32
    }
  }

  /// Nanoseconds the arithmetic takes at best; 0 where no limit was measured.
  func arithmeticTime(_ operation: OperationProfile) -> Double {
    Self.time(operation.flops, rate(operation.arithmetic))
  }

  /// Nanoseconds the bytes take at best; 0 where no limit was measured.
  func memoryTime(_ operation: OperationProfile) -> Double { Self.time(operation.bytes, readBytes) }

  /// Nanoseconds at the roofline.
  func least(_ operation: OperationProfile) -> Double {
    max(arithmeticTime(operation), memoryTime(operation))
  }

  private static func time(_ amount: Double, _ rate: Double) -> Double {
    guard amount > 0, rate > 0, amount.isFinite, rate.isFinite else { return 0 }
    let time = amount / rate * 1e9
    return time.isFinite ? time : 0
  }
}

/// `part / whole`, and 0 where there is no whole.
func share(_ part: Double, of whole: Double) -> Double { whole > 0 ? part / whole : 0 }
