// Which tokens stand in which row. A row is a function of the data set, the settings and its number, so where a run stands
// in its data is one integer, and any share of the rows can be read by anybody.

import ApusBasics

/// The rows of a data set, for any number of epochs.
///
///     let plan = try BatchPlan(dataset, BatchSettings(mode: .documents, sequences: 32, length: 256, seed: 1))
///     var reader = BatchReader(plan)
///     let batch = TokenBatch(sequences: 32, length: 256)
///     batch.read(from: cursor, with: &reader)  // rows cursor ..< cursor + 32
///
/// Rows are numbered through all epochs: row `rowsPerEpoch` is the first of the second epoch. Several machines read
/// disjoint rows of the same plan.
public final class BatchPlan: Sendable {
  /// What rows are cut from.
  public let dataset: TokenDataset
  /// How they are cut.
  public let settings: BatchSettings
  /// Rows in which every document, or every full window, occurs once.
  public let rowsPerEpoch: Int
  /// Places in the rows of an epoch that hold no token, because no document fits there; 0 for a stream.
  public let paddingPerEpoch: Int
  /// Documents longer than a row, which are cut into pieces of a row each and a rest; 0 for a stream.
  public let splitDocuments: Int
  /// The rows that are filled by pieces of those documents.
  public let splitRows: Int
  /// The most pieces of documents in a row; 1 for a stream.
  public let mostSegments: Int

  /// Rows before each window of documents, and in the end all; empty for a stream.
  private let windowRows: [Int]

  /// Documents packed together.
  let windowDocuments: Int

  /// More than 1,024 save hardly any padding (0.04 % of the places become 0.01 %), and to read a row in shuffled order is to
  /// pack its window again. But a window should fill many rows, because its last one stays partly empty.
  private static let leastWindow = 1024
  private static let leastWindowRows = 64
  private static let mostWindow = 1 << 16

  /// Plans the rows.
  ///
  /// - Throws: `BatchError` when the data set has less than one batch, or a setting is impossible.
  /// - Complexity: O(1) for a stream, O(documents) otherwise, with 8 bytes of memory for 1,024 documents.
  public init(_ dataset: TokenDataset, _ settings: BatchSettings) throws(BatchError) {
    for (name, value) in [("sequences", settings.sequences), ("length", settings.length)] {
      guard (1...1 << 24).contains(value) else {
        throw .setting(name: name, value: value, range: 1...1 << 24)
      }
    }
    self.dataset = dataset
    self.settings = settings
    // A few conversations need not fill a row: the rest of it is padding.
    guard dataset.kinds != nil || dataset.tokenCount > settings.length else {
      throw .shorterThanRow(
        dataset: dataset.name, tokens: dataset.tokenCount, length: settings.length)
    }
    let averageLength = max(1, dataset.tokenCount / dataset.documentCount)
    windowDocuments = min(
      max(Self.leastWindow, Self.leastWindowRows * settings.length / averageLength), Self.mostWindow)
    switch settings.mode {
    case .stream:
      rowsPerEpoch = (dataset.tokenCount - 1) / settings.length
      (windowRows, paddingPerEpoch, splitDocuments, splitRows, mostSegments) = ([], 0, 0, 0, 1)
    case .documents:
      var packer = DocumentPacker(length: settings.length, window: windowDocuments)
      var rows = [0]
      var (documents, full, most) = (0, 0, 1)
      for window in 0..<(dataset.documentCount + windowDocuments - 1) / windowDocuments {
        packer.pack(dataset, Self.documents(ofWindow: window, windowDocuments, dataset))
        rows.append(rows.last! + packer.rowCount)
        documents += packer.splitDocuments
        full += packer.splitRows
        most = max(most, packer.mostPieces)
      }
      windowRows = rows
      rowsPerEpoch = rows.last!
      paddingPerEpoch = rowsPerEpoch * settings.length - dataset.tokenCount
      (splitDocuments, splitRows, mostSegments) = (documents, full, most)
    }
    guard rowsPerEpoch >= settings.sequences else {
      throw .shorterThanBatch(
        dataset: dataset.name, tokens: dataset.tokenCount, rows: rowsPerEpoch,
        sequences: settings.sequences, length: settings.length)
    }
  }

  /// Whether targets have weights: the data say what each token is part of.
  public var isWeighted: Bool { dataset.kinds != nil }

  /// The epoch, from 0, a row belongs to.
  public func epoch(ofRow row: Int) -> Int { row / rowsPerEpoch }

  /// A hash of everything rows depend on: a cursor of a run belongs to plans with the same identity. The number of
  /// sequences is not among it, so that a run can go on with larger batches.
  public var identity: UInt64 {
    var hash = StableHash()
    hash.add(dataset.identity)
    hash.add(settings.mode == .stream ? 0 : 1)
    hash.add(UInt64(settings.length))
    hash.add(settings.seed)
    hash.add(settings.shuffles ? 1 : 0)
    if isWeighted {
      for kind in ConversationPart.allCases { hash.add(UInt64(settings.weights[kind].bitPattern)) }
    }
    return hash.value
  }

  /// Where in its epoch's order of the corpus a row stands.
  func place(ofRow row: Int) -> Int {
    precondition(row >= 0)
    let index = row % rowsPerEpoch
    guard settings.shuffles else { return index }
    return Permutation(count: rowsPerEpoch, seed: settings.seed, epoch: epoch(ofRow: row))[index]
  }

  /// The window a place lies in, and the row of the window.
  func window(ofPlace place: Int) -> (window: Int, row: Int) {
    var (low, high) = (0, windowRows.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if windowRows[middle] <= place { low = middle } else { high = middle }
    }
    return (low, place - windowRows[low])
  }

  /// The documents of a window.
  func documents(ofWindow window: Int) -> Range<Int> {
    Self.documents(ofWindow: window, windowDocuments, dataset)
  }

  private static func documents(ofWindow window: Int, _ size: Int, _ dataset: TokenDataset) -> Range<Int> {
    window * size..<min((window + 1) * size, dataset.documentCount)
  }
}
