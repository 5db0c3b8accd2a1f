// What can go wrong with results and comparisons, beside files.

import ApusBasics

/// Why there is no comparison.
package enum BenchError: ApusError, Equatable {
  /// A suite that is none.
  case unknownSuite(String, known: [String])
  /// A name that cannot be that of a file.
  case name(String)
  /// A file that is not a result.
  case damaged(path: String, problem: String)
  /// No result of that name.
  case missing(name: String, folder: String, saved: [String])
  /// Two results that cannot be compared.
  case different(what: String, now: String, then: String)
  /// An operation that none of the tests has.
  case unknownOperation(String, known: [String])
  /// What a handicap does not look like.
  case handicap(String)
  /// A history that cannot be used.
  case history(path: String, problem: String)
  /// The other program does not do what is asked.
  case rival(program: String, problem: String)

  package var description: String {
    switch self {
    case .unknownSuite(let name, let known):
      let near = suggestion(for: name, among: known).map { "; did you mean '\($0)'?" }
      return "unknown suite '\(name)'" + (near ?? "; there are \(known.joined(separator: ", "))")
    case .name(let name):
      return "'\(name)' cannot name a result: letters, digits, '.', '-' and '_', not starting with a dot, "
        + "at most \(ResultFolder.longestName)"
    case .damaged(let path, let problem): return "\(path): is no result of apus bench: \(problem)"
    case .missing(let name, let folder, let saved):
      let near = suggestion(for: name, among: saved).map { "; did you mean '\($0)'?" }
      let list =
        saved.isEmpty ? "nothing is saved there" : "there are \(saved.prefix(8).joined(separator: ", "))"
      return "\(folder) has no result '\(name)'" + (near ?? "; \(list)")
    case .different(let what, let now, let then):
      return "the baseline cannot be compared: its \(what) is \(then), now it is \(now)"
    case .unknownOperation(let name, let known):
      let near = suggestion(for: name, among: known).map { "; did you mean '\($0)'?" }
      return "no test has an operation '\(name)'" + (near ?? "; there are \(known.joined(separator: ", "))")
    case .handicap(let text):
      return "'\(text)' is no handicap: an operation and how much longer it takes, such as 'matmul Q8_0=1.05'"
    case .history(let path, let problem): return "\(path): \(problem)"
    case .rival(let program, let problem): return "\(program): \(problem)"
    }
  }
}
