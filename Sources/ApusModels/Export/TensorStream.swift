// Weights on their way into a file of another format: read as f32 in pieces, put into the form and the type of the
// format. No tensor but a transposed one is in memory as a whole.

import ApusFiles
import ApusTensor

/// Where exporters get weights from, a few rows at a time, so that no second copy of the model is needed.
package struct TensorReader {
  /// Writes rows of a tensor as f32, `rows.count × columns` values. A vector is one row.
  package typealias Read = (
    _ tensor: TensorDescription, _ rows: Range<Int>, _ target: UnsafeMutableBufferPointer<Float>
  ) -> Void

  package let read: Read
  /// Called when a tensor is through.
  package let release: (TensorDescription) -> Void

  package init(read: @escaping Read, release: @escaping (TensorDescription) -> Void = { _ in }) {
    self.read = read
    self.release = release
  }

  /// Reads the tensors of a source, whatever their types.
  package init(_ source: any WeightSource) {
    self.init(
      read: { tensor, rows, target in
        let bytes = tensor.type.bytes(rows: 1, columns: tensor.columns)!
        let start = source.bytes(of: tensor) + rows.lowerBound * bytes
        tensor.type.decode(UnsafeRawBufferPointer(start: start, count: rows.count * bytes), into: target)
      }, release: { source.release($0) })
  }

  /// All values of a small tensor.
  package func values(_ tensor: TensorDescription) -> [Float] {
    [Float](unsafeUninitializedCapacity: tensor.rows * tensor.columns) { buffer, count in
      count = tensor.rows * tensor.columns
      read(tensor, 0..<tensor.rows, UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
    }
  }
}

/// Reads tensors for one file and remembers the first weight that could not be written.
package final class TensorStream {
  private let reader: TensorReader
  /// The first weight that is no number, or too large for the type it was written in.
  package private(set) var fault: WeightFault?

  package init(_ reader: TensorReader) {
    self.reader = reader
  }

  /// Values of one piece: 4 MiB of f32.
  private static let pieceValues = 1 << 20

  /// Gives the bytes of a tensor in `form` and `type`, in pieces of whole rows.
  package func write(
    _ tensor: TensorDescription, as form: StoredForm, _ type: TensorType,
    _ sink: (UnsafeRawBufferPointer) -> Void
  ) {
    switch form {
    case .transposed: writeTransposed(tensor, type, sink)
    case .same, .lessOne, .halves: writeRows(tensor, form, type, sink)
    }
    reader.release(tensor)
  }

  private func writeRows(
    _ tensor: TensorDescription, _ form: StoredForm, _ type: TensorType,
    _ sink: (UnsafeRawBufferPointer) -> Void
  ) {
    let columns = tensor.columns
    let piece = max(1, Self.pieceValues / max(1, columns))
    withBuffers(min(piece, tensor.rows) * columns, type) { values, encoded in
      for start in stride(from: 0, to: tensor.rows, by: piece) {
        let rows = start..<min(start + piece, tensor.rows)
        let part = UnsafeMutableBufferPointer(rebasing: values[..<(rows.count * columns)])
        switch form {
        case .halves where tensor.rows == 1:
          // The rows of a bias are its values.
          let whole = reader.values(tensor)
          for column in 0..<columns { part[column] = whole[form.row(ofStored: column)] }
        case .halves:
          for row in rows {
            let from = form.row(ofStored: row)
            let place = (row - start) * columns
            reader.read(
              tensor, from..<from + 1, UnsafeMutableBufferPointer(rebasing: part[place..<place + columns]))
          }
        default:
          reader.read(tensor, rows, part)
          if form == .lessOne { for index in part.indices { part[index] -= 1 } }
        }
        sink(encode(part, tensor, at: start * columns, type, encoded))
      }
    }
  }

  private func writeTransposed(
    _ tensor: TensorDescription, _ type: TensorType, _ sink: (UnsafeRawBufferPointer) -> Void
  ) {
    let count = tensor.rows * tensor.columns
    let whole = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer { whole.deallocate() }
    withBuffers(count, type) { values, encoded in
      reader.read(tensor, 0..<tensor.rows, whole)
      StoredForm.transpose(
        whole.baseAddress!, rows: tensor.rows, columns: tensor.columns, elementSize: 4,
        into: values.baseAddress!)
      sink(encode(values, tensor, at: 0, type, encoded))
    }
  }

  private func withBuffers(
    _ count: Int, _ type: TensorType,
    _ body: (UnsafeMutableBufferPointer<Float>, UnsafeMutableRawBufferPointer) -> Void
  ) {
    let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, count))
    let encoded = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, count / type.blockSize * type.blockBytes), alignment: 64)
    defer {
      values.deallocate()
      encoded.deallocate()
    }
    body(values, encoded)
  }

  /// The values in `type`, noting the first that is not finite before or behind.
  private func encode(
    _ values: UnsafeMutableBufferPointer<Float>, _ tensor: TensorDescription, at offset: Int,
    _ type: TensorType, _ encoded: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    guard let format = type.format as? any EncodableFormat.Type else {
      preconditionFailure("\(type) cannot be written")
    }
    let bytes = values.count / type.blockSize * type.blockBytes
    let target = UnsafeMutableRawBufferPointer(rebasing: encoded[..<bytes])
    format.encode(UnsafeBufferPointer(values), into: target)
    let result = UnsafeRawBufferPointer(target)
    if fault == nil, let index = type.firstFault(in: result) {
      let bad = (index / type.blockSize * type.blockSize..<min(values.count, index + type.blockSize))
        .first { !values[$0].isFinite }
      fault = WeightFault(
        tensor: tensor.name, index: offset + (bad ?? index),
        problem: bad.map { "is \(values[$0])" } ?? "is too large for \(type)")
    }
    return result
  }
}
