// What can go wrong with checkpoints: always which one, why, and what is left.

import ApusBasics
import ApusRuntime

/// An error about the checkpoints of a run.
public enum CheckpointError: ApusError, Equatable {
  /// Nothing was saved; what was there before is untouched, and training may go on.
  case notSaved(step: Int, FileError)
  /// The folder cannot be made or read.
  case folder(FileError)
  /// Another trainer works in the folder.
  case locked(directory: String, owner: String)
  /// There are checkpoints, and none can be used.
  case allDamaged(directory: String, [CheckpointDamage])
  /// The checkpoint that was asked for is not there.
  case missing(directory: String, step: Int, present: [Int])

  /// One line that names the step or folder.
  public var description: String {
    switch self {
    case .notSaved(let step, let error):
      return "the checkpoint of step \(step) was not saved, earlier ones are untouched: \(error)"
    case .folder(let error): return error.description
    case .locked(let directory, let owner):
      return "\(directory): \(owner) trains here; choose another checkpoint.directory, or end it first"
    case .allDamaged(let directory, let damages):
      return "\(directory): no checkpoint can be used: "
        + damages.prefix(3).map(\.description).joined(separator: "; ")
        + (damages.count > 3 ? "; and \(damages.count - 3) more" : "")
    case .missing(let directory, let step, let present):
      return "\(directory): no checkpoint of step \(step); there are "
        + (present.isEmpty ? "none" : "those of " + present.map(String.init).joined(separator: ", "))
    }
  }
}

/// What is wrong with one checkpoint.
public struct CheckpointDamage: Error, Sendable, Equatable, CustomStringConvertible {
  /// Its step.
  public var step: Int
  /// The file and what is wrong with it.
  public var reason: String

  /// One line.
  public var description: String { "checkpoint of step \(step) is damaged: \(reason)" }
}
