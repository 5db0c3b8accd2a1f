// What can be wrong with shards and data sets on disk, in one line that names the file.

import ApusBasics
import ApusRuntime

/// A shard or a data set that cannot be used.
public enum ShardError: ApusError, Equatable {
  /// The system refused.
  case file(FileError)
  /// It is something else, or of another version.
  case notAShard(path: String, reason: String)
  /// The file is shorter or longer than its header says.
  case size(path: String, expected: Int, found: Int)
  /// The content contradicts itself.
  case damaged(path: String, what: String)
  /// A token is outside the vocabulary.
  case tokenOutOfRange(path: String, token: Int, index: Int, vocabularySize: Int)
  /// The data set was made with another tokenizer than the one it is to be used with.
  case otherTokenizer(path: String, what: String)
  /// The folder holds no finished data set.
  case noDataset(path: String, reason: String)

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .notAShard(let path, let reason): "\(path): is no token shard: \(reason)"
    case .size(let path, let expected, let found):
      "\(path): has \(found) bytes and should have \(expected); it is truncated or was appended to"
    case .damaged(let path, let what): "\(path): is damaged: \(what); make it again with apus data tokenize"
    case .tokenOutOfRange(let path, let token, let index, let size):
      "\(path): token \(index) has id \(token), and the vocabulary ends at \(size - 1)"
    case .otherTokenizer(let path, let what):
      "\(path): \(what); tokenise the text again with the model's tokenizer"
    case .noDataset(let path, let reason): "\(path): holds no data set: \(reason)"
    }
  }
}
