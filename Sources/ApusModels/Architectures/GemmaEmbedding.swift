// EmbeddingGemma: Gemma 3 whose tokens see both ways, and two dense layers behind the mean.
// Vera et al. 2025, arXiv:2509.20354

import ApusGraph

struct GemmaEmbedding: Architecture {
  static let names = ["gemma-embedding"]
  static let isGenerative = false
  private var gemma: Gemma3

  var configuration: TransformerConfiguration { gemma.configuration }

  init(_ h: Hyperparameters, vocabularySize: Int) throws(ModelError) {
    gemma = try Gemma3(h, vocabularySize: vocabularySize)
    gemma.isBidirectional = true
  }

  func hiddenStates(_ b: inout NetworkBuilder, _ h: Hyperparameters) throws(ModelError) -> ValueID {
    try gemma.hiddenStates(&b, h)
  }

  func embedding(_ x: ValueID, _ b: inout NetworkBuilder) throws(ModelError) -> ValueID {
    var x = x
    for name in ["dense_2", "dense_3"] {
      guard let rows = b.rows(of: name) else { continue }
      x = try b.linear(x, name, rows: rows)
    }
    return x
  }
}

extension GemmaEmbedding {
  static var huggingFace: [HuggingFaceLayout] {
    var layout = Gemma3.huggingFace[0]
    layout.modelTypes = ["gemma3_text": names[0]]
    layout.condition = (key: "use_bidirectional_attention", value: true)
    layout.className = nil
    return [layout]
  }
}
