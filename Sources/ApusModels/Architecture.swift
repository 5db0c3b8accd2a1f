// What a family of networks provides. One family is one file in Architectures/; All.swift lists them.

import ApusGraph

/// A family of networks that share their structure.
package protocol Architecture: Sendable {
  /// The values of `general.architecture` that mean this family.
  static var names: [String] { get }

  /// The sizes read from the file.
  var configuration: TransformerConfiguration { get }

  /// Reads and checks the hyper-parameters.
  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError)

  /// Writes the network down, from token ids to logits.
  func build(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID
}
