// A pass rewrites a graph into one that gives the same bits in less time. One pass is one file; All.swift
// lists them in the order they run.

/// A rewriting of graphs.
package protocol Pass: Sendable {
  /// The name in listings and for switching it off.
  static var name: String { get }

  init()

  /// Rewrites the graph and says how many times it did.
  func run(_ graph: inout Graph) -> Int
}

extension Graph {
  /// Runs the passes in order; the counts are what each changed.
  package mutating func optimize(_ passes: [any Pass.Type] = allPasses) -> [(name: String, count: Int)] {
    passes.map { ($0.name, $0.init().run(&self)) }
  }
}
