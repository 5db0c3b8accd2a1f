// What can be wrong with a GGUF file. One line each: the file, the key or tensor with its offset, the numbers.

import ApusBasics
import ApusRuntime
import ApusTensor

/// Why a GGUF file was refused.
public struct GGUFError: ApusError, Equatable {
  /// The file's name, as the user gave it.
  public let file: String
  /// Which key or tensor it is about, if one.
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

  /// A key or a tensor of the file.
  public enum Place: Sendable, Equatable {
    /// The metadata key `name`; `offset` is where its record starts, where that is known.
    case key(String, offset: Int?)
    /// The tensor `name`; `offset` is where its record (not its data) starts, where that is known.
    case tensor(String, offset: Int?)
    /// A record whose name is not known yet: "metadata key 3" or "tensor 3", counted from 0.
    case record(String, Int, offset: Int)
  }

  /// What can be wrong.
  public enum Fault: Sendable, Equatable {
    /// The file could not be opened, read or written.
    case file(FileError)
    /// It does not start like a GGUF file.
    case notGGUF(String)
    /// The format version is not 2 or 3.
    case version(UInt32)
    /// The numbers are big-endian.
    case bigEndian(version: UInt32)
    /// Something the header promises lies beyond the end; `nil` is more than fits a 64-bit number.
    case truncated(needs: Int?, has: Int)
    /// A count or a length is over its limit.
    case overLimit(what: String, value: UInt64, limit: Int)
    /// A key or name is empty, holds a NUL byte or is not UTF-8.
    case badName(String)
    /// The same key or tensor name was at `offset` already.
    case duplicate(offset: Int)
    /// A metadata value has a type number nobody defined.
    case unknownValueType(UInt32)
    /// Arrays are nested deeper than the limit.
    case nesting(limit: Int)
    /// `general.alignment` is not a uint32 that is a power of two within the limit.
    case alignment(String, limit: Int)
    /// A metadata value is of another type than its reader needs.
    case wrongType(found: String, expected: String)
    /// A tensor has no dimensions or more than the limit.
    case dimensionCount(UInt32, limit: Int)
    /// A dimension is 0 or negative.
    case dimension(Int, value: Int64)
    /// The number of elements or bytes does not fit a 64-bit number.
    case tooLarge(dimensions: [Int])
    /// A tensor type Apus does not read.
    case tensorType(UInt32)
    /// The first dimension is no whole number of blocks.
    case partialBlock(columns: Int, type: String, block: Int)
    /// The data does not start at a multiple of the alignment.
    case unaligned(data: UInt64, alignment: Int)
    /// The data shares bytes with another tensor's.
    case overlap(data: Range<Int>, other: String, otherData: Range<Int>)
    /// A split set is not complete or not one set.
    case split(String)
    /// A weight that cannot be written: not finite, or too large for the type.
    case weight(index: Int, problem: String)
    /// The request itself makes no sense for this file.
    case refused(String)
  }

  /// One line: file, place, fault.
  public var description: String {
    if case .file(let error) = fault { return error.description }
    guard let place else { return "\(file): \(fault)" }
    return "\(file): \(place): \(fault)"
  }
}

extension GGUFError.Place: CustomStringConvertible {
  /// Such as `tensor "output.weight" (offset 0x1f40)`.
  public var description: String {
    switch self {
    case .key(let name, nil): "key \(quoted(name))"
    case .key(let name, let offset?): "key \(quoted(name)) (offset \(hexadecimal(offset)))"
    case .tensor(let name, nil): "tensor \(quoted(name))"
    case .tensor(let name, let offset?): "tensor \(quoted(name)) (offset \(hexadecimal(offset)))"
    case .record(let what, let index, let offset): "\(what) \(index) (offset \(hexadecimal(offset)))"
    }
  }
}

extension GGUFError.Fault: CustomStringConvertible {
  /// What is wrong, with its numbers.
  public var description: String {
    switch self {
    case .file(let error):
      error.description
    case .notGGUF(let found):
      "not a GGUF file: \(found)"
    case .version(let version):
      "GGUF version \(version) is not read, versions 2 and 3 are"
    case .bigEndian(let version):
      "GGUF version \(version) in big-endian byte order is not read, little-endian is"
    case .truncated(let needs?, let has):
      "file is truncated: needs \(needs) bytes, has \(has)"
    case .truncated(nil, let has):
      "file is truncated: needs more than \(Int.max) bytes, has \(has)"
    case .overLimit(let what, let value, let limit):
      "\(value) \(what), the limit is \(limit)"
    case .badName(let problem):
      problem
    case .duplicate(let offset):
      "the same name is at offset \(hexadecimal(offset)) already"
    case .unknownValueType(let type):
      "unknown value type \(type), 0 to 12 are known"
    case .nesting(let limit):
      "arrays nested more than \(limit) deep"
    case .alignment(let found, let limit):
      "alignment is \(found), it must be a uint32 power of two up to \(limit)"
    case .wrongType(let found, let expected):
      "is \(found), not \(expected)"
    case .dimensionCount(let count, let limit):
      "\(count) dimensions, 1 to \(limit) are possible"
    case .dimension(let index, let value):
      "dimension \(index) is \(value)"
    case .tooLarge(let dimensions):
      "size \(shapeText(dimensions)) does not fit 64 bits"
    case .tensorType(let id):
      TensorType.describe(unread: id)
    case .partialBlock(let columns, let type, let block):
      "rows of \(columns) are no whole number of \(type) blocks of \(block)"
    case .unaligned(let data, let alignment):
      "data offset \(hexadecimal(data)) is not a multiple of the alignment \(alignment)"
    case .overlap(let data, let other, let otherData):
      "data \(rangeText(data)) overlaps tensor \(quoted(other)) at \(rangeText(otherData))"
    case .split(let problem), .refused(let problem):
      problem
    case .weight(let index, let problem):
      "weight \(index) \(problem)"
    }
  }
}

/// `0x1f40`.
func hexadecimal(_ value: some BinaryInteger) -> String {
  "0x" + String(value, radix: 16)
}

/// A shape as `[4096, 32000]`, fastest dimension first.
func shapeText(_ dimensions: [Int]) -> String {
  "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
}

private func rangeText(_ range: Range<Int>) -> String {
  "\(hexadecimal(range.lowerBound))..<\(hexadecimal(range.upperBound))"
}

/// A name from a file in quotes, fit for one line of a terminal: control characters are shown as escapes
/// and what is beyond 100 characters is left out.
func quoted(_ name: String) -> String {
  var text = "\""
  for scalar in name.unicodeScalars.prefix(100) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      text += "\\u{" + String(scalar.value, radix: 16) + "}"
    default:
      text.unicodeScalars.append(scalar)
    }
  }
  return text + (name.unicodeScalars.count > 100 ? "…\"" : "\"")
}
