// What the ranks of a run need of the wire between them: bytes from one to another, started and asked about, never waited
// for. Everything above (sums, broadcasts, time limits) is RankGroup's, so that it is tested without a wire.

/// One process's end of a connection to the other processes of a run.
///
/// Not thread-safe: all calls come from one thread. Messages of one sender, receiver and tag arrive in the order in
/// which they were sent.
public protocol Communicator: AnyObject {
  /// This process's number, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var size: Int { get }
  /// How many of them share this machine and its memory.
  var ranksHere: Int { get }

  /// Starts to send bytes, which must stay as they are until it is done.
  ///
  /// - Parameters:
  ///   - bytes: at most 2 GiB.
  ///   - tag: below 32,768; a receiver asks for it.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws(CommunicationError) -> Transfer
  /// Starts to receive exactly `bytes.count` bytes.
  func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) throws(CommunicationError) -> Transfer
  /// Whether a transfer is done; asked once more after that is a mistake. Also moves others along.
  func isDone(_ transfer: Transfer) throws(CommunicationError) -> Bool
  /// Ends all processes of the run, because one cannot go on.
  func abort()
}

/// A send or receive under way.
public struct Transfer: Sendable, Equatable {
  /// The communicator's own number for it.
  public let number: Int

  /// The transfer of a number.
  public init(_ number: Int) {
    self.number = number
  }
}

/// The only process of its run.
public final class SingleProcess: Communicator {
  /// It is the first.
  public let rank = 0
  /// There is no other.
  public let size = 1
  /// Itself.
  public let ranksHere = 1

  /// Nothing is opened.
  public init() {}

  /// There is nobody to send to.
  public func send(
    _ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int
  ) throws(CommunicationError) -> Transfer {
    preconditionFailure("there is nobody to send to")
  }

  /// There is nobody to receive from.
  public func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) throws(CommunicationError) -> Transfer {
    preconditionFailure("there is nobody to receive from")
  }

  /// There is no transfer to ask for.
  public func isDone(_ transfer: Transfer) throws(CommunicationError) -> Bool {
    preconditionFailure("there is no transfer")
  }

  /// Nothing but itself is to be ended.
  public func abort() {}
}
