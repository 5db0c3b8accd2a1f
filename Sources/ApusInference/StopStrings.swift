// Stop strings found in a stream of text. The matcher lets through what can no longer become part of one
// and holds back the rest. What a stop does to the generation is the caller's business.

import ApusBasics

/// Why a set of stop strings was refused.
public enum StopStringError: ApusError, Equatable {
  /// More strings than the limit.
  case tooMany(count: Int, limit: Int)
  /// The string at `index` is empty: it would stop every generation before its first byte.
  case empty(index: Int)
  /// The string at `index` is longer than the limit, in UTF-8 bytes.
  case tooLong(index: Int, bytes: Int, limit: Int)

  /// One line for the user.
  public var description: String {
    switch self {
    case .tooMany(let count, let limit):
      "\(count) stop strings: at most \(limit) are allowed"
    case .empty(let index):
      "stop string \(index + 1) is empty"
    case .tooLong(let index, let bytes, let limit):
      "stop string \(index + 1) has \(bytes) bytes: at most \(limit) are allowed"
    }
  }
}

/// Watches streamed text for stop strings.
///
/// Bytes go in as they are generated; those that cannot belong to a stop string come out at once, in
/// order. A stop string and everything after it never come out. Of several stop strings the one that ends
/// first wins; of those that end together the longest, so that no part of one is ever let through.
///
///     var stops = try StopStrings(["\nUser:", "</s>"])
///     var text: [UInt8] = []
///     if let index = stops.push(piece, into: &text) { … }   // stopped by string `index`
///     stops.finish(into: &text)                             // the stream ended without one
///
/// Whole characters that go in come out whole: what is held back starts where a stop string could start.
///
/// - Complexity: amortised O(number of strings) per byte, by the prefix function of Knuth, Morris and Pratt
///   (doi:10.1137/0206024). Nothing is allocated after `init`, given room in the output.
public struct StopStrings: Sendable {
  /// The most stop strings one generation may have.
  public static let maximumCount = 16
  /// The most UTF-8 bytes of one stop string.
  public static let maximumBytes = 256

  private var patterns: [Pattern]
  /// Bytes taken in and not let out: the longest suffix of the text that begins a stop string.
  private var held: [UInt8]
  /// The string that was found.
  public private(set) var stoppedBy: Int?

  /// A matcher for `strings`; none at all lets everything through.
  public init(_ strings: [String]) throws(StopStringError) {
    guard strings.count <= Self.maximumCount else {
      throw .tooMany(count: strings.count, limit: Self.maximumCount)
    }
    patterns = []
    for (index, string) in strings.enumerated() {
      let bytes = Array(string.utf8)
      guard !bytes.isEmpty else { throw .empty(index: index) }
      guard bytes.count <= Self.maximumBytes else {
        throw .tooLong(index: index, bytes: bytes.count, limit: Self.maximumBytes)
      }
      patterns.append(Pattern(bytes))
    }
    held = []
    held.reserveCapacity(Self.maximumBytes)
  }

  /// Takes in the next bytes of the text and appends to `output` those that are safe to show.
  ///
  /// - Returns: the index of the stop string that ended here, or `nil`. After a stop nothing more is let
  ///   through, until `reset()`.
  public mutating func push(_ bytes: some Sequence<UInt8>, into output: inout [UInt8]) -> Int? {
    guard stoppedBy == nil else { return stoppedBy }
    guard !patterns.isEmpty else {
      output.append(contentsOf: bytes)
      return nil
    }
    for byte in bytes {
      held.append(byte)
      var longest = 0
      var stopLength = 0
      for index in patterns.indices {
        let length = patterns[index].advance(byte)
        if length == patterns[index].bytes.count, length > stopLength {
          stoppedBy = index
          stopLength = length
        }
        longest = max(longest, length)
      }
      if let stop = stoppedBy {
        release(allBut: stopLength, into: &output)
        held.removeAll(keepingCapacity: true)
        return stop
      }
      release(allBut: longest, into: &output)
    }
    return nil
  }

  /// Ends the text: what was held back is let through, unless a stop string was found.
  public mutating func finish(into output: inout [UInt8]) {
    release(allBut: 0, into: &output)
    reset(keepingStop: true)
  }

  /// Forgets the text seen so far.
  public mutating func reset() {
    reset(keepingStop: false)
  }

  private mutating func reset(keepingStop: Bool) {
    held.removeAll(keepingCapacity: true)
    for index in patterns.indices { patterns[index].matched = 0 }
    if !keepingStop { stoppedBy = nil }
  }

  private mutating func release(allBut kept: Int, into output: inout [UInt8]) {
    let count = held.count - kept
    guard count > 0 else { return }
    for index in 0..<count { output.append(held[index]) }
    held.removeSubrange(..<count)
  }

  /// One stop string and how much of it the text ends with.
  private struct Pattern: Sendable {
    let bytes: [UInt8]
    /// `borders[n]`: the longest proper prefix of the first `n` bytes that is also their suffix.
    let borders: [Int]
    var matched = 0

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      var borders = [0, 0]
      var border = 0
      for byte in bytes.dropFirst() {
        while border > 0, bytes[border] != byte { border = borders[border] }
        if bytes[border] == byte { border += 1 }
        borders.append(border)
      }
      self.borders = borders
    }

    /// Takes one byte more; returns how many bytes of the string the text now ends with.
    mutating func advance(_ byte: UInt8) -> Int {
      while matched > 0, matched == bytes.count || bytes[matched] != byte { matched = borders[matched] }
      if bytes[matched] == byte { matched += 1 }
      return matched
    }
  }
}
