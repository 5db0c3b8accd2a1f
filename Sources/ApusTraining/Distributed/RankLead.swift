// What rank 0 does alone (saving, samples, records) while the others wait for it and answer what it asks.

import ApusBasics

/// What rank 0 asks of another.
enum RankRequest: Equatable {
  /// A part of a piece of a state.
  case state(Int, piece: Int, start: Int)
  /// It has finished.
  case done
  /// It has failed; a text follows.
  case failed

  /// As it travels.
  var words: (Int64, Int64, Int64, Int64) {
    switch self {
    case .done: (0, 0, 0, 0)
    case .failed: (1, 0, 0, 0)
    case .state(let state, let piece, let start): (2, Int64(state), Int64(piece), Int64(start))
    }
  }

  /// nil when nothing like it is ever sent.
  init?(_ words: (Int64, Int64, Int64, Int64)) {
    switch words.0 {
    case 0: self = .done
    case 1: self = .failed
    case 2: self = .state(Int(words.1), piece: Int(words.2), start: Int(words.3))
    default: return nil
    }
  }
}

extension RankGroup {
  /// Rank 0 asks another.
  func ask(_ rank: Int, _ request: RankRequest) throws(CommunicationError) {
    try withUnsafeBytes(of: request.words) { bytes throws(CommunicationError) in
      try send(bytes, to: rank, "rank 0's wishes")
    }
  }

  /// Runs `body` on rank 0, while the others answer with `answer`; when `body` fails, all fail.
  package func lead(
    _ answer: (_ state: Int, _ piece: Int, _ start: Int) throws(CommunicationError) -> Void,
    _ body: () throws -> Void
  ) throws {
    guard !isAlone else { return try body() }
    guard isFirst else { return try follow(answer) }
    do {
      try body()
    } catch let error as CommunicationError {
      // The others cannot be told.
      throw error
    } catch {
      for rank in 1..<size { try ask(rank, .failed) }
      try agree("\(error)", "rank 0's failure")
    }
    for rank in 1..<size { try ask(rank, .done) }
  }

  private func follow(
    _ answer: (_ state: Int, _ piece: Int, _ start: Int) throws(CommunicationError) -> Void
  ) throws(CommunicationError) {
    while true {
      var words: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
      try withUnsafeMutableBytes(of: &words) { bytes throws(CommunicationError) in
        try receive(bytes, from: 0, "rank 0's wishes", seconds: patience)
      }
      switch RankRequest(words) {
      case .done: return
      case .failed: try agree("", "rank 0's failure")
      case .state(let state, let piece, let start): try answer(state, piece, start)
      case nil:
        throw .call(name: "receiving rank 0's wishes", rank: rank, reason: "it speaks another version")
      }
    }
  }
}
