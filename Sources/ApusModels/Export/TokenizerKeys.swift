// A tokenizer as the `tokenizer.*` keys of a GGUF file, and as the files of a Hugging Face folder, whichever of the two it
// comes from.

import ApusBasics
import ApusFiles
import ApusRuntime
import ApusText

/// The `tokenizer.*` keys of a GGUF file to be written.
package struct TokenizerKeys {
  package private(set) var keys: [(key: String, value: GGUFValue)] = []
  /// What is lost, one line each.
  package private(set) var notes: [String] = []

  /// No tokenizer: the file holds a network only.
  package init() {}

  /// Those of a GGUF file, as they are.
  package init(copying file: GGUFFile) {
    keys = file.metadata.keys.filter { $0.hasPrefix("tokenizer.") }.compactMap { key in
      file.metadata[key].map { (key, $0) }
    }
  }

  /// Those of the tokenizer.json of a folder, which need not hold a model.
  ///
  /// - Parameters:
  ///   - rows: rows of the embedding; llama.cpp wants a piece for each.
  ///   - chatTemplate: how conversations are written down.
  ///   - ends: ids that end a text by the folder's word.
  /// - Throws: `ExportError.tokenizer` for what GGUF files cannot say; `HuggingFaceError`, `HuggingFaceTokenizerError`.
  package init(folder path: String, rows: Int, chatTemplate: String?, ends: [Int]) throws {
    guard let file = try HuggingFaceFolder.file(path, "tokenizer.json") else {
      throw HuggingFaceError(path, .missing("tokenizer.json"))
    }
    let name = "\(path)/tokenizer.json"
    var contents: TokenizerContents
    do {
      contents = try withExtendedLifetime(file) {
        try TokenizerContents(
          file.bytes, config: HuggingFaceFolder.json(path, "tokenizer_config.json"), name: name)
      }
    } catch let error as ContentsError {
      throw ExportError.tokenizer("\(name): \(error)")
    }
    guard contents.pieces.count <= rows else {
      throw ExportError.tokenizer(
        "\(name): it has \(contents.pieces.count) tokens, but the model only \(rows) rows of embeddings")
    }
    notes = contents.notes.map { "\(name): \($0)" }
    for row in contents.pieces.count..<rows {
      contents.pieces.append("[PAD\(row)]")
      contents.kinds.append(.unused)
      if !contents.scores.isEmpty { contents.scores.append(-Float(row)) }
    }
    set(contents)
    setEnds(contents, ends)
    if let chatTemplate { keys.append(("tokenizer.chat_template", .string(chatTemplate))) }
  }

  private mutating func set(_ contents: TokenizerContents) {
    func add(_ key: String, _ value: GGUFValue) { keys.append(("tokenizer.ggml.\(key)", value)) }
    switch contents.kind {
    case .bytes(let pre):
      add("model", .string("gpt2"))
      add("pre", .string(pre))
      add("merges", .strings(contents.merges))
    case .sentencePiece(let addsSpace):
      add("model", .string("llama"))
      add("pre", .string("default"))
      add("scores", .scalars(contents.scores))
      add("add_space_prefix", .scalar(addsSpace))
    }
    add("tokens", .strings(contents.pieces))
    add("token_type", .scalars(contents.kinds.map { Int32($0.rawValue) }))
    let special = contents.special
    for (name, id) in [
      ("bos", special.bos), ("eos", special.eos), ("unknown", special.unk), ("padding", special.pad),
      ("seperator", special.sep), ("mask", special.mask),
    ] {
      if let id { add("\(name)_token_id", .scalar(UInt32(id))) }
    }
    add("add_bos_token", .scalar(contents.addsBOS))
    add("add_eos_token", .scalar(contents.addsEOS))
  }

  /// What ends a text besides EOS. One such id can be said; more are known by their spelling only.
  private mutating func setEnds(_ contents: TokenizerContents, _ ends: [Int]) {
    let eos = contents.special.eos.map(Int.init)
    let others = ends.filter { $0 != eos && contents.pieces.indices.contains($0) }
    if eos == nil, let first = ends.first, contents.pieces.indices.contains(first) {
      keys.append(("tokenizer.ggml.eos_token_id", .scalar(UInt32(first))))
    } else if eos == nil {
      notes.append("no token ends a text; llama.cpp then takes one by its number")
    }
    guard let first = others.first, eos != nil else { return }
    keys.append(("tokenizer.ggml.eot_token_id", .scalar(UInt32(first))))
  }
}

extension TokenizerFiles {
  /// Copies of the tokenizer's files of a folder, which need not hold a model.
  ///
  /// - Throws: `FileError`, and what making the tokenizer throws.
  package init(copying path: String) throws {
    let vocabulary = try makeTokenizer(inFolder: path).vocabulary
    var files: [(name: String, bytes: [UInt8])] = []
    for name in Self.names {
      guard let file = try HuggingFaceFolder.file(path, name) else { continue }
      files.append((name, withExtendedLifetime(file) { Array(file.bytes) }))
    }
    self.init(files, vocabulary)
  }

  /// The ids that a vocabulary has for the ends of a text.
  private init(_ files: [(name: String, bytes: [UInt8])], _ vocabulary: Vocabulary) {
    let special = vocabulary.special
    let others = vocabulary.endOfGeneration.filter { $0 != special.eos }
    self.init(
      files: files, begin: special.bos.map(Int.init),
      end: ([special.eos].compactMap { $0 } + others).map(Int.init), padding: special.pad.map(Int.init))
  }

  /// Takes another chat template, in the file that wins over `tokenizer_config.json`.
  package mutating func set(chatTemplate: String) {
    files.removeAll { $0.name == HuggingFaceFolder.chatTemplateFile }
    files.append((HuggingFaceFolder.chatTemplateFile, Array(chatTemplate.utf8)))
  }

  private static let names = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "tokenizer.model", HuggingFaceFolder.chatTemplateFile,
  ]

  /// The tokenizer of a GGUF file.
  ///
  /// - Throws: `ExportError.tokenizer` for kinds that have no tokenizer.json; what making the tokenizer throws.
  package init(of file: GGUFFile, contextLength: Int) throws {
    let tokenizer = try makeTokenizer(from: file)
    let merges = try file.metadata.strings("tokenizer.ggml.merges")
    let contents: TokenizerContents
    do {
      contents = try TokenizerContents(
        tokenizer,
        merges: merges.map { merges in ByteStrings(count: merges.count) { merges.bytes(at: $0) }.strings }
          ?? [])
    } catch {
      throw ExportError.tokenizer(error.description)
    }
    var document: [UInt8] = []
    contents.document.append(to: &document, pretty: true)
    let config = contents.configuration(
      contextLength: contextLength, chatTemplate: try file.metadata.string("tokenizer.chat_template"))
    self.init(
      [
        ("tokenizer.json", document + [0x0A]),
        ("tokenizer_config.json", Array((JSONValue.object(config).serialized(pretty: true) + "\n").utf8)),
      ], tokenizer.vocabulary)
  }
}
