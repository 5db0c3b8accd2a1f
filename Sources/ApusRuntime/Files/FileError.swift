// What can go wrong with a file of the user's: always its path, what was tried, and the system's reason.

import ApusBasics

/// An error about one file.
public enum FileError: ApusError, Equatable {
  /// The system refused an operation such as "open" or "write".
  case system(path: String, operation: String, reason: String)
  /// The path names a directory, a pipe, a device or a socket.
  case notRegular(path: String, kind: String)
  /// A mapped file has been changed in place or replaced since it was opened.
  case changed(path: String, what: String)
  /// The output exists and may not be replaced.
  case exists(path: String)

  /// One line that names the file.
  public var description: String {
    switch self {
    case .system(let path, let operation, let reason): "\(path): cannot \(operation): \(reason)"
    case .notRegular(let path, let kind): "\(path): is \(kind), not a regular file"
    case .changed(let path, let what): "\(path): \(what) since it was opened; start again with the new file"
    case .exists(let path): "\(path): exists; choose another name, or ask for it to be replaced"
    }
  }
}
