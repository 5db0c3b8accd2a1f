// A number that tells one model's weights from another's without reading all of them.

import ApusGraph
import ApusTensor

extension Network {
  /// A hash (FNV-1a, 64 bits) of the names, shapes and formats of the tensors that `graph` uses and of samples of their
  /// bytes, in the graph's order.
  ///
  /// - Complexity: O(tensors): up to 64 samples of 64 bytes of each.
  package func fingerprint(_ graph: Graph) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    var seen: Set<String> = []
    for value in graph.values {
      guard case .parameter(let reference) = value.source, seen.insert(reference.tensor).inserted,
        let tensor = source.tensor(reference.tensor),
        let count = tensor.type.bytes(rows: tensor.rows, columns: tensor.columns), count > 0
      else { continue }
      add("\(tensor.name) \(tensor.rows) \(tensor.columns) \(tensor.type.name)".utf8)
      let bytes = UnsafeRawBufferPointer(start: source.bytes(of: tensor), count: count)
      let step = max(64, count / 64)
      for start in stride(from: 0, to: count, by: step) { add(bytes[start..<min(start + 64, count)]) }
    }
    return hash
  }
}
