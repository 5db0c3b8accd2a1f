// Where the data of a file's tensors lies: aligned, inside the file, each in bytes of its own.

import ApusBasics

/// Locates the tensors of one file and checks that they can be where it says.
struct GGUFPlacement {
  let file: String
  let fileSize: Int
  let alignment: Int
  private(set) var warnings: [String] = []

  init(file: String, fileSize: Int, alignment: Int) {
    self.file = file
    self.fileSize = fileSize
    self.alignment = alignment
  }

  /// The tensors of `records`; `headerEnd` is where the last record ends.
  ///
  /// - Complexity: O(*n* log *n*).
  mutating func place(_ records: [GGUFTensorRecord], headerEnd: Int) throws(GGUFError) -> [GGUFTensor] {
    guard let start = checkedRoundUp(headerEnd, to: alignment) else {
      throw GGUFError(file, .truncated(needs: nil, has: fileSize))
    }
    var tensors: [GGUFTensor] = []
    tensors.reserveCapacity(records.count)
    // The furthest end: that is how long the file has to be.
    var end = headerEnd
    for record in records {
      guard record.dataOffset % UInt64(alignment) == 0 else {
        throw GGUFError(file, record.place, .unaligned(data: record.dataOffset, alignment: alignment))
      }
      guard let relative = Int(exactly: record.dataOffset), let offset = checkedSum(start, relative),
        let last = checkedSum(offset, record.byteCount)
      else { throw GGUFError(file, record.place, .truncated(needs: nil, has: fileSize)) }
      end = max(end, last)
      tensors.append(
        GGUFTensor(
          name: record.name, type: record.type, dimensions: record.dimensions, offset: offset,
          byteCount: record.byteCount))
    }
    guard end <= fileSize else { throw GGUFError(file, .truncated(needs: end, has: fileSize)) }
    try checkOverlap(tensors, records)
    // Writers pad the last tensor, too.
    if let padded = checkedRoundUp(end, to: alignment), fileSize > padded {
      warnings.append("\(file): \(fileSize - padded) bytes after the last tensor are ignored")
    }
    return tensors
  }

  private func checkOverlap(_ tensors: [GGUFTensor], _ records: [GGUFTensorRecord]) throws(GGUFError) {
    let order = tensors.indices.sorted { tensors[$0].offset < tensors[$1].offset }
    for (first, second) in zip(order, order.dropFirst()) {
      guard tensors[first].range.upperBound <= tensors[second].range.lowerBound else {
        // Name the one that comes later in the file's own order.
        let (late, early) = (max(first, second), min(first, second))
        throw GGUFError(
          file, records[late].place,
          .overlap(data: tensors[late].range, other: tensors[early].name, otherData: tensors[early].range))
      }
    }
  }
}
