// All the pieces that start at one place of a text, in one walk: a trie whose edges lie in one open-addressing
// table. Special tokens, WordPiece and the unigram model look for pieces this way.

/// A trie over byte strings with an id at the end of each.
struct ByteTrie: Sendable {
  /// Where every walk starts.
  static let root: UInt32 = 0

  /// Per slot: the node and the byte of an edge, and in the parallel array the node it leads to; `.max` is empty.
  private var keys: [UInt64]
  private var children: [UInt32]
  private var values: [Int32] = [-1]
  /// The children of the root, asked at every position of a text; 0 is none.
  private var rootChildren = [UInt32](repeating: 0, count: 256)
  private var edges = 0

  /// An empty trie with room for about `bytes` bytes of strings before it grows.
  init(bytes: Int) {
    var capacity = 64
    while capacity < bytes { capacity *= 2 }
    keys = Array(repeating: .max, count: capacity)
    children = Array(repeating: 0, count: capacity)
  }

  /// Adds a string; one that is there already keeps its id. An empty string is never added.
  mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>, id: Int32) {
    guard !bytes.isEmpty else { return }
    var node = Self.root
    for byte in bytes {
      if let child = child(of: node, byte) {
        node = child
      } else {
        if edges * 3 > keys.count * 2 { grow() }
        let child = UInt32(values.count)
        values.append(-1)
        store(Self.key(node, byte), child)
        if node == Self.root { rootChildren[Int(byte)] = child }
        edges += 1
        node = child
      }
    }
    if values[Int(node)] < 0 { values[Int(node)] = id }
  }

  /// The node one byte further, or `nil` when no string goes on that way.
  @inline(__always)
  func child(of node: UInt32, _ byte: UInt8) -> UInt32? {
    if node == Self.root {
      let child = rootChildren[Int(byte)]
      return child == 0 ? nil : child
    }
    let key = Self.key(node, byte)
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: integerHash(key)) & mask
    while true {
      if keys[slot] == key { return children[slot] }
      if keys[slot] == .max { return nil }
      slot = (slot + 1) & mask
    }
  }

  /// The id of the string that ends at `node`, or −1.
  @inline(__always)
  func id(at node: UInt32) -> Int32 { values[Int(node)] }

  /// The longest string that starts at `start`: its id and where it ends; id −1 when there is none.
  func longest(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (id: Int32, end: Int) {
    var found: (id: Int32, end: Int) = (-1, start)
    var node = Self.root
    var position = start
    while position < text.count, let child = child(of: node, text[position]) {
      node = child
      position += 1
      if values[Int(node)] >= 0 { found = (values[Int(node)], position) }
    }
    return found
  }

  @inline(__always)
  private static func key(_ node: UInt32, _ byte: UInt8) -> UInt64 {
    UInt64(node) << 8 | UInt64(byte)
  }

  private mutating func store(_ key: UInt64, _ child: UInt32) {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: integerHash(key)) & mask
    while keys[slot] != .max { slot = (slot + 1) & mask }
    keys[slot] = key
    children[slot] = child
  }

  private mutating func grow() {
    let old = (keys, children)
    keys = Array(repeating: .max, count: old.0.count * 2)
    children = Array(repeating: 0, count: old.0.count * 2)
    for index in old.0.indices where old.0[index] != .max { store(old.0[index], old.1[index]) }
  }
}
