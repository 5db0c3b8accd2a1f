// How fast the tokenizers are, on real vocabularies and a real text. The figures are printed, not judged: machines
// differ. Run with `swift test -c release -Xswiftc -enable-testing --filter TokenizerSpeed`.

import ApusTestSupport
import Testing

@testable import ApusText

#if DEBUG
  private let isOptimised = false
#else
  private let isOptimised = true
#endif

@Suite(
  .serialized,
  .enabled(if: isOptimised, "times mean something in release builds only"),
  .enabled(
    if: SharedData.has("vocab/ggml-vocab-gpt-2.gguf") && SharedData.has("text/tinyshakespeare.txt"),
    SharedData.reason))
struct TokenizerSpeedTests {
  @Test(arguments: ["gpt-2", "llama-bpe", "llama-spm", "qwen2", "bert-bge"])
  func speed(_ name: String) throws {
    let path = SharedData.path("vocab/ggml-vocab-\(name).gguf")
    let once = try #require(readFile(SharedData.path("text/tinyshakespeare.txt")))
    var text: [UInt8] = []
    let size = 5_000_000
    while text.count < size { text += once }
    text = Array(text[..<size])

    let clock = ContinuousClock()
    var tokenizer: (any Tokenizer)?
    let load = try clock.measure { tokenizer = try ApusTextTests.tokenizer(fromGGUF: path) }
    let reload = try clock.measure { tokenizer = try ApusTextTests.tokenizer(fromGGUF: path) }
    let made = try #require(tokenizer)
    var ids: [Int32] = []
    let encode = try clock.measure { ids = try made.encode(text, addSpecial: false) }
    var back: [UInt8] = []
    let decode = clock.measure { back = made.decode(ids) }
    var unique: [Int32] = []
    let cold = try clock.measure {
      unique = try made.encode(Array(once[..<min(100_000, once.count)]), addSpecial: false)
    }
    if made.model != "bert" { #expect(back == text) }
    #expect(!unique.isEmpty)
    func rate(_ duration: Duration, _ count: Int) -> String {
      let tenths = Int(Double(count) / (duration / .seconds(1)) / 1e5)
      return "\(tenths / 10).\(tenths % 10) MB/s"
    }
    print(
      "\(name): load \(load) again \(reload), encode \(rate(encode, size)), first 100 kB \(rate(cold, 100_000)), "
        + "decode \(rate(decode, size)), \(ids.count) tokens")
  }
}
