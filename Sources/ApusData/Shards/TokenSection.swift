// Tokens and the ends of their documents as memory: of a mapped shard, or of an array. What reads tokens reads them here.

import ApusRuntime

/// Consecutive documents in memory that somebody else keeps alive.
struct TokenSection: @unchecked Sendable {
  /// Tokens of `tokenWidth` bytes each.
  let tokens: UnsafeRawPointer
  let tokenWidth: Int
  let tokenCount: Int
  /// The number of tokens up to and with each document's last.
  let ends: UnsafePointer<UInt64>
  let documentCount: Int
  /// Keeps the memory.
  let owner: AnyObject & Sendable

  /// Copies `count` tokens from `start` on.
  ///
  /// - Complexity: O(*count*), no allocation.
  func copy(_ start: Int, _ count: Int, to target: UnsafeMutablePointer<Int32>) {
    if tokenWidth == 2 {
      let source = tokens.assumingMemoryBound(to: UInt16.self) + start
      for index in 0..<count { target[index] = Int32(UInt16(littleEndian: source[index])) }
    } else {
      let source = tokens.assumingMemoryBound(to: UInt32.self) + start
      for index in 0..<count {
        target[index] = Int32(truncatingIfNeeded: UInt32(littleEndian: source[index]))
      }
    }
  }

  /// The tokens of a document, counted from the section's first.
  func range(ofDocument index: Int) -> Range<Int> {
    let start = index == 0 ? 0 : Int(UInt64(littleEndian: ends[index - 1]))
    return start..<Int(UInt64(littleEndian: ends[index]))
  }

  /// The largest of `count` tokens from `start` on; ids that do not fit in 31 bits count as they are.
  func maximum(_ start: Int, _ count: Int) -> UInt32 {
    var largest: UInt32 = 0
    if tokenWidth == 2 {
      let source = tokens.assumingMemoryBound(to: UInt16.self) + start
      var narrow: UInt16 = 0
      for index in 0..<count { narrow = max(narrow, UInt16(littleEndian: source[index])) }
      largest = UInt32(narrow)
    } else {
      let source = tokens.assumingMemoryBound(to: UInt32.self) + start
      for index in 0..<count { largest = max(largest, UInt32(littleEndian: source[index])) }
    }
    return largest
  }

  /// The first of the tokens that is not below `limit`, its place and value; nil when all are.
  func firstToken(notBelow limit: Int) -> (index: Int, token: Int)? {
    // In pieces, because finding the largest is a vector loop and finding the first is not.
    let piece = 1 << 16
    for start in stride(from: 0, to: tokenCount, by: piece) {
      let count = min(piece, tokenCount - start)
      guard Int(maximum(start, count)) >= limit else { continue }
      for index in start..<start + count where Int(maximum(index, 1)) >= limit {
        return (index, Int(maximum(index, 1)))
      }
    }
    return nil
  }
}

/// Tokens and documents in memory of their own.
final class TokenMemory: @unchecked Sendable {
  let tokens: UnsafeMutableBufferPointer<UInt32>
  let ends: UnsafeMutableBufferPointer<UInt64>

  init(tokens: [Int32], ends: [Int]) {
    self.tokens = .allocate(capacity: tokens.count)
    self.ends = .allocate(capacity: ends.count)
    _ = self.tokens.initialize(from: tokens.lazy.map { UInt32(bitPattern: $0).littleEndian })
    _ = self.ends.initialize(from: ends.lazy.map { UInt64($0).littleEndian })
  }

  deinit {
    tokens.deallocate()
    ends.deallocate()
  }

  /// What it holds; the arrays it was made from were not empty.
  var section: TokenSection {
    TokenSection(
      tokens: UnsafeRawPointer(tokens.baseAddress!), tokenWidth: 4, tokenCount: tokens.count,
      ends: UnsafePointer(ends.baseAddress!), documentCount: ends.count, owner: self)
  }
}
