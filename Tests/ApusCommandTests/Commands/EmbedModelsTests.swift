// Models that are not what a command wants, and folders with something missing or wrong: each message names the file,
// the key and what to do.

import ApusBasics
import ApusFiles
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct EmbedModelsTests {
  let scratch: EmbedScratch

  init() throws { scratch = try EmbedScratch() }

  // MARK: The wrong kind

  @Test func aGenerativeModelSaysWhatItIsAndDoes() throws {
    let llama = try scratch.model(ModelFixture("llama").file())
    for words in [
      ["embed", llama, "a"], ["similarity", llama, "a", "b"], ["search", llama, scratch.path, "a"],
    ] {
      runEmbed(words).expectFailure(
        1, ["\(llama) is a generative model (llama)", "apus run", "--pooling mean or last"])
    }
    #expect(try runEmbed(["embed", llama, "a", "--pooling", "mean"]).embeddings().count == 1)
    runEmbed(["rerank", llama, "q", "a"]).expectFailure(1, [llama, "no head that scores pairs"])
  }

  @Test(arguments: ["run", "chat"])
  func anEmbeddingModelContinuesNoText(_ command: String) throws {
    for name in ["bert-mean", "gemma-embedding", "bert-reranker"] {
      let file = try scratch.model(EmbeddingFixture(name).file())
      runEmbed([command, file]).expectFailure(
        1, [file, "was made for vectors and cannot continue texts", "apus embed"])
    }
    let folder = try scratch.model()
    runEmbed([command, folder]).expectFailure(
      1, ["\(folder): the model (bert) was made for vectors", "apus embed"])
  }

  @Test func rerankersAndEmbeddingModelsAreNotMixedUp() throws {
    for model in [
      try scratch.model("bert-reranker"), try scratch.model("xlm-reranker"),
      try scratch.model(EmbeddingFixture("bert-reranker").file()),
    ] {
      runEmbed(["embed", model, "a"]).expectFailure(1, ["\(model) is a reranker", "apus rerank"])
    }
    for model in [try scratch.model(), try scratch.model(EmbeddingFixture("bert-mean").file())] {
      runEmbed(["rerank", model, "q", "a"]).expectFailure(1, [model, "apus embed", "cross-encoder"])
    }
  }

  @Test func aModelThatIsNotThereIsNamed() throws {
    for command in [["embed"], ["similarity", "-m"], ["bench", "embeddings"]] {
      runEmbed(command + ["nowhere.gguf", "a", "b"].prefix(command == ["bench", "embeddings"] ? 1 : 3))
        .expectFailure(1, ["nowhere.gguf: cannot open"])
    }
    let text = try scratch.write("text.txt", "hello")
    runEmbed(["embed", text, "a"]).expectFailure(1, [text])
  }

  // MARK: Folders

  /// What happens to a folder, and what the message names; DIR stands for the folder.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let parts: [String]
    let edit: @Sendable (String) throws -> Void

    init(_ name: String, _ parts: [String], _ edit: @escaping @Sendable (String) throws -> Void) {
      testDescription = name
      self.parts = parts
      self.edit = edit
    }

    static func remove(_ file: String, _ parts: [String]) -> Damage {
      Damage("without \(file)", parts) { try FileManager.default.removeItem(atPath: "\($0)/\(file)") }
    }

    static func replace(_ file: String, _ old: String, _ new: String, _ parts: [String]) -> Damage {
      Damage("\(new.prefix(40)) in \(file)", parts) { folder in
        let text = String(decoding: try #require(readFile("\(folder)/\(file)")), as: UTF8.self)
        try #require(text.contains(old))
        try Data(text.replacing(old, with: new).utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
      }
    }

    static func write(_ file: String, _ text: String, _ parts: [String]) -> Damage {
      Damage("\(file) is \(text)", parts) {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\($0)/\(file)"))
      }
    }

    static func cut(_ file: String, to count: Int, _ parts: [String]) -> Damage {
      Damage("\(file) cut to \(count) bytes", parts) { folder in
        let bytes = try #require(readFile("\(folder)/\(file)"))
        try Data(bytes.prefix(count)).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
      }
    }
  }

  static let damages: [Damage] = [
    .remove("config.json", ["DIR: has no config.json"]),
    .remove("tokenizer.json", ["DIR: has no tokenizer.json"]),
    .remove("model.safetensors", ["DIR: has no model.safetensors"]),
    .remove("1_Pooling/config.json", ["DIR/1_Pooling: has no config.json"]),
    Damage("pytorch_model.bin only", ["DIR", "pytorch_model.bin, a pickle", "safetensors"]) { folder in
      try FileManager.default.moveItem(
        atPath: "\(folder)/model.safetensors", toPath: "\(folder)/pytorch_model.bin")
    },
    .write("config.json", "[]", ["DIR/config.json: ", "an object"]),
    .write("config.json", "", ["DIR/config.json: line 1"]),
    .write("config.json", "{\"model_type\": \"bert\",\n \"x\": }", ["DIR/config.json: line 2, column 7"]),
    .write("config.json", "{}", ["DIR/config.json: \"model_type\""]),
    .replace(
      "config.json", "\"model_type\": \"bert\"", "\"model_type\": 7", ["DIR/config.json: \"model_type\""]),
    .replace(
      "config.json", "\"model_type\": \"bert\"", "\"model_type\": \"zebra\"",
      ["DIR/config.json: \"model_type\" is \"zebra\"", "known: bert"]),
    .replace(
      "config.json", "\"hidden_size\": 64", "\"hidden_size\": \"64\"",
      ["DIR/config.json: \"hidden_size\" is the text \"64\"; expected a whole number"]),
    .replace(
      "config.json", "\"hidden_size\": 64", "\"hidden_size\": [64]",
      ["DIR/config.json: \"hidden_size\" is [64]"]),
    .replace(
      "config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5",
      ["DIR/config.json: \"num_attention_heads\" is 5"]),
    .replace(
      "config.json", "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1e9",
      ["DIR/config.json: \"num_hidden_layers\""]),
    .replace("config.json", "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4", ["DIR: ", "missing"]),
    .replace(
      "config.json", "\"max_position_embeddings\": 128", "\"max_position_embeddings\": null",
      ["DIR/config.json: \"max_position_embeddings\" is missing"]),
    .replace(
      "config.json", "\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": -1",
      ["DIR/config.json: \"layer_norm_eps\" is -1"]),
    .cut("model.safetensors", to: 100_000, ["DIR/model.safetensors: ", "truncated"]),
    .cut("tokenizer.json", to: 1000, ["DIR/tokenizer.json: line "]),
    .write("tokenizer.json", "{}", ["DIR/tokenizer.json: model"]),
    .write("modules.json", "{}", ["DIR/modules.json: ", "an array"]),
    .replace(
      "sentence_bert_config.json", "128", "\"long\"",
      ["DIR/sentence_bert_config.json: \"max_seq_length\""]),
    .replace(
      "1_Pooling/config.json", "\"pooling_mode_cls_token\": false", "\"pooling_mode_cls_token\": true",
      ["DIR/1_Pooling/config.json: pooling by "]),
    Damage("a larger tokenizer", ["DIR: the tokenizer has 720 tokens", "rows for 320"]) { folder in
      let path = "\(folder)/tokenizer.json"
      let text = String(decoding: try #require(readFile(path)), as: UTF8.self)
      let more = (320..<720).map { "\"more\($0)\": \($0)" }.joined(separator: ", ")
      let start = try #require(text.range(of: "\"vocab\":"))
      let brace = try #require(text.range(of: "{", range: start.upperBound..<text.endIndex))
      let edited = text.replacingCharacters(in: brace, with: "{\(more), ")
      try Data(edited.utf8).write(to: URL(fileURLWithPath: path))
    },
  ]

  @Test(arguments: damages)
  func aDamagedFolderIsExplained(_ damage: Damage) throws {
    let folder = try scratch.model(edit: damage.edit)
    runEmbed(["embed", folder, "a"])
      .expectFailure(1, damage.parts.map { $0.replacing("DIR", with: folder) })
  }

  @Test func aShortNameIsStillNamed() throws {
    // The name also occurs in the message ("expected").
    let folder = try scratch.model { folder in
      let text = String(decoding: try #require(readFile("\(folder)/config.json")), as: UTF8.self)
      let edited = text.replacing("\"vocab_size\"", with: "\"vocabulary\"").replacing("64", with: "\"64\"")
      try Data(edited.utf8).write(to: URL(fileURLWithPath: "\(folder)/config.json"))
    }
    let name = #expect(throws: CommandError.self) {
      try ModelFile.naming("x") { throw CommandError.failure("an expected thing") }
    }
    #expect(name == .failure("x: an expected thing"))
    runEmbed(["embed", folder, "a"]).expectFailure(1, ["\(folder)/config.json: "])
  }

  // MARK: Help

  @Test(arguments: ["embed", "similarity", "rerank", "search", "bench embeddings"])
  func helpIsPrinted(_ command: String) {
    let words = command.split(separator: " ").map(String.init)
    for words in [words + ["--help"], ["help"] + words] {
      let ending = runEmbed(words)
      #expect(ending.code == 0 && ending.errors == "")
      #expect(ending.output.hasPrefix("Usage: apus \(command) [OPTIONS]"))
      #expect(ending.output.contains("Examples:") && !ending.output.contains("be repeated (may be repeated)"))
      #expect(ending.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
  }

  @Test func benchMeasuresAndRefuses() throws {
    let model = try scratch.model()
    let ending = runEmbed(["bench", "embeddings", model, "--tokens", "4", "-r", "3", "--json"])
    #expect(ending.code == 0)
    let line = try #require(ending.output.split(separator: "\n").last)
    let result = try #require(try JSONValue(parsing: Array(line.utf8))["results"]?.array?.first)
    #expect(result["test"]?.string == "embed4" && result["samples"]?.array?.count == 3)
    runEmbed(["bench", "embeddings", model, "--tokens", "129", "-r", "1"])
      .expectFailure(1, ["129 tokens are more than the 128"])
    let file = try scratch.write("lines", "one\ntwo\n")
    #expect(runEmbed(["bench", "embeddings", model, "-f", file, "-r", "1"]).output.contains("texts"))
    let bad = try scratch.write("bad", [0x61, 0x0A, 0xFF])
    runEmbed(["bench", "embeddings", model, "-f", bad, "-r", "1"])
      .expectFailure(1, ["\(bad):2: is not UTF-8 at byte 0"])
    let empty = try scratch.write("empty", "")
    runEmbed(["bench", "embeddings", model, "-f", empty]).expectFailure(1, ["\(empty) has no lines"])
  }
}
