// Gradients of the networks in Tests/Fixtures/models for one packed batch, made by `transformers` in float64 and stored
// in Tests/Fixtures/gradients by gradients.py there, whose head defines the loss and the files. The weights are those of
// ModelFixture.

import ApusBasics
import ApusRuntime
import Testing

/// A network's loss and gradients to compare with.
package struct GradientFixture: Sendable, CustomTestStringConvertible {
  package let name: String
  /// The name of its ModelFixture.
  package let network: String
  package let labelSmoothing: Float
  package let zLoss: Float
  /// Σ weight · loss / Σ weight over the tokens with a target.
  package let loss: Double
  /// `[rows, length]`, unweighted, 0 where there is no target.
  package let tokenLosses: [Float]
  /// How far `transformers` in float32 is off: the largest norm of an error over the norm of its gradient.
  package let float32Error: Double
  /// By name, as GGUF names and orders them.
  package let tensors: [Tensor]

  package var testDescription: String { name }

  /// Every fixture there is.
  package static let names = ModelFixture.names + ["llama-smoothed", "gemma2-smoothed"]

  package init(_ name: String) throws {
    try self.init(name, in: "gradients")
  }

  /// - Parameter folder: of the fixtures.
  init(_ name: String, in folder: String) throws {
    self.name = name
    let path = Fixtures.path("\(folder)/\(name)")
    let json = try JSONValue(parsing: #require(readFile(path + ".json")))
    let floats = try Self.floats(path)
    network = json["network"]!.string!
    labelSmoothing = Float(json["labelSmoothing"]!.double!)
    zLoss = Float(json["zLoss"]!.double!)
    loss = json["loss"]!.double!
    float32Error = json["float32Error"]!.double!
    let batch = try GradientBatch()
    tokenLosses = Array(floats[..<batch.tokens.count])
    tensors = try Self.tensors(json, floats[tokenLosses.count...])
  }

  /// The numbers beside a fixture's description.
  package static func floats(_ path: String) throws -> [Float] {
    try #require(readFile(path + ".f32")).withUnsafeBytes {
      Array($0.assumingMemoryBound(to: Float.self))
    }
  }

  /// The tensors that a fixture describes; their elements are all that `floats` has.
  package static func tensors(_ json: JSONValue, _ floats: ArraySlice<Float>) throws -> [Tensor] {
    var start = floats.startIndex
    let tensors = json["tensors"]!.array!.map { entry in
      let tensor = Tensor(entry, floats[start...])
      start += tensor.elements.count
      return tensor
    }
    try #require(start == floats.endIndex)
    return tensors
  }
}

/// The batch of all gradient fixtures: rows of several documents that do not see each other, each from position 0.
package struct GradientBatch: Sendable {
  package let rows: Int
  package let length: Int
  /// The lengths of each row's documents.
  package let segments: [[Int]]
  /// `[rows, length]`
  package let tokens: [Int32]
  /// `[rows, length]`, −1 where there is none.
  package let targets: [Int32]
  /// `[rows, length]`. Those of tokens without a target count nowhere.
  package let weights: [Float]

  package init() throws {
    let json = try JSONValue(parsing: #require(readFile(Fixtures.path("gradients/batch.json"))))
    rows = json["rows"]!.int!
    length = json["length"]!.int!
    segments = json["segments"]!.array!.map { $0.array!.map { $0.int! } }
    tokens = json["tokens"]!.array!.map { Int32($0.int!) }
    targets = json["targets"]!.array!.map { Int32($0.int!) }
    weights = json["weights"]!.array!.map { Float($0.double!) }
  }

  /// `[rows, length]`, each token's place in its document.
  package var positions: [Int32] { segments.flatMap { $0.flatMap { 0..<Int32($0) } } }
}

extension GradientFixture {
  /// What is known of one tensor's gradient.
  package struct Tensor: Sendable {
    package let name: String
    package let shape: [Int]
    package let norm: Double
    /// The products with vectors of ±1.
    package let projections: [Double]
    /// Elements of the gradient with their indices: all of a small one.
    package let elements: [(index: Int, value: Float)]

    package var count: Int { shape.reduce(1, *) }

    /// As fixtures describe it; `values` begins with the elements.
    package init(_ json: JSONValue, _ values: ArraySlice<Float>) {
      name = json["name"]!.string!
      shape = json["shape"]!.array!.map { $0.int! }
      norm = json["norm"]!.double!
      projections = json["projections"]!.array!.map { $0.double! }
      let count = shape.reduce(1, *)
      var indices = Array(0..<min(count, 128))
      if count <= 1024 {
        indices = Array(0..<count)
      } else {
        let family = Philox(key: Philox.key(for: "elements \(name)"))
        indices = indices.map { Int(family.word($0)) % count }
      }
      elements = zip(indices, values).map { ($0, $1) }
    }

    /// How far `gradient` is off, each as a share of the true gradient's norm, so that one bound holds for all.
    ///
    /// - Parameter gradient: in GGUF's order, `count` numbers.
    package func errors(of gradient: [Float]) -> Errors {
      precondition(gradient.count == count, "\(name) has \(count) weights, not \(gradient.count)")
      var worst = (index: 0, error: 0.0)
      for (index, value) in elements {
        let error = (Double(gradient[index]) - Double(value)).magnitude
        if error.isWorse(than: worst.error) { worst = (index, error) }
      }
      let square = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }
      let products = projections.indices.map { Self.product(gradient, projection: $0, of: name) }
      return Errors(
        norm: (square.squareRoot() - norm).magnitude / norm,
        projections: zip(products, projections).map { ($0 - $1).magnitude / norm },
        element: worst.error / norm, worstIndex: worst.index)
    }

    /// The product of a gradient with one of the vectors of ±1 that its tensor's name gives.
    package static func product(_ gradient: [Float], projection: Int, of name: String) -> Double {
      let family = Philox(key: Philox.key(for: "projection \(projection) \(name)"))
      var sum = 0.0
      for start in stride(from: 0, to: gradient.count, by: 32) {
        let signs = family.word(start / 32)
        for index in start..<min(start + 32, gradient.count) {
          let value = Double(gradient[index])
          sum += signs >> UInt32(index - start) & 1 == 1 ? -value : value
        }
      }
      return sum
    }
  }

  /// How far a gradient is off, in multiples of the true one's norm.
  package struct Errors: Sendable, CustomStringConvertible {
    package let norm: Double
    package let projections: [Double]
    /// The largest of the elements known, and where it is.
    package let element: Double
    package let worstIndex: Int

    /// The largest of all; a NaN if the gradient has one.
    package var worst: Double {
      ([norm, element] + projections).reduce(0) { $1.isWorse(than: $0) ? $1 : $0 }
    }

    package var description: String {
      "norm \(norm), projections \(projections), element \(worstIndex): \(element)"
    }
  }
}

extension Double {
  /// Larger, or not a number.
  fileprivate func isWorse(than other: Double) -> Bool { !(other.isNaN || self <= other) }
}

extension Philox {
  /// Word `index`, four to a block.
  fileprivate func word(_ index: Int) -> UInt32 { block(UInt64(index / 4))[index % 4] }
}
