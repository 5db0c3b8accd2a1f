// Commands on Hugging Face folders: what they say of one is what they say of the GGUF file with the same network.

import ApusFiles
import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct FolderCommandsTests {
  private let scratch = ScratchDirectory()

  /// The same network both ways.
  private func both(_ name: String) throws -> (folder: String, file: String) {
    let (folder, file) = (scratch.file(name), scratch.file(name + ".gguf"))
    try ModelFixture(name).writeFolder(at: folder)
    let ending = runApplication(["convert", folder, file])
    #expect(ending.code == 0, "\(ending.errors)")
    return (folder, file)
  }

  @Test(arguments: ["llama", "gpt2"])
  func textIsTheSame(_ name: String) throws {
    let (folder, file) = try both(name)
    for words in [["-p", "ab", "-n", "8", "--temp", "0"], ["-p", "x", "-n", "8", "--seed", "7", "--json"]] {
      let one = runApplication(["run", folder] + words)
      #expect(one.code == 0, "\(one.errors)")
      let other = runApplication(["run", file] + words)
      if words.contains("--json") {
        // The document is the last line, behind the text.
        func last(_ output: String) -> String { output.split(separator: "\n").last.map(String.init) ?? "" }
        #expect(
          try document(last(one.output))["text"] as? String == document(last(other.output))["text"] as? String
        )
      } else {
        #expect(one.output == other.output && !one.output.isEmpty)
      }
    }
  }

  @Test func tokensNeedATokenizerOnly() throws {
    let (folder, file) = try both("llama")
    unlink(folder + "/model.safetensors")
    unlink(folder + "/config.json")
    let ids = runApplication(["tokenize", folder, "--ids", "one text"])
    #expect(ids.code == 0 && ids.output == runApplication(["tokenize", file, "--ids", "one text"]).output)
    unlink(folder + "/tokenizer.json")
    #expect(runApplication(["tokenize", folder, "a"]).errors.contains("\(folder): has no tokenizer.json"))
    #expect(runApplication(["run", folder, "a"]).errors.contains("\(folder): has no config.json"))
  }

  @Test func inspectTellsOfAFolder() throws {
    let (folder, file) = try both("qwen3")
    let summary = runApplication(["inspect", folder, "--check", "-t", "1"])
    #expect(summary.code == 0, "\(summary.errors)")
    #expect(summary.output.contains("a Hugging Face folder") && summary.output.contains("3 layers, width 64"))
    #expect(summary.output.contains("weights are finite"))
    #expect(
      runApplication(["inspect", folder, "--tensors"]).output.contains(
        "model.layers.0.self_attn.q_norm.weight"))
    #expect(runApplication(["inspect", folder, "--metadata"]).output.contains("hidden_size"))
    let json = try document(runApplication(["inspect", folder, "--json"]).output)
    #expect(json["architecture"] as? String == "qwen3")
    #expect((json["metadata"] as? [String: Any])?["hidden_size"] as? Int == 64)
    #expect(
      json["parameters"] as? Int == (try GGUFFile.open(file).tensors.reduce(0) { $0 + $1.elementCount }))
    let graph = runApplication(["inspect", folder, "--graph"])
    #expect(graph.code == 0 && graph.output == runApplication(["inspect", file, "--graph"]).output)
    #expect(runApplication(["inspect", folder, "--template"]).errors.contains("chat_template.jinja"))
  }

  @Test func aFolderThatDoesNotRunIsStillDescribed() throws {
    let folder = scratch.file("other")
    try ModelFixture("llama").writeFolder(at: folder) { $0["model_type"] = .string("mamba") }
    let summary = runApplication(["inspect", folder])
    #expect(summary.code == 0 && (summary.output + summary.errors).contains("mamba"))
    let run = runApplication(["run", folder, "a"])
    #expect(run.code == 1 && run.errors.contains("\"mamba\", which is not supported; known: bert"))
    #expect(run.errors.split(separator: "\n").count == 1)
  }
}
