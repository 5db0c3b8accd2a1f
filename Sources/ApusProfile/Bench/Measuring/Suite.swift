// The suites of tests that `apus bench --suite` chooses from.

/// A group of tests.
package enum Suite: String, CaseIterable, Sendable {
  case kernels, prefill, decode, batch, embeddings, training

  /// What is measured where no model is named.
  package static let standard: [Suite] = [.kernels, .prefill, .decode, .batch, .training]

  /// The suites in a list such as "prefill,decode", each once, in the order of all.
  ///
  /// - Throws: `BenchError.unknownSuite`, which names the nearest.
  package static func list(_ texts: [String]) throws(BenchError) -> [Suite] {
    var chosen: Set<Suite> = []
    for word in texts.flatMap({ $0.split(separator: ",") }) {
      guard let suite = Suite(rawValue: String(word)) else {
        throw .unknownSuite(String(word), known: allCases.map(\.rawValue))
      }
      chosen.insert(suite)
    }
    return allCases.filter(chosen.contains)
  }
}
