// `apus tiny`: a small model with random weights, so that everything can be tried where no model is at hand. It
// knows words but no language.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusTensor

enum TinyCommand: Command {
  static let name = "tiny"
  static let summary = "Write a tiny model with random weights, to try things out"
  static let discussion = [
    "The model has the structure of Llama and a vocabulary of a few words; what it says is meaningless. The same "
      + "seed gives the same file on every machine."
  ]
  static let examples = ["apus tiny tiny.gguf && apus run tiny.gguf \"Once upon a time\" -n 20"]

  private static let output = Positional.one("OUT", isFile: true, help: "The GGUF file to write")
  private static let force = Option.flag("force", help: "Replace OUT when it exists")
  private static let seed = Option<Int>.integer(
    "seed", "s", in: 0...Int.max, default: 0, help: "Start of the random numbers")

  static let arguments = [output.row]
  static let options = [force.row, seed.row]

  static func run(_ values: Values, _ console: Console) throws {
    let model = TinyModel(seed: UInt64(values[seed]))
    var writer = try GGUFWriter(path: values[output], header: model.header, replacing: values[force])
    for tensor in model.header.tensors {
      try model.weights(of: tensor).withUnsafeBytes { bytes throws in try writer.append(bytes) }
    }
    try writer.finish()
    try console.line("\(values[output]): \(model.header.tensors.count) tensors with random weights")
  }
}

/// The structure, vocabulary and weights of the tiny model.
struct TinyModel {
  /// How large a model is, and what its matrices are stored as.
  struct Sizes {
    var hidden = 64
    var layers = 2
    var heads = 4
    var keyValueHeads = 2
    var inner = 160
    var context = 512
    var type = TensorType.f32

    /// Large enough that its products are work, small enough to be made in a moment: 22 million weights.
    static let measurable = Sizes(
      hidden: 512, layers: 7, heads: 8, keyValueHeads: 4, inner: 1536, context: 4096, type: .q8_0)
  }

  /// Marks the beginning of a word in SentencePiece vocabularies.
  private static let space = "\u{2581}"

  private static let words = """
    the a and of to in it was she he they bird swift sky sun wind house tree river day night summer sea island \
    road flew sang slept looked found wanted said saw went came home high low fast slow small old bright quiet \
    over under through until then again once upon time her his their friend song light rain . , !
    """

  let seed: UInt64
  private let sizes: Sizes
  private let pieces: [String]
  private(set) var header = GGUFHeader()

  init(seed: UInt64, _ sizes: Sizes = Sizes()) {
    self.seed = seed
    self.sizes = sizes
    let bytes = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "<0x" + (digits.count < 2 ? "0" : "") + digits + ">"
    }
    let letters = (33..<127).map { String(UnicodeScalar(UInt8($0))) }
    let words = Self.words.split(separator: " ").map {
      $0.count > 1 || $0 == "a" ? Self.space + $0 : String($0)
    }
    pieces =
      ["<unk>", "<s>", "</s>"] + bytes + [Self.space] + letters + words.filter { !letters.contains($0) }
    describe()
    layOut()
  }

  private mutating func describe() {
    header.set("general.architecture", .string("llama"))
    header.set("general.name", .string("tiny, random"))
    func size(_ name: String, _ value: Int) { header.set("llama." + name, .scalar(UInt32(value))) }
    size("context_length", sizes.context)
    size("embedding_length", sizes.hidden)
    size("block_count", sizes.layers)
    size("feed_forward_length", sizes.inner)
    size("attention.head_count", sizes.heads)
    size("attention.head_count_kv", sizes.keyValueHeads)
    size("rope.dimension_count", sizes.hidden / sizes.heads)
    header.set("llama.attention.layer_norm_rms_epsilon", .scalar(Float(1e-5)))
    header.set("llama.rope.freq_base", .scalar(Float(10_000)))
    let firstWord = 3 + 256
    header.set("tokenizer.ggml.model", .string("llama"))
    header.set("tokenizer.ggml.tokens", .strings(pieces))
    header.set("tokenizer.ggml.scores", .scalars(pieces.indices.map { -Float($0) }))
    header.set(
      "tokenizer.ggml.token_type",
      .scalars(pieces.indices.map { Int32($0 == 0 ? 2 : $0 < 3 ? 3 : $0 < firstWord ? 6 : 1) }))
    header.set("tokenizer.ggml.bos_token_id", .scalar(UInt32(1)))
    header.set("tokenizer.ggml.eos_token_id", .scalar(UInt32(2)))
    header.set("tokenizer.ggml.unknown_token_id", .scalar(UInt32(0)))
  }

  private mutating func layOut() {
    let headSize = sizes.hidden / sizes.heads
    func matrix(_ name: String, _ inputs: Int, _ outputs: Int) {
      header.addTensor(name + ".weight", type: sizes.type, dimensions: [inputs, outputs])
    }
    func norm(_ name: String) { header.addTensor(name + ".weight", type: .f32, dimensions: [sizes.hidden]) }
    matrix("token_embd", sizes.hidden, pieces.count)
    for layer in 0..<sizes.layers {
      let block = "blk.\(layer)."
      norm(block + "attn_norm")
      matrix(block + "attn_q", sizes.hidden, sizes.hidden)
      matrix(block + "attn_k", sizes.hidden, sizes.keyValueHeads * headSize)
      matrix(block + "attn_v", sizes.hidden, sizes.keyValueHeads * headSize)
      matrix(block + "attn_output", sizes.hidden, sizes.hidden)
      norm(block + "ffn_norm")
      matrix(block + "ffn_gate", sizes.hidden, sizes.inner)
      matrix(block + "ffn_up", sizes.hidden, sizes.inner)
      matrix(block + "ffn_down", sizes.inner, sizes.hidden)
    }
    norm("output_norm")
    matrix("output", sizes.hidden, pieces.count)
  }

  /// The whole model, in memory.
  func file() throws -> GGUFFile {
    var bytes = header.encoded()
    for tensor in header.tensors {
      let values = weights(of: tensor)
      let start = bytes.count
      let padded = (tensor.byteCount + header.alignment - 1) / header.alignment * header.alignment
      bytes.append(contentsOf: repeatElement(0, count: padded))
      bytes.withUnsafeMutableBytes { bytes in
        let place = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + tensor.byteCount])
        values.withUnsafeBufferPointer { values in
          if tensor.type == .q8_0 {
            Q8_0.encode(values, into: place)
          } else {
            place.copyMemory(from: UnsafeRawBufferPointer(values))
          }
        }
      }
    }
    return try GGUFFile(bytes: bytes, name: "\(countText(sizes.hidden)) wide, random")
  }

  /// The values of a tensor: ones for a norm, normal numbers of unit gain for a matrix.
  func weights(of tensor: GGUFHeader.Record) -> [Float] {
    let columns = tensor.dimensions[0]
    let count = tensor.dimensions.reduce(1, *)
    guard tensor.dimensions.count > 1 else { return [Float](repeating: 1, count: count) }
    let philox = Philox(key: Philox.key(for: tensor.name, seed: seed))
    let gain = 1 / Float(columns).squareRoot()
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      philox.fillNormals(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      for index in 0..<count {
        let row = index / columns
        // Only words and punctuation have a voice, or the text would be bytes and letters.
        let isSilent = tensor.name == "output.weight" && !isWord(row)
        buffer[index] *= isSilent ? 0 : gain
      }
      initialized = count
    }
  }

  private func isWord(_ token: Int) -> Bool {
    let piece = pieces[token]
    return (piece.hasPrefix(Self.space) && piece != Self.space) || [".", ","].contains(piece)
  }
}
