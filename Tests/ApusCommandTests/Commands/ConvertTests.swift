// `apus convert`: both directions on small models, and what is refused (F84).

import ApusBasics
import ApusFiles
import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct ConvertTests {
  private let scratch = ScratchDirectory()

  private func folder(_ name: String, type: TensorType = .f32) throws -> String {
    let path = scratch.file(name)
    try ModelFixture(name).writeFolder(at: path, type: type)
    return path
  }

  private func logits(_ model: String) throws -> [UInt8] {
    let out = scratch.file("logits.npy")
    let ending = runApplication(["logits", model, "--ids", "1,40,7,300,12", "--out", out, "-t", "1"])
    #expect(ending.code == 0, "\(ending.errors)")
    return try #require(readFile(out))
  }

  @Test(
    "a folder, its GGUF file and the folder of that give the same bits",
    arguments: ["llama", "qwen2", "gpt2", "phi3-long"])
  func around(_ name: String) throws {
    let input = try folder(name)
    let (file, back) = (scratch.file("model.gguf"), scratch.file("back"))
    let first = runApplication(["convert", input, file])
    #expect(first.code == 0, "\(first.errors)")
    #expect(first.output.hasPrefix("\(file): GGUF, ") && first.output.contains("matrices as F32"))
    let second = runApplication(["convert", file, back, "--json"])
    #expect(second.code == 0, "\(second.errors)")
    #expect(try document(second.output)["format"] as? String == "Hugging Face folder")
    let expected = try logits(input)
    #expect(try logits(file) == expected)
    #expect(try logits(back) == expected)
    let ids = runApplication(["tokenize", input, "--ids", "a text"]).output
    #expect(runApplication(["tokenize", file, "--ids", "a text"]).output == ids)
    #expect(runApplication(["tokenize", back, "--ids", "a text"]).output == ids)
    #expect(scratch.names == ["back", "logits.npy", "model.gguf", name].sorted())
  }

  @Test("texts are kept with the model; what the model decides they cannot be")
  func metadata() throws {
    let (input, file) = (try folder("llama"), scratch.file("model.gguf"))
    let kept = [
      "convert", input, file, "--metadata", "general.description=a = b", "--metadata", "general.name=Ape",
      "--metadata", "apus.recipe.seed=7",
    ]
    #expect(runApplication(kept).code == 0)
    let metadata = try GGUFFile.open(file).metadata
    #expect(try metadata.string("general.description") == "a = b")
    #expect(try metadata.string("general.name") == "Ape")
    #expect(try metadata.string("apus.recipe.seed") == "7")
    for (key, words) in [
      ("llama.block_count=9", "\"llama.block_count\" is decided by the model"),
      ("description=x", "is no KEY=TEXT"),
      ("general.x", "is no KEY=TEXT"), ("a b.c=x", "is no KEY=TEXT"),
    ] {
      let refused = runApplication(["convert", input, scratch.file("other.gguf"), "--metadata", key])
      #expect(refused.code != 0 && refused.errors.contains(words), "\(key): \(refused.errors)")
    }
    let back = runApplication(["convert", file, scratch.file("back"), "--metadata", "general.x=y"])
    #expect(back.code != 0 && back.errors.contains("a folder has no place for it"))
    #expect(scratch.names == ["llama", "model.gguf"])
  }

  @Test("weights keep their type, or take the one asked for")
  func types() throws {
    let input = try folder("gpt2", type: .bf16)
    let (file, small, back) = (scratch.file("model.gguf"), scratch.file("small.gguf"), scratch.file("back"))
    #expect(runApplication(["convert", input, file]).output.contains("as BF16"))
    #expect(try GGUFFile.open(file).tensor(named: "blk.0.ffn_up.weight")?.type == .bf16)
    #expect(try GGUFFile.open(file).tensor(named: "blk.0.attn_norm.weight")?.type == .f32)
    #expect(try logits(file) == logits(input))
    #expect(runApplication(["convert", input, small, "--type", "q8_0"]).code == 0)
    #expect(try GGUFFile.open(small).tensor(named: "blk.0.ffn_up.weight")?.type == .q8_0)
    // Of quantised weights nothing is lost.
    let ending = runApplication(["convert", small, back])
    #expect(ending.code == 0 && ending.errors.contains("become f32"))
    let refused = runApplication(["convert", small, scratch.file("no"), "--type", "q8_0"])
    #expect(refused.code == 1 && refused.errors.contains("only as F32, F16, BF16"))
    #expect(runApplication(["convert", small, scratch.file("no"), "--type", "q4_0"]).code == 2)
    #expect(!scratch.names.contains("no"))
  }

  @Test("F84: what exists stays unless asked for, the input always")
  func refusesWhatWouldDestroy() throws {
    let input = try folder("llama")
    let other = scratch.write("other.gguf", [1, 2, 3])
    let exists = runApplication(["convert", input, other])
    #expect(exists.code == 1 && exists.errors.contains("exists"))
    #expect(readFile(other) == [1, 2, 3])
    #expect(runApplication(["convert", input, other, "--force"]).code == 0)
    let weights = try #require(readFile(input + "/model.safetensors"))
    for target in [input, input + "/", input + "/model.safetensors", input + "/config.json"] {
      let ending = runApplication(["convert", input, target, "--force"])
      #expect(ending.code == 1 && ending.errors.contains("never overwritten"), "\(ending.errors)")
    }
    #expect(readFile(input + "/model.safetensors") == weights)
    let file = try #require(readFile(other))
    #expect(runApplication(["convert", other, other, "--force"]).errors.contains("is the input itself"))
    #expect(readFile(other) == file)
    // A folder with something in it is not written into; with --force only a model's files are replaced.
    let back = scratch.file("back")
    try makeDirectory(back)
    try writeFile(back + "/notes.txt", [7])
    #expect(runApplication(["convert", other, back]).code == 1)
    #expect(runApplication(["convert", other, back, "--force"]).code == 0)
    #expect(readFile(back + "/notes.txt") == [7])
    #expect(try logits(back) == logits(input))
    // A folder does not become a folder.
    try makeDirectory(scratch.file("empty"))
    #expect(
      runApplication(["convert", input, scratch.file("empty")]).errors.contains(
        "a folder becomes a GGUF file"))
  }

  @Test("what cannot be converted is named")
  func refused() throws {
    let input = try folder("llama")
    unlink(input + "/tokenizer.json")
    let missing = runApplication(["convert", input, scratch.file("a.gguf")])
    #expect(missing.code == 1 && missing.errors.contains("has no tokenizer.json"))
    try writeFile(
      input + "/tokenizer.json",
      Array(#"{"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1]]}}"#.utf8))
    let kind = runApplication(["convert", input, scratch.file("a.gguf")])
    #expect(kind.code == 1 && kind.errors.contains("kind Unigram"), "\(kind.errors)")
    let none = runApplication(["convert", scratch.file("nothing"), scratch.file("a.gguf")])
    #expect(none.code == 1)
    #expect(scratch.names == ["llama"])
  }

  @Test(
    "F84: a full disk and a kill leave nothing that looks like a model",
    .enabled(if: builtProgram != nil, "the built program is not beside the tests"))
  func processes() throws {
    let input = try folder("llama")
    let file = scratch.file("model.gguf")
    // A limit on the size of files is the nearest thing to a full disk that needs no privileges.
    let full = try shell(
      "cd '\(scratch.path)'; trap '' XFSZ; ulimit -f 100; \"$APUS\" convert llama model.gguf")
    #expect(full.code == 1 && full.errors.contains("model.gguf: cannot"), "\(full.errors)")
    #expect(scratch.names == ["llama"])
    #expect(runApplication(["convert", input, file]).code == 0)
    let folder = try shell(
      "cd '\(scratch.path)'; trap '' XFSZ; ulimit -f 100; \"$APUS\" convert model.gguf back")
    #expect(folder.code == 1 && scratch.names == ["llama", "model.gguf"], "\(folder.errors)")
    for delay in [0.0, 0.002, 0.005, 0.01, 0.02] {
      _ = try shell(
        "cd '\(scratch.path)'; \"$APUS\" convert model.gguf back & child=$!; sleep \(delay); kill -KILL $child; wait $child"
      )
      let isThere = scratch.names.contains("back")
      if isThere { #expect(try logits(scratch.file("back")) == logits(input)) }
      removeFolder(scratch.file("back"))
    }
    // What a killed process left goes with the next one.
    #expect(runApplication(["convert", file, scratch.file("back")]).code == 0)
    #expect(
      scratch.names == ["back", "llama", "logits.npy", "model.gguf"]
        || scratch.names == ["back", "llama", "model.gguf"])
  }
}
