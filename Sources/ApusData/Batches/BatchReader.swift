// Reads rows of a plan into memory of the caller's.

import ApusRuntime

/// A reader of rows, with the little memory it needs between them. Each thread has its own.
public struct BatchReader: ~Copyable, Sendable {
  /// What it reads.
  public let plan: BatchPlan
  private var packer: DocumentPacker
  /// The window that `packer` holds.
  private var packed = -1

  /// What stands where a row has no token.
  private static let padding: Int32 = 0
  private static let noTarget: Int32 = -1

  /// A reader of a plan's rows.
  public init(_ plan: BatchPlan) {
    self.plan = plan
    let packs = plan.settings.mode == .documents
    packer = DocumentPacker(
      length: packs ? plan.settings.length : 1, window: packs ? plan.windowDocuments : 1)
  }

  /// Reads row `index`: its tokens, the token that follows each, and the lengths of the segments that must not see one
  /// another.
  ///
  /// Segments add up to the row. Where no document fits any more, the last segment is padding: tokens of id 0 that have no
  /// target. The last token of a document has no target either; that of a piece has the first of the next piece.
  ///
  /// Where the data say what each token is part of, `row.weights` gets what each target counts, and a token that counts nothing
  /// is no target.
  ///
  /// - Returns: the number of segments.
  /// - Complexity: O(*length*), and O(documents of a window) when the last row read was in another window; no allocation.
  public mutating func read(row index: Int, into row: RowBuffers) -> Int {
    let length = plan.settings.length
    precondition(
      row.tokens.count == length && row.targets.count == length && row.segments.count >= length,
      "a row needs buffers of \(length)")
    precondition(
      (row.weights?.count ?? 0) == (plan.isWeighted ? length : 0), "weights are for data with kinds of tokens"
    )
    let place = plan.place(ofRow: index)
    switch plan.settings.mode {
    case .stream:
      readWindow(place, epoch: plan.epoch(ofRow: index), into: row)
      return 1
    case .documents:
      return readDocuments(place, into: row)
    }
  }

  private func readWindow(_ place: Int, epoch: Int, into row: RowBuffers) {
    let length = plan.settings.length
    let start = place * length + plan.shift(epoch: epoch)
    plan.dataset.copyTokens(from: start, to: row.tokens)
    plan.dataset.copyTokens(from: start + 1, to: row.targets)
    row.segments[0] = Int32(length)
    weigh(row, 0..<length, from: start)
  }

  /// Writes the weights of the targets in `range`, which are the tokens after `start`.
  private func weigh(_ row: RowBuffers, _ range: Range<Int>, from start: Int) {
    guard let weights = row.weights, let kinds = plan.dataset.kinds else { return }
    for place in range {
      let next = start + 1 + place - range.lowerBound
      let weight = row.targets[place] < 0 ? 0 : plan.settings.weights[kinds[next]]
      weights[place] = weight
      if weight == 0 { row.targets[place] = Self.noTarget }
    }
  }

  private mutating func readDocuments(_ place: Int, into row: RowBuffers) -> Int {
    let (window, inner) = plan.window(ofPlace: place)
    if window != packed {
      packer.pack(plan.dataset, plan.documents(ofWindow: window))
      packed = window
    }
    var (used, segments) = (0, 0)
    let dataset = plan.dataset
    packer.forEachPiece(ofRow: inner) { piece in
      let range = used..<used + piece.count
      dataset.copyTokens(
        from: piece.start, to: UnsafeMutableBufferPointer(rebasing: row.tokens[range]))
      // The token after the piece, when its document has one, is a target and no token of this row.
      let following = min(piece.start + 1 + piece.count, piece.documentEnd) - piece.start - 1
      dataset.copyTokens(
        from: piece.start + 1,
        to: UnsafeMutableBufferPointer(rebasing: row.targets[used..<used + following]))
      if following < piece.count { row.targets[used + following] = Self.noTarget }
      weigh(row, range, from: piece.start)
      row.segments[segments] = Int32(piece.count)
      used += piece.count
      segments += 1
    }
    if used < row.tokens.count {
      row.tokens[used...].update(repeating: Self.padding)
      row.targets[used...].update(repeating: Self.noTarget)
      row.weights?[used...].update(repeating: 0)
      row.segments[segments] = Int32(row.tokens.count - used)
      segments += 1
    }
    return segments
  }
}

extension BatchPlan {
  /// How far an epoch's windows are moved: the tokens that do not fill a window are other ones in each.
  func shift(epoch: Int) -> Int {
    guard settings.shuffles else { return 0 }
    let spare = dataset.tokenCount - 1 - rowsPerEpoch * settings.length
    // The counters of permutations have an epoch in the upper half, which is never all ones.
    let word = Philox(key: settings.seed).block(UInt64(epoch), .max)[0]
    return Int(word) % (spare + 1)
  }
}
