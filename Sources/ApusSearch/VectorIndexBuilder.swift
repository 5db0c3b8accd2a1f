// Gathers vectors and writes an index. Panels are filled as vectors come; the file appears under its name when it is
// complete and on the disk, so a search never meets half an index and a killed builder leaves the old one.

import ApusBasics
import ApusRuntime
import ApusTensor
import CApusKernels

/// An index in the making.
///
/// Holds all vectors in memory: 4 bytes a value, and 1 more with `storesBytes` while it is written.
public struct VectorIndexBuilder: Sendable {
  private let model: String
  private let dimension: Int
  private let similarity: Similarity
  private let storesBytes: Bool
  /// Panels `[dimension][16]`, a few thousand vectors to a chunk, so that growing copies nothing.
  private var chunks: [[Float]] = []
  private var entries: [IndexEntry] = []

  private static let chunkPanels = 256

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
  }

  /// Vectors so far.
  public var count: Int { entries.count }

  /// Appends a vector.
  ///
  /// - Throws: `VectorIndexError.dimension`, `.badVector`.
  public mutating func add(_ vector: [Float], _ entry: IndexEntry) throws(VectorIndexError) {
    guard vector.count == dimension else { throw .dimension(found: vector.count, expected: dimension) }
    let squares = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
    guard squares.isFinite, squares > 0 else { throw .badVector(row: count) }
    // A vector of length 1 already, such as one taken over from another index, keeps its bits.
    let factor = similarity == .cosine && abs(squares - 1) > 1e-6 ? 1 / squares.squareRoot() : 1
    let (place, lane) = (count / APUS_LANES, count % APUS_LANES)
    if place == chunks.count * Self.chunkPanels {
      chunks.append([Float](repeating: 0, count: Self.chunkPanels * APUS_LANES * dimension))
    }
    let start = place % Self.chunkPanels * APUS_LANES * dimension + lane
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
  public func write(to path: String) throws {
    var header = IndexHeader(similarity: similarity, count: count, dimension: dimension, model: model)
    guard let sizes = PanelSizes(count: count, dimension: dimension) else {
      preconditionFailure("vectors in memory have sizes that do not overflow")
    }
    var file = try AtomicFile(
      path: path, replacing: true,
      expectedBytes: IndexHeader.pageBytes + sizes.floats + (storesBytes ? sizes.bytes : 0))
    try file.write([UInt8](repeating: 0, count: IndexHeader.pageBytes))
    header.entries = try writeEntries(&file)
    header.floats = try writeFloats(&file, sizes)
    header.bytes = storesBytes ? try writeBytes(&file, sizes) : Self.section(&file)
    header.fileBytes = file.byteCount
    try file.rewrite(header.encoded(), at: 0)
    try file.commit()
  }

  /// A section that begins where the file ends.
  private static func section(_ file: inout AtomicFile) -> IndexHeader.Section {
    IndexHeader.Section(offset: file.byteCount, checksum: CRC32C().value)
  }

  private func writeEntries(_ file: inout AtomicFile) throws -> IndexHeader.Section {
    var section = Self.section(&file)
    var sum = CRC32C()
    var table: [UInt8] = []
    var bytes: [UInt8] = []
    var offset: UInt64 = 0
    func put(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { table.append(contentsOf: $0) } }
    for entry in entries {
      put(offset)
      bytes += entry.encoded
      offset = UInt64(bytes.count)
    }
    put(offset)
    for part in [table, bytes] {
      part.withUnsafeBytes { sum.update($0) }
      try file.write(part)
    }
    section.size = table.count + bytes.count
    section.checksum = sum.value
    try Self.pad(&file)
    return section
  }

  private func writeFloats(_ file: inout AtomicFile, _ sizes: PanelSizes) throws -> IndexHeader.Section {
    var section = Self.section(&file)
    var sum = CRC32C()
    for chunk in chunks {
      try chunk.withUnsafeBytes { chunk in
        let part = UnsafeRawBufferPointer(rebasing: chunk.prefix(sizes.floats - section.size))
        sum.update(part)
        try file.write(part)
        section.size += part.count
      }
    }
    section.checksum = sum.value
    try Self.pad(&file)
    return section
  }

  /// The vectors once more as Q8_0: 32 values share a scale.
  private func writeBytes(_ file: inout AtomicFile, _ sizes: PanelSizes) throws -> IndexHeader.Section {
    var section = Self.section(&file)
    var sum = CRC32C()
    let rowBytes = apus_row_bytes(APUS_LAYOUT_Q8_0, dimension)
    var rows = [UInt8](repeating: 0, count: APUS_LANES * rowBytes)
    var row = [Float](repeating: 0, count: dimension)
    var panel = [UInt8](repeating: 0, count: sizes.bytePanel)
    for first in stride(from: 0, to: count, by: APUS_LANES) {
      let used = min(APUS_LANES, count - first)
      for lane in 0..<used {
        let (place, chunk) = (first / APUS_LANES % Self.chunkPanels, first / APUS_LANES / Self.chunkPanels)
        for column in 0..<dimension {
          row[column] = chunks[chunk][(place * dimension + column) * APUS_LANES + lane]
        }
        rows.withUnsafeMutableBytes { rows in
          row.withUnsafeBufferPointer { row in
            Q8_0.encode(
              row,
              into: UnsafeMutableRawBufferPointer(rebasing: rows[lane * rowBytes..<(lane + 1) * rowBytes]))
          }
        }
      }
      panel.withUnsafeMutableBytes { panel in
        rows.withUnsafeBytes {
          apus_pack_panel(
            APUS_LAYOUT_Q8_0, $0.baseAddress, rowBytes, Int32(used), dimension, panel.baseAddress)
        }
      }
      panel.withUnsafeBytes { sum.update($0) }
      try file.write(panel)
      section.size += panel.count
    }
    section.checksum = sum.value
    try Self.pad(&file)
    return section
  }

  /// Sections start at pages.
  private static func pad(_ file: inout AtomicFile) throws {
    let rest = file.byteCount % IndexHeader.pageBytes
    if rest > 0 { try file.write([UInt8](repeating: 0, count: IndexHeader.pageBytes - rest)) }
  }
}
