// `apus merge` and `--lora`: adapters beside a model and in it, files and folders, and what is refused.

import ApusFiles
import ApusModels
import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct MergeTests {
  private let scratch = ScratchDirectory()

  /// The logits that a model makes with these options.
  private func logits(_ model: String, _ options: [String] = []) throws -> [Float] {
    let out = scratch.file("logits.npy")
    let ending = runApplication(
      ["logits", model, "--ids", "1,40,7,300,12", "--out", out, "-t", "1", "--cache-type", "f32"] + options)
    #expect(ending.code == 0, "\(ending.errors)")
    let bytes = try #require(readFile(out))
    // The header is a multiple of 64 bytes; five rows of 320 floats end the file.
    return bytes.suffix(5 * 320 * 4).withUnsafeBytes { raw in
      (0..<5 * 320).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  private func difference(_ own: [Float], _ expected: [Float]) -> Float {
    zip(own, expected).map { abs($0 - $1) }.max()! / expected.map(abs).max()!
  }

  @Test("a folder and a file, with the adapter beside and in it", arguments: AdapterFixture.names)
  func merged(_ name: String) throws {
    let fixture = try AdapterFixture(name)
    let folder = scratch.file("folder")
    try fixture.network.writeFolder(at: folder)
    let file = scratch.file("file.gguf")
    try writeFile(file, fixture.network.fileBytes())
    let expected = try logits(file, ["--lora", fixture.path])
    #expect(try logits(folder, ["--lora", fixture.path]) == expected)
    #expect(
      try logits(file, ["--lora", fixture.path + "=0.25", "--lora", fixture.path + "=0.75"]) != expected)
    for input in [file, folder] {
      let output = scratch.file("merged-" + input.split(separator: "/").last!)
      let ending = runApplication(["merge", input, fixture.path, "-o", output, "-t", "1"])
      #expect(ending.code == 0, "\(ending.errors)")
      #expect(ending.output.contains("\(name == "llama" ? 21 : 6) of the weights are changed"))
      #expect(difference(try logits(output), expected) <= 2e-5)
      let again = runApplication(["merge", input, fixture.path, "-o", output, "-t", "1"])
      #expect(again.code == 1 && again.errors.contains("exists"), "\(again.errors)")
    }
    let half = scratch.file("half.gguf")
    #expect(runApplication(["merge", file, fixture.path + "=0.5", "-o", half]).code == 0)
    #expect(difference(try logits(half), try logits(file, ["--lora", fixture.path + "=0.5"])) <= 2e-5)
    let small = scratch.file("small.gguf")
    let ending = runApplication(["merge", file, fixture.path, "-o", small, "--type", "Q8_0", "--json"])
    #expect(ending.code == 0, "\(ending.errors)")
    #expect(try GGUFFile.open(small).tensor(named: "blk.0.attn_output.weight")?.type == .q8_0)
    #expect(difference(try logits(small), expected) <= 0.1)
  }

  @Test("what is refused, in one line")
  func refused() throws {
    let fixture = try AdapterFixture("llama")
    let (file, other) = (scratch.file("file.gguf"), scratch.file("other.gguf"))
    try writeFile(file, fixture.network.fileBytes())
    try writeFile(other, ModelFixture("gpt2").fileBytes())
    let output = scratch.file("merged.gguf")
    func expect(_ code: Int32, _ message: String, _ words: [String]) {
      let ending = runApplication(words)
      #expect(
        ending.code == code && ending.errors.contains(message), "\(words): \(ending.code), \(ending.errors)")
      #expect(readFile(output) == nil)
    }
    expect(2, "no output", ["merge", file, fixture.path])
    expect(2, "none of", ["merge", file, fixture.path, "-o", output, "--type", "Q9"])
    expect(1, "made for another model", ["merge", other, fixture.path, "-o", output])
    expect(1, "is no adapter's file", ["merge", file, other, "-o", output])
    expect(1, "never overwritten", ["merge", file, fixture.path, "-o", file])
    // A copy: were it overwritten, other tests would miss it.
    let adapter = scratch.file("adapter.gguf")
    let lora = try LowRankAdapter(fixture.path, for: ModelFiles(file).network())
    try lora.writeGGUF(adapter, for: ModelFiles(file).network(), replacing: true)
    let before = readFile(adapter)
    expect(1, "never overwritten", ["merge", file, adapter, "-o", adapter, "--force"])
    expect(
      1, "never overwritten", ["merge", file, fixture.path, "--lora", adapter, "-o", adapter, "--force"])
    #expect(before != nil && readFile(adapter) == before)
    // Each is told with its own name, and what it is.
    expect(1, "apus run: nowhere.gguf: cannot open", ["run", file, "x", "--lora", "nowhere.gguf"])
    for words in [
      ["run", adapter, "x"], ["run", fixture.path, "x"], ["merge", adapter, adapter, "-o", output],
    ] {
      expect(1, "is an adapter, which changes a model", words)
    }
    expect(2, "not finite", ["merge", file, fixture.path + "=inf", "-o", output])
    expect(1, "made for another model", ["run", other, "x", "--lora", fixture.path])
    expect(1, "nowhere.gguf", ["run", file, "x", "--lora", "nowhere.gguf"])
    expect(2, "not finite", ["run", file, "x", "--lora", fixture.path + "=nan"])
  }
}
