// `apus quantize`: the command around `quantizeFile`, which has its own tests.

import ApusFiles
import ApusTensor
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct QuantizeTests {
  private let folder = ScratchDirectory()

  @Test func convertsMatricesAndKeepsVectors() throws {
    let input = folder.write("in.gguf", tinyWeights())
    let output = folder.file("out.gguf")
    let ending = runApplication(["quantize", input, output, "q8_0", "-t", "1"])
    #expect(ending.code == 0)
    #expect(ending.output == "\(output): 2 tensors as Q8_0, 1 kept; 2.30 kB became 800 B\n")
    let file = try GGUFFile.open(output)
    #expect(file.tensor(named: "output.weight")?.type == .q8_0)
    #expect(file.tensor(named: "output_norm.weight")?.type == .f32)
    let json = try document(
      runApplication(["quantize", input, output, "Q4_0", "--force", "--json", "-v"]).output)
    #expect(json["converted"] as? Int == 2)
    #expect(json["type"] as? String == "Q4_0")
  }

  @Test func refusesWhatWouldDestroy() {
    let input = folder.write("in.gguf", tinyWeights())
    let other = folder.write("other.gguf", [1, 2, 3])
    let exists = runApplication(["quantize", input, other, "Q8_0"])
    #expect(exists.code == 1 && exists.errors.contains("exists"))
    #expect(readFile(other) == [1, 2, 3])
    let itself = runApplication(["quantize", input, input, "Q8_0", "--force"])
    #expect(itself.code == 1)
    #expect(readFile(input) == tinyWeights())
    #expect(folder.names == ["in.gguf", "other.gguf"])
  }

  @Test func namesTheTypesItKnows() {
    let input = folder.write("in.gguf", tinyWeights())
    let unknown = runApplication(["quantize", input, folder.file("out"), "Q8_1"])
    #expect(unknown.code == 2)
    #expect(unknown.errors.contains("'Q8_1' is none of") && unknown.errors.contains("did you mean 'Q"))
    // Readable, but not writable.
    #expect(runApplication(["quantize", input, folder.file("out"), "Q4_K"]).code == 2)
    #expect(runApplication(["quantize", input, folder.file("out")]).errors.contains("TYPE is missing"))
    #expect(folder.names == ["in.gguf"])
  }

  @Test func aBrokenWeightLeavesNothingBehind() {
    let input = folder.write("in.gguf", tinyWeights(broken: true))
    let ending = runApplication(["quantize", input, folder.file("out.gguf"), "Q8_0"])
    #expect(ending.code == 1 && ending.errors.contains("token_embd.weight") && ending.errors.contains("70"))
    #expect(folder.names == ["in.gguf"])
  }
}
