// What `apus inspect` says of a file: in words, as tables, as JSON. Nothing here needs the file to be a model
// that Apus can run.

import ApusBasics
import ApusFiles
import ApusModels
import ApusTensor
import ApusText

/// A file or a folder to be described.
struct ModelReport {
  let files: InspectedFiles
  let tokenizer: (any Tokenizer)?
  /// Why there is no tokenizer, if the file means to have one.
  let tokenizerProblem: String?

  init(_ files: InspectedFiles) {
    self.files = files
    switch files.tokenizer {
    case .success(let tokenizer): (self.tokenizer, tokenizerProblem) = (tokenizer, nil)
    case .failure(let error):
      (tokenizer, tokenizerProblem) = (nil, (error as? any ApusError)?.description ?? "\(error)")
    case nil: (tokenizer, tokenizerProblem) = (nil, nil)
    }
  }

  // MARK: In words

  func summary(_ console: Console) throws(CommandError) {
    var sheet = Sheet()
    sheet.add("File", "\(files.name), \(sizeText(files.byteCount)), \(files.format)")
    sheet.add("Name", files.modelName.map { visible($0) } ?? "")
    sheet.add("Architecture", files.architecture.map { visible($0) } ?? "not said")
    sheet.add("Problem", files.problem ?? "")
    sheet.add("Sizes", sizes)
    sheet.add("License", files.license.map { visible($0) } ?? "")
    let count = files.parameterCount
    sheet.add("Weights", count == 0 ? "none" : "\(countText(count)) in \(files.tensors.count) tensors")
    sheet.add("Types", types)
    sheet.add("Tokenizer", tokenizerText)
    sheet.add("Special", specialTokens)
    sheet.add(
      "Chat template",
      files.chatTemplate.map { "\(countText($0.utf8.count)) bytes; --template prints it" } ?? "none")
    sheet.add("Metadata", "\(files.metadata.count) keys; --metadata lists them")
    for line in sheet.lines(width: console.width) { try console.foreign(oneLine(line) + "\n") }
  }

  private var sizes: String {
    var parts: [String] = []
    if let layers = files.number("block_count") { parts.append("\(layers) layers") }
    if let width = files.number("embedding_length") { parts.append("width \(width)") }
    if let heads = files.number("attention.head_count") {
      parts.append(
        "\(heads) heads"
          + (files.number("attention.head_count_kv").map { " sharing \($0) of keys and values" } ?? ""))
    }
    if let inner = files.number("feed_forward_length") { parts.append("inner width \(inner)") }
    if let context = files.number("context_length") { parts.append("context \(countText(context))") }
    return parts.joined(separator: ", ")
  }

  /// The types by the bytes they take, largest first.
  private var types: String {
    var counts: [String: (tensors: Int, bytes: Int)] = [:]
    for tensor in files.tensors {
      counts[tensor.type, default: (0, 0)].tensors += 1
      counts[tensor.type, default: (0, 0)].bytes += tensor.byteCount
    }
    return counts.sorted { ($0.value.bytes, $0.key) > ($1.value.bytes, $1.key) }
      .map { "\($0.key) \(sizeText($0.value.bytes)) in \($0.value.tensors)" }.joined(separator: ", ")
  }

  private var tokenizerText: String {
    if let tokenizerProblem { return "cannot be used: \(tokenizerProblem)" }
    guard let tokenizer else { return "none" }
    let pre = tokenizer.preTokenizer.map { ", words cut as in \($0)" } ?? ""
    let ends = [tokenizer.addsBOS ? "begins with BOS" : nil, tokenizer.addsEOS ? "ends with EOS" : nil]
    return
      (["\(tokenizer.model)\(pre)", "\(countText(tokenizer.vocabulary.count)) tokens"]
      + ends.compactMap { $0 })
      .joined(separator: ", ")
  }

  private var namedTokens: [(name: String, id: Int32)] {
    guard let special = tokenizer?.vocabulary.special else { return [] }
    let all: [(String, Int32?)] = [
      ("BOS", special.bos), ("EOS", special.eos), ("EOT", special.eot), ("EOM", special.eom),
      ("UNK", special.unk),
      ("SEP", special.sep), ("PAD", special.pad), ("MASK", special.mask), ("CLS", special.cls),
    ]
    return all.compactMap { name, id in id.map { (name, $0) } }
  }

  private var specialTokens: String {
    guard let vocabulary = tokenizer?.vocabulary else { return "" }
    return namedTokens.map { "\($0.name) \($0.id) \(visible(vocabulary.piece($0.id)))" }.joined(
      separator: ", ")
  }

  // MARK: As tables

  func metadata(_ console: Console) throws(CommandError) {
    var table = Table([("Key", .left), ("Type", .left), ("Value", .left)])
    for entry in files.metadata { table.append([visible(entry.key), entry.type, entry.value]) }
    for line in table.lines() { try console.foreign(line + "\n") }
  }

  func tensors(_ console: Console) throws(CommandError) {
    var table = Table([
      ("Tensor", .left), ("Type", .left), ("Shape", .left), ("Size", .right), ("Offset", .right),
    ])
    for tensor in files.tensors {
      table.append([
        visible(tensor.name), tensor.type, tensor.shape.map(String.init).joined(separator: " × "),
        sizeText(tensor.byteCount), String(tensor.offset),
      ])
    }
    for line in table.lines() { try console.foreign(line + "\n") }
  }

  // MARK: As JSON

  func document(faults: [WeightFault]?) -> JSONValue {
    .members(
      [("file", .string(files.name)), ("bytes", .integer(files.byteCount))] + files.document + [
        ("name", .optional(files.modelName) { .string($0) }),
        ("architecture", .optional(files.architecture) { .string($0) }),
        ("parameters", .integer(files.parameterCount)),
        ("tokenizer", tokenizerDocument),
        ("chatTemplate", .optional(files.chatTemplate) { .string($0) }),
        ("warnings", .array(files.warnings.map { .string($0) })),
        ("metadata", files.metadataDocument),
        (
          "tensors",
          .array(
            files.tensors.map { tensor in
              .members([
                ("name", .string(tensor.name)), ("type", .string(tensor.type)),
                ("shape", .array(tensor.shape.map { .integer($0) })),
                ("bytes", .integer(tensor.byteCount)),
                ("offset", .integer(tensor.offset)),
              ])
            })
        ),
        (
          "faults",
          .optional(faults) { faults in
            .array(
              faults.map {
                .members([
                  ("tensor", .string($0.tensor)), ("index", .integer($0.index)),
                  ("problem", .string($0.problem)),
                ])
              })
          }
        ),
      ])
  }

  private var tokenizerDocument: JSONValue {
    if let tokenizerProblem { return .members([("problem", .string(tokenizerProblem))]) }
    guard let tokenizer else { return .null }
    return .members(
      [
        ("model", .string(tokenizer.model)),
        ("preTokenizer", .optional(tokenizer.preTokenizer) { .string($0) }),
        ("tokens", .integer(tokenizer.vocabulary.count)),
        ("addsBOS", .bool(tokenizer.addsBOS)), ("addsEOS", .bool(tokenizer.addsEOS)),
      ] + namedTokens.map { ($0.name.lowercased(), .integer(Int($0.id))) })
  }
}
