// The first page of an index file.
//
//   0     "APUSVEC\n"
//   8     u32 version, u32 similarity
//   16    u64 size of the file
//   24    u64 vectors, u32 values of each, u32 length of the model's name
//   40    entries, floats, bytes: u64 offset, u64 size each
//   88    u32 checksums of the three, as in `verify`
//   100   u32 checksum of bytes 0 ..< 100 and of the model's name
//   104   the model's name
//
// All little-endian. Entries: u64 offsets [vectors + 1] into what follows them, then the entries one behind the other.
// Floats and bytes: panels of 16 vectors as the kernels read them, each section at a multiple of 4096. An index without
// bytes has 0 for their offset and size.

import ApusBasics

/// Where the parts of an index are, checked against each other and the file's size.
struct IndexHeader: Equatable {
  static let magic = Array("APUSVEC\n".utf8)
  static let version: UInt32 = 1
  static let fixedBytes = 104
  static let pageBytes = 4096
  static let longestModel = pageBytes - fixedBytes

  var similarity: Similarity
  var fileBytes = 0
  var count: Int
  var dimension: Int
  var model: String
  var entries = Section()
  var floats = Section()
  var bytes = Section()

  /// A part of the file.
  struct Section: Equatable {
    var offset = 0
    var size = 0
    var checksum: UInt32 = 0
    var range: Range<Int> { offset..<offset + size }
  }

  /// The page as it is written.
  func encoded() -> [UInt8] {
    var page = Self.magic
    func put<Value: FixedWidthInteger>(_ value: Value) {
      withUnsafeBytes(of: value.littleEndian) { page.append(contentsOf: $0) }
    }
    put(Self.version)
    put(UInt32(Similarity.allCases.firstIndex(of: similarity)!))
    put(UInt64(fileBytes))
    put(UInt64(count))
    put(UInt32(dimension))
    put(UInt32(model.utf8.count))
    for section in [entries, floats, bytes] {
      put(UInt64(section.offset))
      put(UInt64(section.size))
    }
    for section in [entries, floats, bytes] { put(section.checksum) }
    put(CRC32C.of(page + Array(model.utf8)))
    page += Array(model.utf8)
    return page + [UInt8](repeating: 0, count: Self.pageBytes - page.count)
  }

  /// Reads and checks the page of a file.
  init(_ file: UnsafeRawBufferPointer, path: String) throws(VectorIndexError) {
    guard file.count >= Self.magic.count, file.starts(with: Self.magic) else {
      throw .notAnIndex(path: path, reason: file.isEmpty ? "it is empty" : "it begins with other bytes")
    }
    guard file.count >= Self.pageBytes else {
      throw .size(path: path, expected: Self.pageBytes, found: file.count)
    }
    func get<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
      Value(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
    let version = get(8, UInt32.self)
    guard version == Self.version else {
      throw .notAnIndex(path: path, reason: "it has version \(version), and version \(Self.version) is read")
    }
    let nameBytes = Int(get(36, UInt32.self))
    guard nameBytes <= Self.longestModel else {
      throw .damaged(path: path, what: "the model's name has \(nameBytes) bytes")
    }
    var sum = CRC32C()
    sum.update(UnsafeRawBufferPointer(rebasing: file[..<100]))
    let name = UnsafeRawBufferPointer(rebasing: file[Self.fixedBytes..<Self.fixedBytes + nameBytes])
    sum.update(name)
    guard sum.value == get(100, UInt32.self) else {
      throw .damaged(path: path, what: "the header's checksum is wrong")
    }
    // From here on the numbers are those that were written; a program may have written nonsense all the same.
    func size(_ offset: Int, _ name: String) throws(VectorIndexError) -> Int {
      guard let value = Int(exactly: get(offset, UInt64.self)) else {
        throw .damaged(path: path, what: "\(name) is \(get(offset, UInt64.self))")
      }
      return value
    }
    let place = Int(get(12, UInt32.self))
    guard Similarity.allCases.indices.contains(place) else {
      throw .damaged(path: path, what: "the similarity is number \(place)")
    }
    similarity = Similarity.allCases[place]
    fileBytes = try size(16, "the size")
    guard fileBytes == file.count else { throw .size(path: path, expected: fileBytes, found: file.count) }
    count = try size(24, "the number of vectors")
    dimension = Int(get(32, UInt32.self))
    model = String(decoding: name, as: UTF8.self)
    var sections: [Section] = []
    for (index, name) in ["entries", "floats", "bytes"].enumerated() {
      let section = Section(
        offset: try size(40 + 16 * index, name), size: try size(48 + 16 * index, name),
        checksum: get(88 + 4 * index, UInt32.self))
      let isAbsent = name == "bytes" && section.offset == 0 && section.size == 0
      guard section.offset % Self.pageBytes == 0, section.offset > 0 || isAbsent,
        let end = checkedSum(section.offset, section.size), end <= file.count
      else { throw .damaged(path: path, what: "the \(name) lie outside the file") }
      sections.append(section)
    }
    (entries, floats, bytes) = (sections[0], sections[1], sections[2])
    guard dimension > 0, dimension <= 1 << 20,
      let floatBytes = PanelSizes(count: count, dimension: dimension)?.floats, floats.size == floatBytes,
      let offsets = checkedProduct(count + 1, 8), entries.size >= offsets
    else { throw .damaged(path: path, what: "\(count) vectors of \(dimension) values do not fit the file") }
    guard bytes.size == 0 || bytes.size == PanelSizes(count: count, dimension: dimension)?.bytes else {
      throw .damaged(path: path, what: "the 8-bit vectors have \(bytes.size) bytes")
    }
  }

  init(similarity: Similarity, count: Int, dimension: Int, model: String) {
    self.similarity = similarity
    self.count = count
    self.dimension = dimension
    self.model = model
  }
}
