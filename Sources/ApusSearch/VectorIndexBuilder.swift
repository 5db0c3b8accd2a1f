// Gathers vectors and writes an index. Panels are filled as vectors come; the file appears under its name when it is
// complete and on the disk, so a search never meets half an index and a killed builder leaves the old one.

import ApusBasics
import ApusRuntime
import ApusTensor
import CApusKernels

/// An index in the making.
///
/// Holds all vectors and passages in memory, the vectors with 4 bytes a value; writing takes next to nothing more.
public struct VectorIndexBuilder: Sendable {
  private let model: String
  private let dimension: Int
  private let similarity: Similarity
  private let storesBytes: Bool
  /// Panels `[dimension][16]`, at most some megabytes to a chunk (or one panel), so that growing copies nothing.
  private var chunks: [[Float]] = []
  private let chunkPanels: Int
  private var entries: [IndexEntry] = []
  /// The largest magnitude of all values.
  private var largest: Float = 0

  private static let chunkBytes = 8 << 20

  /// - Parameters:
  ///   - model: names the model and its settings; an index opens only for the same name. At most 3,992 bytes.
  ///   - storesBytes: whether vectors of 8 bits are stored, too: a third more space, a scan in a quarter of the time.
  /// - Throws: `VectorIndexError.bytesDimension` when 8 bits are wanted and `dimension` is no multiple of 32.
  public init(
    model: String, dimension: Int, similarity: Similarity = .cosine, storesBytes: Bool = false
  ) throws(VectorIndexError) {
    precondition(dimension > 0 && dimension <= 1 << 20)
    precondition(model.utf8.count <= IndexHeader.longestModel)
    guard !storesBytes || dimension % 32 == 0 else { throw .bytesDimension(dimension) }
    self.model = model
    self.dimension = dimension
    self.similarity = similarity
    self.storesBytes = storesBytes
    chunkPanels = max(1, min(256, Self.chunkBytes / (4 * APUS_LANES * dimension)))
  }

  /// Vectors so far.
  public var count: Int { entries.count }

  /// Appends a vector.
  ///
  /// - Throws: `VectorIndexError.dimension`, `.badVector`, `.vectorTooLarge`.
  public mutating func add(_ vector: [Float], _ entry: IndexEntry) throws(VectorIndexError) {
    guard vector.count == dimension else { throw .dimension(found: vector.count, expected: dimension) }
    guard let factor = similarity.factor(vector) else { throw .badVector(row: count) }
    let greatest = vector.reduce(0) { max($0, abs(Float(Double($1) * factor))) }
    guard greatest <= Similarity.largestValue else { throw .vectorTooLarge(row: count) }
    largest = max(largest, greatest)
    let (place, lane) = (count / APUS_LANES, count % APUS_LANES)
    if place == chunks.count * chunkPanels {
      chunks.append([Float](repeating: 0, count: chunkPanels * APUS_LANES * dimension))
    }
    let start = place % chunkPanels * APUS_LANES * dimension + lane
    chunks[chunks.count - 1].withUnsafeMutableBufferPointer { panels in
      for (column, value) in vector.enumerated() {
        panels[start + APUS_LANES * column] = Float(Double(value) * factor)
      }
    }
    entries.append(entry)
  }

  /// Writes the index; it replaces a file of this name when it is complete.
  ///
  /// - Throws: `FileError`; the old file is then as it was.
  public func write(to path: String) throws(FileError) {
    var header = IndexHeader(similarity: similarity, count: count, dimension: dimension, model: model)
    guard let sizes = PanelSizes(count: count, dimension: dimension) else {
      preconditionFailure("vectors in memory have sizes that do not overflow")
    }
    let entryBytes = entries.reduce(8 * (count + 1)) { $0 + $1.encodedBytes }
    var file = try AtomicFile(
      path: path, replacing: true,
      // The header, and what fills up the sections' last pages.
      expectedBytes: 4 * IndexHeader.pageBytes + entryBytes + sizes.floats + (storesBytes ? sizes.bytes : 0))
    try file.write([UInt8](repeating: 0, count: IndexHeader.pageBytes))
    header.entries = try writeEntries(&file)
    header.floats = try writeFloats(&file, sizes)
    if storesBytes { header.bytes = try writeBytes(&file, sizes) }
    header.fileBytes = file.byteCount
    try file.rewrite(header.encoded(), at: 0)
    try file.commit()
  }

  private func writeEntries(_ file: inout AtomicFile) throws(FileError) -> IndexHeader.Section {
    var writer = SectionWriter(file)
    var end = 0
    for row in 0...count {
      try writer.append(to: &file) { piece in
        withUnsafeBytes(of: UInt64(end).littleEndian) { piece.append(contentsOf: $0) }
      }
      if row < count { end += entries[row].encodedBytes }
    }
    for entry in entries { try writer.append(to: &file) { entry.encode(into: &$0) } }
    return try writer.finish(&file)
  }

  private func writeFloats(
    _ file: inout AtomicFile, _ sizes: PanelSizes
  ) throws(FileError) -> IndexHeader.Section {
    var writer = SectionWriter(file)
    var left = sizes.floats
    for chunk in chunks {
      let result = chunk.withUnsafeBytes { chunk in
        let part = UnsafeRawBufferPointer(rebasing: chunk.prefix(left))
        left -= part.count
        return Result { () throws(FileError) in try writer.write(part, to: &file) }
      }
      try result.get()
    }
    return try writer.finish(&file)
  }

  /// The vectors once more as Q8_0: 32 values share a scale, which is a half. All are multiplied by one power of two, so
  /// that the scales of the largest lie in the middle of what a half can hold; scores from bytes only rank.
  private func writeBytes(
    _ file: inout AtomicFile, _ sizes: PanelSizes
  ) throws(FileError) -> IndexHeader.Section {
    var writer = SectionWriter(file)
    let factor = powerOfTwo(bringing: largest, to: 16)
    let rowBytes = apus_row_bytes(APUS_LAYOUT_Q8_0, dimension)
    var rows = [UInt8](repeating: 0, count: APUS_LANES * rowBytes)
    var row = [Float](repeating: 0, count: dimension)
    for first in stride(from: 0, to: count, by: APUS_LANES) {
      let used = min(APUS_LANES, count - first)
      let (chunk, place) = (first / APUS_LANES / chunkPanels, first / APUS_LANES % chunkPanels)
      for lane in 0..<used {
        for column in 0..<dimension {
          row[column] = Float(
            Double(chunks[chunk][(place * dimension + column) * APUS_LANES + lane]) * factor)
        }
        rows.withUnsafeMutableBytes { rows in
          row.withUnsafeBufferPointer { row in
            Q8_0.encode(
              row,
              into: UnsafeMutableRawBufferPointer(rebasing: rows[lane * rowBytes..<(lane + 1) * rowBytes]))
          }
        }
      }
      try writer.append(to: &file) { piece in
        let start = piece.count
        piece.append(contentsOf: repeatElement(0, count: sizes.bytePanel))
        piece.withUnsafeMutableBytes { piece in
          rows.withUnsafeBytes {
            apus_pack_panel(
              APUS_LAYOUT_Q8_0, $0.baseAddress, rowBytes, Int32(used), dimension, piece.baseAddress! + start)
          }
        }
      }
    }
    return try writer.finish(&file)
  }
}
