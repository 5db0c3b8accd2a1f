// An index file, mapped: opening it reads a page, a scan reads its panels in place.

import ApusBasics
import ApusRuntime
import CApusKernels

/// Vectors and the passages they stand for, in a file.
///
///     let index = try VectorIndex.open("notes.index", model: model.fingerprint())
///     let scanner = try VectorScanner(index, runtime: runtime)
///     for match in try scanner.search(query, count: 5) { print(match.score, try index.entry(match.row).text) }
///
/// Immutable, and shared by any number of scanners. An index that is built anew takes over the file's name only: this one
/// stays whole and keeps its vectors; opening the path again gives the new one.
public final class VectorIndex: Sendable {
  /// The file's path.
  public let path: String
  /// The model that made the vectors, as the builder named it.
  public var model: String { header.model }
  /// Values of a vector.
  public var dimension: Int { header.dimension }
  /// How vectors are compared.
  public var similarity: Similarity { header.similarity }
  /// How many vectors there are.
  public var count: Int { header.count }
  /// Whether it holds vectors of 8 bits, too, for a quick first scan.
  public var hasBytes: Bool { header.bytes.offset > 0 && (header.bytes.size > 0 || count == 0) }
  /// Bytes of the file.
  public var byteCount: Int { header.fileBytes }

  private let file: MappedFile
  private let header: IndexHeader

  private init(_ file: MappedFile, _ header: IndexHeader) {
    self.file = file
    self.header = header
    path = file.path
  }

  /// Opens the index at `path`.
  ///
  /// - Parameter model: the model that queries come from; an index of another one is refused. nil takes any.
  /// - Throws: `VectorIndexError`, `FileError`.
  /// - Complexity: O(1); what is inside the sections is checked by `verify` and when it is read.
  public static func open(_ path: String, model: String? = nil) throws -> VectorIndex {
    let file = try MappedFile(path: path)
    let header = try IndexHeader(file.bytes, path: path)
    if let model, model != header.model {
      throw VectorIndexError.otherModel(path: path, found: header.model, expected: model)
    }
    return VectorIndex(file, header)
  }

  /// The passage of a vector.
  ///
  /// - Throws: `VectorIndexError.damaged`.
  public func entry(_ row: Int) throws(VectorIndexError) -> IndexEntry {
    precondition(row >= 0 && row < count)
    let section = section(header.entries)
    let (start, end) = (offset(row, section), offset(row + 1, section))
    let table = 8 * (count + 1)
    guard let start, let end, start <= end, end <= section.count - table,
      let entry = IndexEntry(UnsafeRawBufferPointer(rebasing: section[(table + start)..<(table + end)]))
    else { throw .damaged(path: path, what: "entry \(row) lies outside its section") }
    return entry
  }

  private func offset(_ row: Int, _ section: UnsafeRawBufferPointer) -> Int? {
    Int(exactly: UInt64(littleEndian: section.loadUnaligned(fromByteOffset: 8 * row, as: UInt64.self)))
  }

  /// A vector as it is stored: of length 1 where vectors are compared by cosine.
  public func vector(_ row: Int) -> [Float] {
    precondition(row >= 0 && row < count)
    let lane = panel(row / APUS_LANES) + row % APUS_LANES
    return (0..<dimension).map { lane[$0 * APUS_LANES] }
  }

  /// Compares every section with its checksum.
  ///
  /// - Throws: `VectorIndexError.damaged`, `FileError.changed`.
  /// - Complexity: O(bytes of the file).
  public func verify() throws {
    try file.verifyContents()
    for (part, name) in [
      (header.entries, "entries"), (header.floats, "vectors"), (header.bytes, "8-bit vectors"),
    ] {
      var sum = CRC32C()
      sum.update(section(part))
      guard sum.value == part.checksum else {
        throw VectorIndexError.damaged(path: path, what: "the checksum of the \(name) is wrong")
      }
    }
    for row in 0..<count { _ = try entry(row) }
  }

  /// Throws when the file was written or truncated in place since it was opened.
  func verifyContents() throws(FileError) { try file.verifyContents() }

  private func section(_ section: IndexHeader.Section) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[section.range])
  }

  /// The floats of 16 vectors, `[dimension][16]`.
  func panel(_ index: Int) -> UnsafePointer<Float> {
    let bytes = file.bytes.baseAddress! + header.floats.offset + index * 4 * APUS_LANES * dimension
    return bytes.assumingMemoryBound(to: Float.self)
  }

  /// The first panel of floats or of bytes.
  func panels(_ precision: ScanPrecision) -> UnsafeRawPointer {
    file.bytes.baseAddress! + (precision == .f32 ? header.floats.offset : header.bytes.offset)
  }
}
