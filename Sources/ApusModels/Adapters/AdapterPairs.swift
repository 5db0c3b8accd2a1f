// Gathers the matrices of an adapter from a file, in whatever order they come, and pairs them.

import ApusTensor

/// The A and B found so far, by the weight they change.
struct AdapterPairs {
  private struct Matrix {
    let tensor: String
    let rows: Int
    let columns: Int
    let values: FloatVector
  }

  /// The file, for errors.
  let name: String
  private var a: [String: Matrix] = [:]
  private var b: [String: Matrix] = [:]

  init(name: String) {
    self.name = name
  }

  /// - Parameter tensor: its name in the file.
  mutating func add(
    _ tensor: String, target: String, isA: Bool, rows: Int, columns: Int, _ values: FloatVector
  ) throws(AdapterError) {
    guard rows > 0, columns > 0 else { throw AdapterError(name, .tensor(tensor, "is empty: its rank is 0")) }
    let matrix = Matrix(tensor: tensor, rows: rows, columns: columns, values: values)
    let earlier = isA ? a.updateValue(matrix, forKey: target) : b.updateValue(matrix, forKey: target)
    if let earlier {
      throw AdapterError(name, .tensor(tensor, "and \"\(earlier.tensor)\" change the same weight"))
    }
  }

  /// The rank of the first weight by name; 0 where there is none.
  var firstRank: Int { a.min { $0.key < $1.key }?.value.rows ?? 0 }

  /// The adapter, when all matrices have been added.
  ///
  /// - Parameters:
  ///   - order: the network's products.
  ///   - declaresRank: whether all ranks must be that of `settings`.
  ///   - factor: of B A, by the rank.
  func adapter(
    name adapterName: String, _ order: [ProductTarget], _ settings: AdapterSettings, declaresRank: Bool,
    factor: (Int) -> Double
  ) throws(AdapterError) -> LowRankAdapter {
    if let single = Set(a.keys).symmetricDifference(b.keys).min() {
      let tensor = (a[single] ?? b[single])!.tensor
      throw AdapterError(name, .tensor(tensor, "has no partner: both A and B are needed"))
    }
    guard !a.isEmpty else { throw AdapterError(name, .notAnAdapter("it has no tensors")) }
    // What the network does not have comes last: whoever checks the adapter names it.
    let known = order.map(\.name).filter { a[$0] != nil }
    let targets = known + a.keys.filter { !known.contains($0) }.sorted()
    var changes: [LowRankAdapter.Change] = []
    for target in targets {
      let (a, b) = (a[target]!, b[target]!)
      guard b.columns == a.rows else {
        throw AdapterError(
          name, .tensor(b.tensor, "has \(b.columns) columns; \"\(a.tensor)\" has \(a.rows) rows"))
      }
      guard !declaresRank || a.rows == settings.rank else {
        throw AdapterError(
          name, .tensor(a.tensor, "has \(a.rows) rows; the settings say rank \(settings.rank)"))
      }
      changes.append(
        LowRankAdapter.Change(
          target: target, rank: a.rows, a: a.values, b: b.values, factor: factor(a.rows)))
    }
    return LowRankAdapter(name: adapterName, settings: settings, changes: changes)
  }
}
