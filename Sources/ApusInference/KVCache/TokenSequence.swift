// One sequence of tokens with its keys and values: what a session owns. Forks share pages until one writes.

import ApusTensor

/// A sequence in an engine's cache.
///
/// Not thread-safe: it belongs to the engine's thread.
package final class TokenSequence {
  private let pool: PagePool
  /// The tokens whose keys and values are stored, in order.
  package private(set) var tokens: [Int32] = []
  private var pages: [Int32] = []
  /// The addresses of `pages`, as the kernels read them.
  private let table: UnsafeMutablePointer<UnsafeRawPointer?>
  /// Positions the sequence may grow to.
  package let capacity: Int

  package init(_ pool: PagePool, capacity: Int) {
    self.pool = pool
    self.capacity = capacity
    let pageCount = KVLayout.pages(capacity)
    table = .allocate(capacity: max(1, pageCount))
    table.initialize(repeating: nil, count: max(1, pageCount))
    tokens.reserveCapacity(capacity)
    pages.reserveCapacity(pageCount)
  }

  deinit {
    pages.forEach(pool.release)
    table.deallocate()
  }

  /// Tokens stored.
  package var length: Int { tokens.count }

  /// The page table for a step.
  var pageTable: UnsafePointer<UnsafeRawPointer?> { UnsafePointer(table) }

  /// Makes room for `count` more tokens; false when the pool has no pages left, leaving it as it was.
  func reserve(_ count: Int) -> Bool {
    let needed = KVLayout.pages(length + count)
    let writesInto = length / KVLayout.pageKeys
    let copies = count > 0 && writesInto < pages.count && pool.isShared(pages[writesInto]) ? 1 : 0
    guard needed - pages.count + copies <= pool.available else { return false }
    if copies == 1, let own = pool.take() {
      pool.copy(pages[writesInto], to: own)
      pool.release(pages[writesInto])
      setPage(writesInto, own)
    }
    while pages.count < needed, let page = pool.take() {
      pages.append(page)
      table[pages.count - 1] = UnsafeRawPointer(pool.address(page))
    }
    return true
  }

  private func setPage(_ index: Int, _ page: Int32) {
    pages[index] = page
    table[index] = UnsafeRawPointer(pool.address(page))
  }

  /// Records tokens whose keys and values a step has stored.
  func append(_ new: some Collection<Int32>) {
    tokens.append(contentsOf: new)
  }

  /// Forgets everything from position `length` on.
  package func truncate(to length: Int) {
    guard length < tokens.count else { return }
    tokens.removeSubrange(length...)
    while pages.count > KVLayout.pages(length) {
      pool.release(pages.removeLast())
      table[pages.count] = nil
    }
  }

  /// A sequence that starts with the first `position` tokens of this one and shares their pages.
  ///
  /// - Complexity: O(pages); no keys are copied until one of the two writes into a shared page.
  package func fork(at position: Int) -> TokenSequence {
    precondition(position <= length)
    let child = TokenSequence(pool, capacity: capacity)
    child.tokens.append(contentsOf: tokens[..<position])
    for (index, page) in pages.prefix(KVLayout.pages(position)).enumerated() {
      pool.retain(page)
      child.pages.append(page)
      child.table[index] = UnsafeRawPointer(pool.address(page))
    }
    return child
  }

  /// How many tokens at the start of `other` are stored already.
  package func commonPrefix(with other: some Collection<Int32>) -> Int {
    zip(tokens, other).prefix { $0 == $1 }.count
  }
}
