// What can be wrong with text that is read for training: always the file and where in it.

import ApusBasics
import ApusRuntime

/// A place in the input.
public struct InputPlace: Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// The line, from 1.
  public var line: Int

  /// "corpus.jsonl:17".
  public var description: String { "\(path):\(line)" }
}

/// Input that cannot be read.
public enum ReadingError: ApusError, Equatable {
  /// The system refused.
  case file(FileError)
  /// A line or file is no document, and none may be skipped.
  case bad(InputPlace, problem: String)
  /// A line or file is no document, and as many were skipped as may be.
  case tooManyBad(InputPlace, problem: String, limit: Int)
  /// Compressed data is damaged, truncated or grows out of measure; `offset` counts bytes of the file.
  case compressedData(path: String, offset: Int, problem: String)
  /// The file is compressed in a way that this build, or Apus, does not read.
  case compression(path: String, problem: String)
  /// There is not one document in all of the input.
  case noDocuments(files: Int)

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .bad(let place, let problem):
      "\(place): \(problem); --skip-bad N (data.skipBad in a configuration) skips up to N such lines"
    case .tooManyBad(let place, let problem, let limit):
      "\(place): \(problem); \(limit) bad lines were skipped before, and no more may be"
    case .compressedData(let path, let offset, let problem): "\(path):\(offset): \(problem)"
    case .compression(let path, let problem): "\(path): \(problem)"
    case .noDocuments(let files): "no document with any text in \(files) file\(files == 1 ? "" : "s")"
    }
  }
}
