// What can be wrong with a safetensors file. One line each: the file, the tensor or key, the numbers.

import ApusBasics
import ApusRuntime

/// Why a safetensors file was refused.
public struct SafetensorsError: ApusError, Equatable {
  /// The file's name, as the user gave it or as the index of its set has it.
  public let file: String
  /// Which tensor or key it is about, if one.
  public let place: Place?
  /// What is wrong.
  public let fault: Fault

  package init(_ file: String, _ place: Place?, _ fault: Fault) {
    self.file = file
    self.place = place
    self.fault = fault
  }

  package init(_ file: String, _ fault: Fault) {
    self.init(file, nil, fault)
  }

  /// Something in the header.
  public enum Place: Sendable, Equatable {
    /// The tensor of this name.
    case tensor(String)
    /// The key of `__metadata__` of this name.
    case metadata(String)
  }

  /// What can be wrong.
  public enum Fault: Sendable, Equatable {
    /// The file could not be opened or read.
    case file(FileError)
    /// It does not start like a safetensors file.
    case notSafetensors(String)
    /// Something the header promises lies beyond the end; `nil` is more than fits a 64-bit number.
    case truncated(needs: Int?, has: Int)
    /// A length is over its limit.
    case overLimit(what: String, value: UInt64, limit: Int)
    /// There are more of something than its limit.
    case tooMany(what: String, limit: Int)
    /// The header, or the index of a set, is not the JSON it should be; `offset` is in the file.
    case json(String, offset: Int)
    /// The same name was there already.
    case duplicate
    /// A field of a tensor's record is missing, twice there, or of an impossible value.
    case field(String, problem: String)
    /// An element type nobody defined.
    case dtype(String)
    /// The number of elements or bytes does not fit a 64-bit number.
    case tooLarge(shape: [Int], dtype: SafetensorsDType)
    /// Numbers of less than a byte do not fill whole bytes.
    case partialByte(shape: [Int], dtype: SafetensorsDType)
    /// The data ends before it begins.
    case reversed(begin: Int, end: Int)
    /// The data is of another size than shape and type ask for.
    case size(data: Range<Int>, shape: [Int], dtype: SafetensorsDType, needs: Int)
    /// The data shares bytes with another tensor's.
    case overlap(data: Range<Int>, other: String, otherData: Range<Int>)
    /// Bytes before the data, from `end` on, belong to no tensor.
    case hole(data: Range<Int>, end: Int)
    /// Bytes behind the last tensor, from `offset` in the file on.
    case trailing(count: Int, offset: Int)
    /// A set of files is not complete or not one set.
    case shards(String)
  }

  /// One line: file, place, fault.
  public var description: String {
    if case .file(let error) = fault { return error.description }
    guard let place else { return "\(file): \(fault)" }
    return "\(file): \(place): \(fault)"
  }
}

extension SafetensorsError.Place: CustomStringConvertible {
  /// Such as `tensor "lm_head.weight"`.
  public var description: String {
    switch self {
    case .tensor(let name): "tensor \(quoted(name))"
    case .metadata(let key): "__metadata__ \(quoted(key))"
    }
  }
}

extension SafetensorsError.Fault: CustomStringConvertible {
  /// What is wrong, with its numbers.
  public var description: String {
    switch self {
    case .file(let error):
      error.description
    case .notSafetensors(let found):
      "not a safetensors file: \(found)"
    case .truncated(let needs?, let has):
      "file is truncated: needs \(needs) bytes, has \(has)"
    case .truncated(nil, let has):
      "file is truncated: needs more than \(Int.max) bytes, has \(has)"
    case .overLimit(let what, let value, let limit):
      "\(value) \(what), the limit is \(limit)"
    case .tooMany(let what, let limit):
      "more than \(limit) \(what)"
    case .json(let message, let offset):
      "offset \(hexadecimal(offset)): \(message)"
    case .duplicate:
      "the same name is there twice"
    case .field(let name, let problem):
      "\(name) \(problem)"
    case .dtype(let name):
      "unknown dtype \(quoted(name))"
    case .tooLarge(let shape, let dtype):
      "size \(shapeText(shape)) of \(dtype) does not fit 64 bits"
    case .partialByte(let shape, let dtype):
      "size \(shapeText(shape)) of \(dtype) is no whole number of bytes"
    case .reversed(let begin, let end):
      "data_offsets [\(begin), \(end)] end before they begin"
    case .size(let data, let shape, let dtype, let needs):
      "data_offsets \(offsetsText(data)) are \(data.count) bytes, size \(shapeText(shape)) of \(dtype) is \(needs)"
    case .overlap(let data, let other, let otherData):
      "data_offsets \(offsetsText(data)) overlap tensor \(quoted(other)) at \(offsetsText(otherData))"
    case .hole(let data, let end):
      "data_offsets \(offsetsText(data)) leave \(data.lowerBound - end) unused bytes before them"
    case .trailing(let count, let offset):
      "\(count) bytes after the last tensor (offset \(hexadecimal(offset)))"
    case .shards(let problem):
      problem
    }
  }
}

/// Offsets as a header has them.
private func offsetsText(_ range: Range<Int>) -> String {
  "[\(range.lowerBound), \(range.upperBound)]"
}
