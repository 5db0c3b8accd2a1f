// The structure of a GGUF file, as specified at https://github.com/ggml-org/ggml/blob/master/docs/gguf.md:
// magic, version, counts, metadata, tensor records, padding, data. This file reads the header and the records;
// where the data of the tensors lies is checked in GGUFPlacement.

import ApusBasics
import ApusTensor

/// What one file holds.
struct GGUFContents {
  var version: UInt32
  var alignment: Int
  var metadata: GGUFMetadata
  var tensors: [GGUFTensor]
  var warnings: [String]
}

/// A tensor's record before its data is located.
struct GGUFTensorRecord {
  var name: String
  var type: TensorType
  var dimensions: [Int]
  var byteCount: Int
  /// Where the data starts, from the start of the file's data.
  var dataOffset: UInt64
  /// Where the record starts.
  var offset: Int

  var place: GGUFError.Place { .tensor(name, offset: offset) }
}

extension GGUFContents {
  static let magic: UInt32 = 0x4655_4747  // "GGUF"
  static let defaultAlignment = 32

  /// Reads the file `name` from its bytes.
  ///
  /// - Complexity: O(*header*).
  init(_ bytes: SharedBytes, name: String, limits: Limits.GGUF) throws(GGUFError) {
    var cursor = GGUFCursor(bytes.buffer, file: name, limits: limits)
    version = try cursor.readVersion()
    // Counts first, both, so that nothing is read on behalf of impossible ones. A record of a tensor takes
    // at least a name of one byte, one dimension, type and offset; one of a key a name, a type and a byte.
    let tensorCount = try cursor.readCount("tensors", limit: limits.tensors, itemSize: 33)
    let keyCount = try cursor.readCount("metadata keys", limit: limits.keys, itemSize: 14)
    metadata = try cursor.readMetadata(keyCount, bytes)
    alignment = try metadata.alignment(file: name, limit: limits.alignment)
    let records = try cursor.readRecords(tensorCount)
    cursor.place = nil
    var placement = GGUFPlacement(file: name, fileSize: bytes.buffer.count, alignment: alignment)
    tensors = try placement.place(records, headerEnd: cursor.offset)
    warnings = placement.warnings
  }
}

extension GGUFCursor {
  fileprivate mutating func readVersion() throws(GGUFError) -> UInt32 {
    guard bytes.count > 0 else { throw failure(.notGGUF("it is empty")) }
    guard bytes.count >= 8 else { throw failure(.notGGUF("it has only \(bytes.count) bytes")) }
    let magic = try read(UInt32.self)
    guard magic == GGUFContents.magic else {
      let start = bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      throw failure(
        .notGGUF(
          GGUFContents.otherFormat(of: bytes) ?? "it starts with the bytes \(start.joined(separator: " "))"))
    }
    let version = try read(UInt32.self)
    guard version == 2 || version == 3 else {
      // A version is a small number: one with its bytes in the upper half was written the other way round.
      throw failure(
        version & 0xffff == 0 && version != 0 ? .bigEndian(version: version.byteSwapped) : .version(version))
    }
    return version
  }

  fileprivate mutating func readMetadata(_ count: Int, _ shared: SharedBytes) throws(GGUFError)
    -> GGUFMetadata
  {
    var metadata = GGUFMetadata(file: file)
    var starts: [Int] = []
    for index in 0..<count {
      let start = offset
      place = .record("metadata key", index, offset: start)
      let key = try readName("key", limit: limits.keyBytes)
      place = .key(key, offset: start)
      let type = try readValueType()
      let isTemplate = key.hasPrefix("tokenizer.chat_template")
      let valueStart = offset
      try skipValue(type, stringLimit: isTemplate ? limits.templateBytes : limits.stringBytes)
      let value = GGUFValue(type: type, wire: shared[valueStart..<offset])
      guard metadata.append(key, value) else {
        let first = metadata.keys.firstIndex(of: key).map { starts[$0] } ?? 0
        throw failure(.duplicate(offset: first))
      }
      starts.append(start)
    }
    place = nil
    return metadata
  }

  fileprivate mutating func readRecords(_ count: Int) throws(GGUFError) -> [GGUFTensorRecord] {
    var records: [GGUFTensorRecord] = []
    var seen: [String: Int] = [:]
    for index in 0..<count {
      let start = offset
      place = .record("tensor", index, offset: start)
      let name = try readName("tensor name", limit: limits.nameBytes)
      place = .tensor(name, offset: start)
      if let first = seen.updateValue(start, forKey: name) { throw failure(.duplicate(offset: first)) }
      let dimensions = try readDimensions()
      let id = try read(UInt32.self)
      guard let type = TensorType(id: id) else { throw failure(.tensorType(id)) }
      guard dimensions[0] % type.blockSize == 0 else {
        throw failure(.partialBlock(columns: dimensions[0], type: type.name, block: type.blockSize))
      }
      // Elements and bytes both have to fit: an element can take less than a byte.
      guard checkedProduct(of: dimensions) != nil,
        let rows = checkedProduct(of: dimensions.dropFirst()),
        let byteCount = type.bytes(rows: rows, columns: dimensions[0])
      else { throw failure(.tooLarge(dimensions: dimensions)) }
      let dataOffset = try read(UInt64.self)
      records.append(
        GGUFTensorRecord(
          name: name, type: type, dimensions: dimensions, byteCount: byteCount, dataOffset: dataOffset,
          offset: start))
    }
    return records
  }

  private mutating func readDimensions() throws(GGUFError) -> [Int] {
    let count = try read(UInt32.self)
    guard count >= 1, count <= UInt32(clamping: limits.dimensions) else {
      throw failure(.dimensionCount(count, limit: limits.dimensions))
    }
    var dimensions: [Int] = []
    for index in 0..<Int(count) {
      let value = try read(Int64.self)
      guard value > 0, let size = Int(exactly: value) else { throw failure(.dimension(index, value: value)) }
      dimensions.append(size)
    }
    return dimensions
  }
}

extension GGUFMetadata {
  /// What `general.alignment` says, or the default.
  fileprivate func alignment(file: String, limit: Int) throws(GGUFError) -> Int {
    let key = "general.alignment"
    guard let value = self[key] else { return GGUFContents.defaultAlignment }
    let place = GGUFError.Place.key(key, offset: nil)
    guard value.type == .uint32, let alignment = value.int else {
      throw GGUFError(file, place, .alignment("of type \(value.kindText)", limit: limit))
    }
    guard alignment > 0, alignment & (alignment - 1) == 0, alignment <= limit else {
      throw GGUFError(file, place, .alignment("\(alignment)", limit: limit))
    }
    return alignment
  }
}
