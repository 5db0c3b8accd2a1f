// The memory rows are read into: the caller's, or a batch's own.

/// Where one row goes.
///
/// `tokens` and `targets` have as many places as a row has tokens, `segments` at least as many. `weights`, too, where the data
/// say what each token is part of; otherwise it is nil.
public struct RowBuffers {
  /// The ids `[length]`.
  public let tokens: UnsafeMutableBufferPointer<Int32>
  /// The id that follows each token in its document `[length]`; −1 where none is to be predicted.
  public let targets: UnsafeMutableBufferPointer<Int32>
  /// The lengths of the row's segments, which add up to `length`.
  public let segments: UnsafeMutableBufferPointer<Int32>
  /// What the loss of each target counts `[length]`.
  public let weights: UnsafeMutableBufferPointer<Float>?

  /// Buffers of the caller's.
  public init(
    tokens: UnsafeMutableBufferPointer<Int32>, targets: UnsafeMutableBufferPointer<Int32>,
    segments: UnsafeMutableBufferPointer<Int32>, weights: UnsafeMutableBufferPointer<Float>? = nil
  ) {
    self.weights = weights
    self.tokens = tokens
    self.targets = targets
    self.segments = segments
  }
}

/// Memory for rows of one length, filled again and again.
public final class TokenBatch: @unchecked Sendable {
  /// Rows.
  public let sequences: Int
  /// Tokens of a row.
  public let length: Int
  /// The ids `[sequences, length]`.
  public let tokens: UnsafeMutableBufferPointer<Int32>
  /// What follows each `[sequences, length]`; −1 where none is to be predicted.
  public let targets: UnsafeMutableBufferPointer<Int32>
  /// What the loss of each target counts `[sequences, length]`; nil when all count alike.
  public let weights: UnsafeMutableBufferPointer<Float>?
  private let segmentLengths: UnsafeMutableBufferPointer<Int32>
  private let segmentCounts: UnsafeMutableBufferPointer<Int>

  /// Memory for `sequences` rows of `length` tokens.
  ///
  /// - Parameter isWeighted: whether targets have weights; `BatchPlan.isWeighted` says so.
  public init(sequences: Int, length: Int, isWeighted: Bool = false) {
    precondition(sequences > 0 && length > 0)
    self.sequences = sequences
    self.length = length
    tokens = .allocate(capacity: sequences * length)
    targets = .allocate(capacity: sequences * length)
    segmentLengths = .allocate(capacity: sequences * length)
    segmentCounts = .allocate(capacity: sequences)
    for buffer in [tokens, targets, segmentLengths] { buffer.initialize(repeating: 0) }
    weights = isWeighted ? UnsafeMutableBufferPointer<Float>.allocate(capacity: sequences * length) : nil
    weights?.initialize(repeating: 0)
    segmentCounts.initialize(repeating: 0)
  }

  deinit {
    for buffer in [tokens, targets, segmentLengths] { buffer.deallocate() }
    weights?.deallocate()
    segmentCounts.deallocate()
  }

  /// The lengths of a row's segments, which add up to `length`. Valid until the batch is filled again.
  public func segments(ofRow row: Int) -> UnsafeBufferPointer<Int32> {
    precondition(row >= 0 && row < sequences)
    return UnsafeBufferPointer(
      start: segmentLengths.baseAddress! + row * length, count: segmentCounts[row])
  }

  /// Reads the rows from `cursor` on, which are those of a run that starts there: all, or the first so many.
  public func read(from cursor: Int, rows: Int? = nil, with reader: inout BatchReader) {
    for row in 0..<min(rows ?? sequences, sequences) {
      let range = row * length..<(row + 1) * length
      segmentCounts[row] = reader.read(
        row: cursor + row,
        into: RowBuffers(
          tokens: UnsafeMutableBufferPointer(rebasing: tokens[range]),
          targets: UnsafeMutableBufferPointer(rebasing: targets[range]),
          segments: UnsafeMutableBufferPointer(rebasing: segmentLengths[range]),
          weights: weights.map { UnsafeMutableBufferPointer(rebasing: $0[range]) }))
    }
  }
}
