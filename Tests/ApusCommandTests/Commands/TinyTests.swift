// `apus tiny`, and that what it writes can be used by the other commands.

import ApusFiles
import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct TinyTests {
  private let folder = ScratchDirectory()

  @Test func theSeedDecidesTheFile() throws {
    let paths = ["a", "b", "c"].map(folder.file)
    for (path, seed) in zip(paths, ["1", "1", "2"]) {
      #expect(runApplication(["tiny", path, "--seed", seed]).code == 0)
    }
    #expect(readFile(paths[0]) == readFile(paths[1]))
    #expect(readFile(paths[0]) != readFile(paths[2]))
    #expect(try GGUFFile.open(paths[0]).checkWeights().isEmpty)
  }

  @Test func anExistingFileIsKept() {
    let path = folder.write("kept", [1])
    #expect(runApplication(["tiny", path]).code == 1)
    #expect(readFile(path) == [1])
    #expect(runApplication(["tiny", path, "--force"]).code == 0)
  }

  @Test func theModelRuns() {
    let path = folder.file("tiny.gguf")
    #expect(runApplication(["tiny", path]).code == 0)
    let words = ["run", path, "-p", "Once upon a time", "-n", "8", "--temp", "0", "-t", "1", "-c", "64"]
    let first = runApplication(words)
    #expect(first.code == 0)
    // Only whole words and punctuation have a voice in its output matrix.
    #expect(first.output.count > 1 && first.output.allSatisfy { $0.isLetter || " .,\n".contains($0) })
    #expect(runApplication(words).output == first.output)
  }
}
