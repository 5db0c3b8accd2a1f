// Where the data of a file's tensors lies: one after the other from the end of the header to the end of the
// file, each byte in one tensor. A file that could hide anything between them is refused.

import ApusBasics

/// Locates the tensors of one file and checks that they can be where it says.
struct SafetensorsPlacement {
  let file: String
  let part: Int
  /// Where the header ends.
  let dataStart: Int
  let fileSize: Int

  /// The tensors of `records`, in the order of their data.
  ///
  /// - Complexity: O(*n* log *n*).
  func place(_ records: [SafetensorsRecord]) throws(SafetensorsError) -> [SafetensorsTensor] {
    // Tensors of no bytes lie before the one that starts at the same place, and keep their order.
    let order = records.indices.sorted {
      let (left, right) = (records[$0].data, records[$1].data)
      return (left.lowerBound, left.upperBound, $0) < (right.lowerBound, right.upperBound, $1)
    }
    var end = 0
    var tensors: [SafetensorsTensor] = []
    tensors.reserveCapacity(records.count)
    var previous = 0
    for index in order {
      let record = records[index]
      if record.data.lowerBound < end {
        // Name the one that comes later in the header.
        let (late, early) = (records[max(previous, index)], records[min(previous, index)])
        throw SafetensorsError(
          file, .tensor(late.name), .overlap(data: late.data, other: early.name, otherData: early.data))
      }
      guard record.data.lowerBound == end else {
        throw SafetensorsError(file, .tensor(record.name), .hole(data: record.data, end: end))
      }
      end = record.data.upperBound
      previous = index
      guard let last = checkedSum(dataStart, end) else {
        throw SafetensorsError(file, .truncated(needs: nil, has: fileSize))
      }
      tensors.append(
        SafetensorsTensor(
          name: record.name, dtype: record.dtype, shape: record.shape, part: part,
          range: dataStart + record.data.lowerBound..<last))
    }
    let size = dataStart + end
    guard size <= fileSize else { throw SafetensorsError(file, .truncated(needs: size, has: fileSize)) }
    guard size == fileSize else {
      throw SafetensorsError(file, .trailing(count: fileSize - size, offset: size))
    }
    return tensors
  }
}
