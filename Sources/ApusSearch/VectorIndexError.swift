// What can be wrong with an index, its file, or what is asked of it.

import ApusBasics

/// An error of an index of vectors.
public enum VectorIndexError: ApusError, Equatable {
  /// The file is none of an index, or of another version.
  case notAnIndex(path: String, reason: String)
  /// The file ends too early, or goes on where it should end.
  case size(path: String, expected: Int, found: Int)
  /// A field contradicts the others or its checksum.
  case damaged(path: String, what: String)
  /// The index was built with another model.
  case otherModel(path: String, found: String, expected: String)
  /// A vector of the wrong length.
  case dimension(found: Int, expected: Int)
  /// A vector that has no direction: it is zero or holds a value that is no number.
  case badVector(row: Int)
  /// A vector with a value whose magnitude is above 2^50: sums of its products might overflow.
  case vectorTooLarge(row: Int)
  /// A query that has no direction: it is zero or holds a value that is no number.
  case badQuery
  /// A query with a value whose magnitude is above 2^50.
  case queryTooLarge
  /// The bytes that a quick scan reads are not in the index.
  case noBytes(path: String)
  /// Bytes need whole blocks of 32 values.
  case bytesDimension(Int)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .notAnIndex(let path, let reason): "\(path): is no index of vectors: \(reason)"
    case .size(let path, let expected, let found):
      "\(path): the index is \(found < expected ? "cut off" : "longer than it says"): it should have \(expected) bytes and has \(found); build it again"
    case .damaged(let path, let what): "\(path): the index is damaged: \(what); build it again"
    case .otherModel(let path, let found, let expected):
      "\(path): the index was built with \(found), not with \(expected): their vectors cannot be compared; build it again"
    case .dimension(let found, let expected): "a vector has \(found) values, the index wants \(expected)"
    case .badVector(let row): "vector \(row + 1) is zero or holds a value that is not a number"
    case .vectorTooLarge(let row): "vector \(row + 1) holds a value whose magnitude is above 2^50"
    case .badQuery: "the query's vector is zero or holds a value that is not a number"
    case .queryTooLarge: "the query's vector holds a value whose magnitude is above 2^50"
    case .noBytes(let path): "\(path): the index has no 8-bit vectors; build it with them or scan in f32"
    case .bytesDimension(let dimension):
      "8-bit vectors need a multiple of 32 values, and these have \(dimension)"
    }
  }
}
