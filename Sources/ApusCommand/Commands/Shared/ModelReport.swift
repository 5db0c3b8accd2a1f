// What `apus inspect` says of a file: in words, as tables, as JSON. Nothing here needs the file to be a model
// that Apus can run.

import ApusBasics
import ApusFiles
import ApusModels
import ApusTensor
import ApusText

/// A file to be described.
struct ModelReport {
  let file: GGUFFile
  let chatTemplate: String?
  let tokenizer: (any Tokenizer)?
  /// Why there is no tokenizer, if the file means to have one.
  let tokenizerProblem: String?
  /// Weights in all tensors.
  let parameterCount: Int

  init(_ file: GGUFFile) {
    self.file = file
    parameterCount = file.tensors.reduce(0) { $0 + $1.elementCount }
    chatTemplate = file.metadata["tokenizer.chat_template"]?.string
    var tokenizer: (any Tokenizer)?
    var problem: String?
    if file.metadata["tokenizer.ggml.model"] != nil {
      do {
        tokenizer = try makeTokenizer(from: file)
      } catch {
        problem = (error as? any ApusError)?.description ?? "\(error)"
      }
    }
    self.tokenizer = tokenizer
    tokenizerProblem = problem
  }

  // MARK: In words

  func summary(_ console: Console) throws(CommandError) {
    var sheet = Sheet()
    sheet.add("File", "\(file.name), \(sizeText(file.byteCount)), GGUF version \(file.version)")
    sheet.add("Name", text("general.name") ?? "")
    let architecture = text("general.architecture")
    sheet.add("Architecture", architecture ?? "not said")
    if let architecture { sheet.add("Sizes", sizes(architecture)) }
    sheet.add("License", text("general.license") ?? "")
    sheet.add(
      "Weights",
      parameterCount == 0 ? "none" : "\(countText(parameterCount)) in \(file.tensors.count) tensors")
    sheet.add("Types", types)
    sheet.add("Tokenizer", tokenizerText)
    sheet.add("Special", specialTokens)
    sheet.add(
      "Chat template",
      chatTemplate.map { "\(countText($0.utf8.count)) bytes; --template prints it" } ?? "none")
    sheet.add("Metadata", "\(file.metadata.count) keys; --metadata lists them")
    for line in sheet.lines(width: console.width) { try console.foreign(oneLine(line) + "\n") }
  }

  private func text(_ key: String) -> String? {
    file.metadata[key]?.string.map { visible($0) }
  }

  private func sizes(_ architecture: String) -> String {
    func number(_ key: String) -> Int? { file.metadata["\(architecture).\(key)"]?.int }
    var parts: [String] = []
    if let layers = number("block_count") { parts.append("\(layers) layers") }
    if let width = number("embedding_length") { parts.append("width \(width)") }
    if let heads = number("attention.head_count") {
      parts.append(
        "\(heads) heads"
          + (number("attention.head_count_kv").map { " sharing \($0) of keys and values" } ?? ""))
    }
    if let inner = number("feed_forward_length") { parts.append("inner width \(inner)") }
    if let context = number("context_length") { parts.append("context \(countText(context))") }
    return parts.joined(separator: ", ")
  }

  /// The types by the bytes they take, largest first.
  private var types: String {
    var counts: [TensorType: (tensors: Int, bytes: Int)] = [:]
    for tensor in file.tensors {
      counts[tensor.type, default: (0, 0)].tensors += 1
      counts[tensor.type, default: (0, 0)].bytes += tensor.byteCount
    }
    return counts.sorted { ($0.value.bytes, $0.key.name) > ($1.value.bytes, $1.key.name) }
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
    for key in file.metadata.keys {
      guard let value = file.metadata[key] else { continue }
      table.append([visible(key), value.kindText, Self.short(value)])
    }
    for line in table.lines() { try console.foreign(line + "\n") }
  }

  func tensors(_ console: Console) throws(CommandError) {
    var table = Table([
      ("Tensor", .left), ("Type", .left), ("Shape", .left), ("Size", .right), ("Offset", .right),
    ])
    for tensor in file.tensors {
      table.append([
        visible(tensor.name), tensor.type.name, tensor.dimensions.map(String.init).joined(separator: " × "),
        sizeText(tensor.byteCount), String(tensor.offset),
      ])
    }
    for line in table.lines() { try console.foreign(line + "\n") }
  }

  /// A value in a few words; of an array its count and its first elements.
  private static func short(_ value: GGUFValue) -> String {
    if let string = value.string { return visible(string) }
    guard let array = value.array else { return scalar(value).serialized() }
    let shown = (0..<min(array.count, 4)).map { index in
      let element = array[index]
      return element.string.map { "\"\(visible($0, limit: 20))\"" }
        ?? (element.array == nil ? scalar(element).serialized() : "[…]")
    }
    return "\(countText(array.count)): [" + (shown + (array.count > 4 ? ["…"] : [])).joined(separator: ", ")
      + "]"
  }

  // MARK: As JSON

  func document(faults: [WeightFault]?) -> JSONValue {
    let metadata = file.metadata.keys.map { key in
      (key, file.metadata[key].map { Self.json($0) } ?? .null)
    }
    return .members([
      ("file", .string(file.name)),
      ("bytes", .integer(file.byteCount)),
      ("version", .integer(file.version)),
      ("alignment", .integer(file.alignment)),
      ("name", .optional(file.metadata["general.name"]?.string) { .string($0) }),
      ("architecture", .optional(file.metadata["general.architecture"]?.string) { .string($0) }),
      ("parameters", .integer(parameterCount)),
      ("tokenizer", tokenizerDocument),
      ("chatTemplate", .optional(chatTemplate) { .string($0) }),
      ("warnings", .array(file.warnings.map { .string($0) })),
      ("metadata", .members(metadata)),
      (
        "tensors",
        .array(
          file.tensors.map { tensor in
            .members([
              ("name", .string(tensor.name)), ("type", .string(tensor.type.name)),
              ("shape", .array(tensor.dimensions.map { .integer($0) })),
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

  /// Long arrays (vocabularies) are told by their type and count; nobody reads them here.
  private static func json(_ value: GGUFValue) -> JSONValue {
    guard let array = value.array else { return scalar(value) }
    guard array.count <= 64 else {
      return .members([("type", .string("\(array.elementType)")), ("count", .integer(array.count))])
    }
    return .array((0..<array.count).map { json(array[$0]) })
  }

  private static func scalar(_ value: GGUFValue) -> JSONValue {
    if let string = value.string { return .string(string) }
    if let bool = value.bool { return .bool(bool) }
    if let number = value.float {
      // 1e-05 as a float is 9.999999747378752e-06 as a double: the shorter text is what was meant.
      return .double(value.type == .float32 ? Double("\(Float(number))") ?? number : number)
    }
    if let number = value.int { return .integer(number) }
    // What is left is a uint64 above Int.max.
    return .string("more than \(Int.max)")
  }
}
