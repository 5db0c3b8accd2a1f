// What goes wrong between the processes of a run.

import ApusBasics

/// Why processes cannot work together.
public enum CommunicationError: ApusError, Equatable {
  /// A rank did not answer in time.
  case silent(rank: Int, by: Int, awaited: String, seconds: Double)
  /// A call of the MPI library failed.
  case call(name: String, rank: Int, reason: String)
  /// The same on all ranks: what the lowest rank that failed has to say.
  case failed(rank: Int, message: String)
  /// Several processes were started, and this build cannot connect them.
  case notBuilt(processes: Int)
  /// MPI was begun and ended already in this process, or begun by somebody else.
  case begunTwice

  /// Whether every rank throws it at the same place, so that all end by themselves.
  var isAgreed: Bool {
    if case .failed = self { true } else { false }
  }

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .silent(let rank, let by, let awaited, let seconds):
      "rank \(by): nothing came from rank \(rank) for \(seconds.rounded() == seconds ? "\(Int(seconds))" : "\(seconds)") s "
        + "(\(awaited)); the run ends, and goes on from its last checkpoint when it is started again"
    case .call(let name, let rank, let reason):
      "rank \(rank): \(name) failed: \(reason)"
    case .failed(let rank, let message):
      "rank \(rank): \(message)"
    case .notBuilt(let processes):
      "\(processes) processes were started together, and this build knows nothing of MPI: build it with "
        + "\"swift build -c release --traits MPI\" (libopenmpi-dev)"
    case .begunTwice:
      "MPI can be begun only once in a process"
    }
  }
}
