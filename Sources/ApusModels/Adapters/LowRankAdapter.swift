// Low-rank adapters in memory, whatever file they came from or whoever trains them.
//
//   y = W x + factor · B (A x)      factor = alpha / rank, or alpha / √rank
//
// Hu et al. 2021, "LoRA", arXiv:2106.09685; the root: Kalajdzievski 2023, arXiv:2312.03732

import ApusRuntime
import ApusTensor

/// What an adapter is made with.
package struct AdapterSettings: Sendable, Equatable {
  /// Rows of A and columns of B.
  package var rank: Int
  package var alpha: Double
  /// Whether the rank's root divides `alpha` in place of the rank.
  package var isRankStabilized: Bool

  package init(rank: Int, alpha: Double, isRankStabilized: Bool = false) {
    (self.rank, self.alpha, self.isRankStabilized) = (rank, alpha, isRankStabilized)
  }

  /// What B A x is multiplied by.
  package var factor: Double {
    alpha / (isRankStabilized ? Double(rank).squareRoot() : Double(rank))
  }
}

/// Changes of some of a model's products. Immutable, unless somebody trains the floats it borrows.
package struct LowRankAdapter: Sendable {
  /// The change of one product: `factor · B A`, in f32 whatever the file held.
  package struct Change: Sendable {
    /// The weight it is a change of, "blk.0.attn_q.weight".
    package let target: String
    package let rank: Int
    /// `[rank, columns]`
    package let a: FloatVector
    /// `[rows, rank]`
    package let b: FloatVector
    package let factor: Double

    package init(target: String, rank: Int, a: FloatVector, b: FloatVector, factor: Double) {
      (self.target, self.rank, self.a, self.b, self.factor) = (target, rank, a, b, factor)
    }

    package var columns: Int { a.count / rank }
    package var rows: Int { b.count / rank }
  }

  /// Where it came from, for messages.
  package let name: String
  package let settings: AdapterSettings
  /// In the order of the network.
  package let changes: [Change]

  package init(name: String, settings: AdapterSettings, changes: [Change]) {
    (self.name, self.settings, self.changes) = (name, settings, changes)
  }

  /// Numbers in all.
  package var parameterCount: Int { changes.reduce(0) { $0 + $1.a.count + $1.b.count } }
}

extension LowRankAdapter {
  /// An adapter that changes nothing yet: A uniform within ±1/√columns (Kaiming's, with a slope of √5, as PEFT has it), B
  /// zero. The same numbers for a seed on every machine.
  package static func new(
    _ targets: [ProductTarget], _ settings: AdapterSettings, seed: UInt64, name: String = "adapter"
  ) throws(AdapterError) -> LowRankAdapter {
    var changes: [Change] = []
    for target in targets {
      let largest = min(target.rows, target.columns)
      guard (1...largest).contains(settings.rank) else {
        throw AdapterError(name, .rank(settings.rank, largest: largest))
      }
      let random = Philox(key: Philox.key(for: AdapterTensor.a(of: target.name), seed: seed))
      let bound = 1 / Float(target.columns).squareRoot()
      let a = FloatVector(count: settings.rank * target.columns) { floats in
        for index in floats.indices { floats[index] = (2 * random.uniform(UInt64(index)) - 1) * bound }
      }
      let b = FloatVector(count: target.rows * settings.rank) { $0.update(repeating: 0) }
      changes.append(
        Change(target: target.name, rank: settings.rank, a: a, b: b, factor: settings.factor))
    }
    return LowRankAdapter(name: name, settings: settings, changes: changes)
  }

  /// Refuses an adapter for another model, or with numbers that are none.
  ///
  /// - Parameter model: for messages.
  /// - Throws: `AdapterError`.
  package func check(_ targets: [ProductTarget], model: String) throws(AdapterError) {
    let known = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0) })
    for change in changes {
      guard let target = known[change.target] else {
        throw AdapterError(name, .noSuchTensor(change.target, model: model))
      }
      let (a, b) = (AdapterTensor.a(of: change.target), AdapterTensor.b(of: change.target))
      guard change.columns == target.columns else {
        throw AdapterError(
          name,
          .shape(
            a, found: [change.rank, change.columns], expected: [change.rank, target.columns], model: model))
      }
      guard change.rows == target.rows else {
        throw AdapterError(
          name,
          .shape(b, found: [change.rows, change.rank], expected: [target.rows, change.rank], model: model))
      }
    }
    if let nonFinite { throw nonFinite }
  }

  /// The first number that is none.
  ///
  /// - Complexity: O(`parameterCount`).
  package var nonFinite: AdapterError? {
    for change in changes {
      for (tensor, values) in [
        (AdapterTensor.a(of: change.target), change.a), (AdapterTensor.b(of: change.target), change.b),
      ] {
        let floats = UnsafeBufferPointer(start: values.base, count: values.count)
        if let index = floats.firstIndex(where: { !$0.isFinite }) {
          return AdapterError(name, .notFinite(tensor, index: index))
        }
      }
    }
    return nil
  }
}

/// What tensors of adapters are called here, as in GGUF files.
package enum AdapterTensor {
  private static let (suffixA, suffixB) = (".lora_a", ".lora_b")

  /// - Parameter number: of the adapter, where there are several.
  package static func a(of target: String, number: Int = 0) -> String {
    target + (number > 0 ? ".\(number)" : "") + suffixA
  }

  package static func b(of target: String, number: Int = 0) -> String {
    target + (number > 0 ? ".\(number)" : "") + suffixB
  }

  /// Whether a tensor is an adapter's.
  package static func isAdapter(_ name: String) -> Bool {
    name.hasSuffix(suffixA) || name.hasSuffix(suffixB)
  }

  /// The weight that a tensor of an adapter changes, and which of both it is; nil for any other.
  package static func parts(_ name: String) -> (target: String, isA: Bool)? {
    guard isAdapter(name) else { return nil }
    return (String(name.dropLast(suffixA.count)), name.hasSuffix(suffixA))
  }
}
