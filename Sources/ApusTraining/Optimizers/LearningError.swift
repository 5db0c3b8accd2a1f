// What can be wrong with the settings of learning: optimisers, schedules, initialisation.

import ApusBasics

/// An error in a setting.
package enum LearningError: ApusError, Equatable {
  /// A setting outside what makes sense.
  case setting(name: String, value: String, expected: String)
  /// A tensor whose name says nothing about how it begins.
  case unknownTensor(String)
  /// The system refused memory.
  case memory(String)

  /// What is wrong, in one line.
  package var description: String {
    switch self {
    case .setting(let name, let value, let expected):
      "\(name) is \(value); expected \(expected)"
    case .unknownTensor(let name):
      "cannot initialise tensor '\(name)': its name is none of GGUF's for embeddings, blocks, norms or the head"
    case .memory(let text):
      text
    }
  }

  /// Throws unless `value` is a number for which `holds`.
  static func check(
    _ name: String, _ value: Double, _ expected: String, _ holds: (Double) -> Bool
  ) throws(LearningError) {
    guard value.isFinite, holds(value) else {
      throw .setting(name: name, value: "\(value)", expected: expected)
    }
  }

  /// Throws unless `holds` for `value`.
  static func check(
    _ name: String, _ value: Int, _ expected: String, _ holds: (Int) -> Bool
  ) throws(LearningError) {
    guard holds(value) else { throw .setting(name: name, value: "\(value)", expected: expected) }
  }

  /// A decay of a running mean: 0 ≤ β < 1.
  static func checkBeta(_ name: String, _ value: Double) throws(LearningError) {
    try check(name, value, "a number from 0 up to but not 1") { $0 >= 0 && $0 < 1 }
  }

  static func checkNotNegative(_ name: String, _ value: Double) throws(LearningError) {
    try check(name, value, "a number of at least 0") { $0 >= 0 }
  }

  static func checkPositive(_ name: String, _ value: Double) throws(LearningError) {
    try check(name, value, "a number above 0") { $0 > 0 }
  }
}
