// The structure of a safetensors file, as specified at https://github.com/huggingface/safetensors#format: the
// header's length in eight bytes, the header in JSON, the tensors' bytes without a gap. This file reads the
// header; where the data lies is checked in SafetensorsPlacement.

import ApusBasics
import ApusTensor

/// What one file holds.
struct SafetensorsContents {
  var metadata: [String: String] = [:]
  /// In the order of their data.
  var tensors: [SafetensorsTensor] = []
}

/// A tensor's record before its data is located.
struct SafetensorsRecord {
  var name: String
  var dtype: SafetensorsDType
  var shape: [Int]
  /// Where its data is, from the end of the header.
  var data: Range<Int>
}

extension SafetensorsContents {
  /// Reads the file `name` from its bytes; it is file `part` of its set.
  ///
  /// - Complexity: O(*header* + *n* log *n*). It allocates in proportion to the records there are.
  init(
    _ bytes: UnsafeRawBufferPointer, name: String, part: Int = 0, limits: Limits.Safetensors
  ) throws(SafetensorsError) {
    let header = try Self.header(bytes, name, limits)
    var json = try SafetensorsJSON(
      UnsafeRawBufferPointer(rebasing: bytes[header]), start: header.lowerBound, file: name)
    var records: [SafetensorsRecord] = []
    var names: Set<String> = []
    var hasMetadata = false
    try json.beginObject()
    while let key = try json.nextKey() {
      if key == "__metadata__" {
        guard !hasMetadata else { throw json.failure(.field(key, problem: "is there twice")) }
        hasMetadata = true
        metadata = try json.metadata()
        continue
      }
      guard key.utf8.count <= limits.nameBytes else {
        throw json.failure(
          .overLimit(what: "bytes of tensor name", value: UInt64(key.utf8.count), limit: limits.nameBytes))
      }
      guard records.count < limits.tensors else {
        throw json.failure(.tooMany(what: "tensors", limit: limits.tensors))
      }
      json.place = .tensor(key)
      guard names.insert(key).inserted else { throw json.failure(.duplicate) }
      records.append(try json.record(key, limits))
      json.place = nil
    }
    try json.finish()
    let placement = SafetensorsPlacement(
      file: name, part: part, dataStart: header.upperBound, fileSize: bytes.count)
    tensors = try placement.place(records)
  }

  /// Where the header is.
  private static func header(
    _ bytes: UnsafeRawBufferPointer, _ name: String, _ limits: Limits.Safetensors
  ) throws(SafetensorsError) -> Range<Int> {
    if bytes.isEmpty { throw SafetensorsError(name, .notSafetensors("it is empty")) }
    guard bytes.count >= 8 else {
      throw SafetensorsError(name, .notSafetensors("it has only \(bytes.count) bytes"))
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    // No length this side of 4 GiB is taken for another format: 640 begins like a pickle.
    if length >> 32 != 0, let other = otherFormat(of: bytes) {
      throw SafetensorsError(name, .notSafetensors(other))
    }
    guard length > 0 else { throw SafetensorsError(name, .notSafetensors("its header has no bytes")) }
    guard length <= UInt64(limits.headerBytes) else {
      throw SafetensorsError(
        name, .overLimit(what: "bytes of header", value: length, limit: limits.headerBytes))
    }
    guard let end = checkedSum(8, Int(length)) else {
      throw SafetensorsError(name, .truncated(needs: nil, has: bytes.count))
    }
    guard end <= bytes.count else { throw SafetensorsError(name, .truncated(needs: end, has: bytes.count)) }
    guard bytes[8] == UInt8(ascii: "{") else {
      throw SafetensorsError(
        name, .notSafetensors("its header starts with the byte \(hexadecimal(bytes[8])), not with {"))
    }
    return 8..<end
  }

  /// What the file seems to be instead, or nil: people point at the file they downloaded.
  private static func otherFormat(of bytes: UnsafeRawBufferPointer) -> String? {
    if bytes.starts(with: Array("GGUF".utf8)) { return "it is a GGUF file" }
    if bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) || bytes.starts(with: [0x80, 0x02]) {
      // Loading a pickle runs whatever code is in it (fault F22).
      return "it is a PyTorch pickle, which is not read because it can hold any program"
    }
    if bytes.starts(with: Array("version https://git-lfs".utf8)) {
      return "it is a pointer of Git LFS to the file; fetch that with git lfs pull"
    }
    if bytes[0] == UInt8(ascii: "{") { return "it is JSON" }
    return nil
  }
}

extension SafetensorsJSON {
  fileprivate mutating func metadata() throws(SafetensorsError) -> [String: String] {
    var metadata: [String: String] = [:]
    if try isNull() {
      try skip()
      return metadata
    }
    try beginObject()
    while let key = try nextKey() {
      place = .metadata(key)
      guard metadata.updateValue(try string(), forKey: key) == nil else { throw failure(.duplicate) }
    }
    place = nil
    return metadata
  }

  /// Reads what the header says of the tensor `name`. Fields the format does not have are passed over, as
  /// other readers do.
  fileprivate mutating func record(
    _ name: String, _ limits: Limits.Safetensors
  ) throws(SafetensorsError) -> SafetensorsRecord {
    var dtype: SafetensorsDType?
    var shape: [Int]?
    var offsets: [Int]?
    try beginObject()
    while let field = try nextKey() {
      switch field {
      case "dtype":
        guard dtype == nil else { throw failure(.field(field, problem: "is there twice")) }
        let name = try string()
        guard let known = SafetensorsDType(rawValue: name) else { throw failure(.dtype(name)) }
        dtype = known
      case "shape":
        guard shape == nil else { throw failure(.field(field, problem: "is there twice")) }
        shape = try sizes(field, limit: limits.dimensions)
      case "data_offsets":
        guard offsets == nil else { throw failure(.field(field, problem: "is there twice")) }
        offsets = try sizes(field, limit: 2)
      default:
        try skip()
      }
    }
    guard let dtype else { throw failure(.field("dtype", problem: "is missing")) }
    guard let shape else { throw failure(.field("shape", problem: "is missing")) }
    guard let offsets else { throw failure(.field("data_offsets", problem: "is missing")) }
    guard offsets.count == 2 else {
      throw failure(.field("data_offsets", problem: "has \(offsets.count) numbers, not 2"))
    }
    guard offsets[0] <= offsets[1] else { throw failure(.reversed(begin: offsets[0], end: offsets[1])) }
    let data = offsets[0]..<offsets[1]
    // Every partial product is checked, which `rows` of the tensor relies on.
    guard let bits = checkedProduct(of: shape + [dtype.bits]) else {
      throw failure(.tooLarge(shape: shape, dtype: dtype))
    }
    guard bits % 8 == 0 else { throw failure(.partialByte(shape: shape, dtype: dtype)) }
    guard bits / 8 == data.count else {
      throw failure(.size(data: data, shape: shape, dtype: dtype, needs: bits / 8))
    }
    return SafetensorsRecord(name: name, dtype: dtype, shape: shape, data: data)
  }
}
