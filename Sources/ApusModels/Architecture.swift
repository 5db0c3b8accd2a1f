// What a family of networks provides. One family is one file in Architectures/; All.swift lists them.

import ApusBasics
import ApusGraph

/// A family of networks that share their structure.
package protocol Architecture: Sendable {
  /// The values of `general.architecture` that mean this family.
  static var names: [String] { get }

  /// How Hugging Face names the family, its settings and its tensors, for each model type; none where folders of it
  /// are not read.
  static var huggingFace: [HuggingFaceLayout] { get }

  /// Settings of a written config.json that only this family has.
  var huggingFaceSettings: [(key: String, value: JSONValue)] { get }

  /// The model type that this network is written as; nil where the family has one only.
  var huggingFaceModelType: String? { get }

  /// Whether the family was made to continue texts; the others turn a text into a vector or a score.
  static var isGenerative: Bool { get }

  /// The sizes read from the file.
  var configuration: TransformerConfiguration { get }

  /// Reads and checks the hyper-parameters.
  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError)

  /// Writes the network down, from token ids to the last hidden states, `[tokens, hidden]`.
  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID

  /// Logits `[outputs, vocabulary]` of the rows wanted.
  func logits(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID

  /// What becomes of pooled states `[rows, hidden]` before they are the text's vector.
  func embedding(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID

  /// Scores `[rows, labels]` of a cross-encoder or a reward model from one row of hidden states per sequence.
  func scores(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID
}

extension Architecture {
  package static var huggingFace: [HuggingFaceLayout] { [] }
  package var huggingFaceSettings: [(key: String, value: JSONValue)] { [] }
  package var huggingFaceModelType: String? { nil }
  package static var isGenerative: Bool { true }

  package func logits(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    try b.head(x, vocabularySize: configuration.vocabularySize)
  }

  package func embedding(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID { x }

  /// A row for each label ("cls.output"); encoders may have a dense layer with tanh before it ("cls").
  package func scores(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    var x = x
    if !Self.isGenerative, b.has("cls") {
      let dense = try b.linear(x, "cls", rows: b.hiddenSize)
      x = try b.graph { (g) throws(GraphError) in try g.activate(dense, .tanh) }
    }
    return try b.linear(x, ScoreHead.name, rows: b.rows(of: ScoreHead.name) ?? 1)
  }
}
