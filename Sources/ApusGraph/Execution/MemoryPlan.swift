// Places every computed value in one arena. Values whose lives do not meet share bytes; an element-wise
// result takes over its operand's place when nobody else needs it.

/// Where each value lies.
package struct MemoryPlan: Sendable {
  /// Byte offsets of computed values.
  package private(set) var offsets: [ValueID: Int] = [:]
  /// Bytes of the arena.
  package private(set) var byteCount = 0
  /// Bytes that separate buffers for every value would take.
  package private(set) var unsharedByteCount = 0

  /// Plans for steps as large as `limits`.
  ///
  /// Greedy by size, largest first, each at the lowest offset free for its whole life.
  ///
  /// - Complexity: O(*n*²) for *n* values.
  package init(_ graph: Graph, phases: [Phase], limits: Sizes) {
    var storages = Self.storages(graph, phases: phases, limits: limits)
    unsharedByteCount = storages.reduce(0) { $0 + $1.bytes * $1.values.count }
    storages.sort { ($0.bytes, $1.firstPhase) > ($1.bytes, $0.firstPhase) }
    var placed: [(range: Range<Int>, life: ClosedRange<Int>)] = []
    for storage in storages {
      let life = storage.firstPhase...storage.lastPhase
      let neighbours = placed.filter { $0.life.overlaps(life) }.map(\.range)
        .sorted { $0.lowerBound < $1.lowerBound }
      var offset = 0
      for neighbour in neighbours where offset + storage.bytes > neighbour.lowerBound {
        offset = max(offset, neighbour.upperBound)
      }
      placed.append((offset..<offset + storage.bytes, life))
      byteCount = max(byteCount, offset + storage.bytes)
      for value in storage.values {
        offsets[value] = offset
      }
    }
  }

  /// Bytes that one or more values use in turn.
  private struct Storage {
    var values: [ValueID]
    var bytes: Int
    var firstPhase: Int
    var lastPhase: Int
  }

  private static func storages(_ graph: Graph, phases: [Phase], limits: Sizes) -> [Storage] {
    let lives = Lives(graph, phases: phases)
    var storages: [Storage] = []
    var storageOf: [ValueID: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for (position, output) in node.outputs.enumerated() {
        let type = graph[output].type
        guard type.element != .effect else { continue }
        let last = graph.results.contains(output) ? phases.count : lives.lastRead(output, madeBy: index)
        if position == 0, let input = node.operation.inPlaceInput.map({ node.inputs[$0] }),
          let storage = storageOf[input], graph[input].type == type, !graph.results.contains(input),
          lives.endsAt(index, input)
        {
          storages[storage].values.append(output)
          storages[storage].lastPhase = max(storages[storage].lastPhase, last)
          storageOf[output] = storage
          continue
        }
        storageOf[output] = storages.count
        storages.append(
          Storage(
            values: [output], bytes: max(64, type.rowBytes * limits[type.rows]),
            firstPhase: lives.phase[index], lastPhase: last))
      }
    }
    return storages
  }
}

/// When values are made and read.
private struct Lives {
  let readers: [ValueID: [Int]]
  /// Per node: its phase and its group within it.
  var phase: [Int]
  var group: [Int]

  init(_ graph: Graph, phases: [Phase]) {
    readers = graph.readers()
    phase = Array(repeating: 0, count: graph.nodes.count)
    group = phase
    for (index, members) in phases.enumerated() {
      for (number, nodes) in members.groups.enumerated() {
        for node in nodes {
          phase[node] = index
          group[node] = number
        }
      }
    }
  }

  func lastRead(_ value: ValueID, madeBy node: Int) -> Int {
    (readers[value] ?? []).map { phase[$0] }.max() ?? phase[node]
  }

  /// Whether `node` is the last to read the value: every other reader is in an earlier phase, or earlier in
  /// the node's own chain, which handles a row from start to end.
  func endsAt(_ node: Int, _ value: ValueID) -> Bool {
    (readers[value] ?? []).allSatisfy { reader in
      reader == node || phase[reader] < phase[node]
        || (phase[reader] == phase[node] && group[reader] == group[node] && reader < node)
    }
  }
}
