// Ranks as threads of one process, for tests: a store of messages instead of a wire. Messages arrive in a seeded, shuffled
// order among different senders, and only when they are asked for a few times, so that nothing can rely on speed.

import ApusRuntime
import Synchronization

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Messages under way between threads.
final class MessageStore: Sendable {
  struct Route: Hashable {
    let from: Int
    let to: Int
    let tag: Int
  }

  struct State {
    var messages: [Route: [[UInt8]]] = [:]
    /// Ranks that asked for the end of all.
    var aborts: [Int] = []
    /// Bytes sent from a rank to another.
    var traffic: [[Int]]
  }

  let state: Mutex<State>
  let size: Int
  let seed: UInt64

  init(_ size: Int, seed: UInt64) {
    self.size = size
    self.seed = seed
    state = Mutex(State(traffic: Array(repeating: Array(repeating: 0, count: size), count: size)))
  }

  var aborts: [Int] { state.withLock { $0.aborts } }
}

/// A thread's end.
final class ThreadCommunicator: Communicator {
  let rank: Int
  var size: Int { store.size }
  var ranksHere: Int { store.size }
  fileprivate let store: MessageStore
  private var numbers: SeededNumbers
  private var next = 0
  private enum Pending {
    case sent(polls: Int)
    case receive(UnsafeMutableRawBufferPointer, MessageStore.Route, turn: Int, polls: Int)
  }
  private var pending: [Int: Pending] = [:]
  /// Receives asked for and received, by route: a receive waits for its turn.
  private var asked: [MessageStore.Route: Int] = [:]
  private var taken: [MessageStore.Route: Int] = [:]
  /// From this many sends on the rank is dead: nothing leaves it.
  var silentAfter = Int.max

  init(_ store: MessageStore, rank: Int) {
    self.store = store
    self.rank = rank
    numbers = SeededNumbers(store.seed &+ UInt64(rank))
  }

  private func polls() -> Int { Int(numbers.next() % 4) }

  func send(
    _ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int
  ) throws(CommunicationError) -> Transfer {
    precondition((0..<store.size).contains(rank) && rank != self.rank && (0...32_767).contains(tag))
    next += 1
    pending[next] = .sent(polls: polls())
    guard next < silentAfter else { return Transfer(next) }
    let route = MessageStore.Route(from: self.rank, to: rank, tag: tag)
    let message = Array(bytes)
    store.state.withLock {
      $0.messages[route, default: []].append(message)
      $0.traffic[self.rank][rank] += message.count
    }
    return Transfer(next)
  }

  func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) throws(CommunicationError) -> Transfer {
    precondition((0..<store.size).contains(rank) && rank != self.rank)
    next += 1
    let route = MessageStore.Route(from: rank, to: self.rank, tag: tag)
    pending[next] = .receive(bytes, route, turn: asked[route, default: 0], polls: polls())
    asked[route, default: 0] += 1
    return Transfer(next)
  }

  func isDone(_ transfer: Transfer) throws(CommunicationError) -> Bool {
    switch pending[transfer.number] {
    case nil: preconditionFailure("a transfer that is done already, or never was")
    case .sent(let polls):
      pending[transfer.number] = polls > 0 ? .sent(polls: polls - 1) : nil
      return polls == 0
    case .receive(let bytes, let route, let turn, let polls):
      guard polls == 0 else {
        pending[transfer.number] = .receive(bytes, route, turn: turn, polls: polls - 1)
        return false
      }
      guard taken[route, default: 0] == turn else { return false }
      let message = store.state.withLock { state -> [UInt8]? in
        guard state.messages[route]?.isEmpty == false else { return nil }
        return state.messages[route]!.removeFirst()
      }
      guard let message else { return false }
      guard message.count == bytes.count else {
        throw .call(name: "receive", rank: rank, reason: "\(message.count) bytes instead of \(bytes.count)")
      }
      bytes.copyBytes(from: message)
      taken[route, default: 0] += 1
      pending[transfer.number] = nil
      return true
    }
  }

  func abort() { store.state.withLock { $0.aborts.append(rank) } }
}

/// Runs `body` for every rank on a thread of its own; what each came to.
func onRanks<Value: Sendable>(
  _ size: Int, seed: UInt64 = 1, timeout: Double = 20, silentAfter: [Int: Int] = [:],
  _ body: @escaping @Sendable (RankGroup) throws -> Value
) -> (results: [Result<Value, any Error>], store: MessageStore) {
  let store = MessageStore(size, seed: seed)
  let results = Mutex<[Int: Result<Value, any Error>]>([:])
  let seats = (0..<size).map { rank in
    Seat {
      let communicator = ThreadCommunicator(store, rank: rank)
      communicator.silentAfter = silentAfter[rank] ?? .max
      let group = RankGroup(communicator, timeout: timeout)
      let result = Result { try body(group) }
      results.withLock { $0[rank] = result }
    }
  }
  let threads = seats.map { $0.start() }
  for thread in threads { pthread_join(thread, nil) }
  return (results.withLock { all in (0..<size).map { all[$0]! } }, store)
}

/// A thread and what it runs.
private final class Seat: Sendable {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) {
    self.body = body
  }

  func start() -> pthread_t {
    #if canImport(Darwin)
      var thread: pthread_t?
      let code = pthread_create(&thread, nil, { seatMain($0) }, Unmanaged.passRetained(self).toOpaque())
      precondition(code == 0)
      return thread!
    #else
      var thread = pthread_t()
      let code = pthread_create(&thread, nil, { seatMain($0!) }, Unmanaged.passRetained(self).toOpaque())
      precondition(code == 0)
      return thread
    #endif
  }

  fileprivate func run() { body() }
}

private func seatMain(_ seat: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  Unmanaged<Seat>.fromOpaque(seat).takeRetainedValue().run()
  return nil
}

extension ThreadCommunicator {
  /// Bytes that have left for a rank.
  func bytesSent(to rank: Int) -> Int { store.state.withLock { $0.traffic[self.rank][rank] } }
}
