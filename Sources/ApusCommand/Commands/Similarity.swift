// `apus similarity`: how alike texts are.

import ApusBasics
import ApusInference

enum SimilarityCommand: Command {
  static let name = "similarity"
  static let summary = "Show how alike texts are"
  static let discussion = [
    "The cosine of the angle between the texts' vectors: 1 is the same, 0 unrelated. Two texts give one number, more "
      + "give a table."
  ]
  static let examples = ["apus similarity model.gguf \"a small bird\" \"un petit oiseau\" \"a fast car\""]

  private static let texts = Positional.rest("TEXT", help: "Two texts or more")

  static let arguments = [ModelFile.argument.row, texts.row]
  static let options = EmbeddingFlags.rows

  static func run(_ values: Values, _ console: Console) throws {
    let texts = values[texts]
    guard texts.count >= 2 else { throw CommandError.usage("two texts are needed, \(texts.count) given") }
    let model = try EmbeddingFlags.load(values, console)
    let vectors = try model.embed(texts, prompt: values[EmbeddingFlags.promptName])
    let cosines = vectors.map { first in vectors.map { cosine(first, $0) } }
    if values[CommonOptions.json] {
      return try console.json(
        .members([
          "model": .string(model.name), "texts": .array(texts.map { .string($0) }),
          "cosines": .array(cosines.map { .array($0.map { .double($0) }) }),
        ]))
    }
    if texts.count == 2 { return try console.line(fixed(cosines[0][1], 4)) }
    for (index, row) in cosines.enumerated() {
      let numbers = row.map { value in
        let text = fixed(value, 3)
        return String(repeating: " ", count: max(0, 7 - text.count)) + text
      }
      try console.write(numbers.joined())
      try console.foreign("  \(oneLine(texts[index]))\n")
    }
  }

  /// The cosine of the angle between two vectors; 0 where one has no length.
  private static func cosine(_ a: [Float], _ b: [Float]) -> Double {
    func dot(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let lengths = (dot(a, a) * dot(b, b)).squareRoot()
    return lengths > 0 ? dot(a, b) / lengths : 0
  }
}
