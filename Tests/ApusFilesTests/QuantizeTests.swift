// `apus quantize` without the command: what is converted, what is kept, what is refused (FAULTS.md F84, F17).

import ApusFiles
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What quantising throws, or nil.
private func refusal(_ input: String, _ output: String, _ type: TensorType = .q8_0, force: Bool = false)
  -> String?
{
  do throws(GGUFError) {
    _ = try quantizeFile(from: input, to: output, type: type, force: force)
    return nil
  } catch {
    return error.description
  }
}

/// Weights from a seed.
private func weights(_ count: Int, seed: UInt64) -> [Float] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
  }
}

@Suite struct QuantizeTests {
  let scratch = ScratchDirectory()

  /// A model with everything the rules speak of; `matrix` is 96 columns, more rows than one unit of work.
  private func model() -> TinyGGUF {
    var tiny = TinyGGUF()
    tiny.header.set("general.architecture", .string("llama"))
    tiny.header.set("general.file_type", .scalar(UInt32(0)))
    tiny.header.set("tokenizer.ggml.tokens", .strings(["a", "b"]))
    tiny.header.set("split.count", .scalar(UInt16(1)))
    tiny.add("blk.0.attn_q.weight", [96, 400], weights(96 * 400, seed: 1))
    tiny.add("blk.0.ffn_up_exps.weight", [32, 4, 3], weights(384, seed: 2))
    tiny.add("blk.0.odd.weight", [33, 2], weights(66, seed: 3))
    tiny.add("blk.0.attn_norm.weight", [64], weights(64, seed: 4))
    tiny.add("blk.0.attn_q.bias", [32, 2], weights(64, seed: 5))
    tiny.add("blk.0.ffn_gate_inp.weight", [32, 2], weights(64, seed: 6))
    tiny.add("rope_freqs.weight", .f16, [2], [0, 0x3c, 0, 0x40])
    tiny.add("table", .i32, [32, 1], [UInt8](repeating: 1, count: 128))
    return tiny
  }

  @Test("Matrices are encoded, the rest keeps its precision", arguments: TensorType.all.filter(\.isEncodable))
  func converted(_ type: TensorType) throws {
    let input = scratch.write("in.gguf", model().bytes())
    let summary = try quantizeFile(from: input, to: scratch.file("out.gguf"), type: type)
    let (before, after) = (try GGUFFile.open(input), try GGUFFile.open(scratch.file("out.gguf")))
    let format = try #require(type.format as? any EncodableFormat.Type)
    for tensor in before.tensors {
      let result = try #require(after.tensor(named: tensor.name))
      #expect(result.dimensions == tensor.dimensions)
      let isMatrix = tensor.name.hasSuffix("_q.weight") || tensor.name.hasSuffix("exps.weight")
      let fits = tensor.name == "blk.0.odd.weight" && type.blockSize == 1
      if isMatrix || fits {
        #expect(result.type == type)
        var expected = [UInt8](repeating: 0, count: result.byteCount)
        expected.withUnsafeMutableBytes { output in
          before.bytes(of: tensor).withMemoryRebound(to: Float.self) { format.encode($0, into: output) }
        }
        #expect(expected == [UInt8](after.bytes(of: result)), "\(tensor.name)")
      } else if tensor.name == "rope_freqs.weight" {
        #expect(result.type == .f32)
        #expect(after.bytes(of: result).withMemoryRebound(to: Float.self) { Array($0) } == [1, 2])
      } else {
        #expect(result.type == tensor.type)
        #expect([UInt8](after.bytes(of: result)) == [UInt8](before.bytes(of: tensor)))
      }
    }
    #expect(try after.metadata.int("general.file_type") == Int(format.fileType))
    #expect(try after.metadata.int("general.quantization_version") == 2)
    #expect(try after.metadata.strings("tokenizer.ggml.tokens").map { Array($0) } == ["a", "b"])
    #expect(after.metadata["split.count"] == nil)
    #expect(summary.bytesBefore == before.tensors.reduce(0) { $0 + $1.byteCount })
    #expect(summary.bytesAfter == after.tensors.reduce(0) { $0 + $1.byteCount })
    #expect(summary.converted == after.tensors.count(where: { $0.type == type }))
    if type == .q4_0 {
      #expect(summary.left.map(\.tensor) == before.tensors.dropFirst(2).map(\.name))
      #expect(summary.left[0].reason == "its rows of 33 are no whole number of blocks of 32")
    }
  }

  @Test("Threads change nothing", arguments: [1, 2, 3])
  func threads(_ count: Int) throws {
    let input = scratch.write("in.gguf", model().bytes())
    _ = try quantizeFile(from: input, to: scratch.file("one.gguf"), type: .q5_1)
    let pool = try WorkerPool(count: count)
    _ = try quantizeFile(from: input, to: scratch.file("many.gguf"), type: .q5_1, pool: pool)
    #expect(readFile(scratch.file("one.gguf")) == readFile(scratch.file("many.gguf")))
  }

  @Test("From any type", arguments: TensorType.all.filter { $0.layout != nil })
  func fromAny(_ type: TensorType) throws {
    var tiny = TinyGGUF()
    let blocks = [UInt8](repeating: 0x21, count: 512 / type.blockSize * type.blockBytes)
    tiny.add("w.weight", type, [256, 2], blocks)
    let input = scratch.write("in.gguf", tiny.bytes())
    _ = try quantizeFile(from: input, to: scratch.file("out.gguf"), type: .f32)
    let file = try GGUFFile.open(scratch.file("out.gguf"))
    var expected = [Float](repeating: 0, count: 512)
    expected.withUnsafeMutableBufferPointer { values in
      blocks.withUnsafeBytes { type.decode($0, into: values) }
    }
    #expect(file.bytes(of: file.tensors[0]).withMemoryRebound(to: Float.self) { Array($0) } == expected)
  }

  @Test("F84: an existing output is refused without force")
  func exists() throws {
    let input = scratch.write("in.gguf", model().bytes())
    let output = scratch.write("out.gguf", [1])
    let message = refusal(input, output)
    #expect(message?.hasPrefix("\(output): exists;") == true, "\(message ?? "accepted")")
    #expect(readFile(output) == [1])
    #expect(refusal(input, output, force: true) == nil)
    #expect(try GGUFFile.open(output).tensors.count == 8)
  }

  @Test("F84: the input is never overwritten, by whatever name")
  func sameFile() throws {
    let input = scratch.write("in.gguf", model().bytes())
    let link = scratch.file("link.gguf")
    try #require(symlink(input, link) == 0)
    for output in [input, link] {
      #expect(
        refusal(input, output, force: true)
          == "\(output): is the input itself, which is never overwritten; choose another name")
    }
    #expect(readFile(input) == model().bytes())
  }

  @Test("A type that cannot be written")
  func unwritable() {
    #expect(
      refusal("in.gguf", "out.gguf", .q4_k)
        == "out.gguf: cannot be written as Q4_K, only as F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1")
  }

  @Test("F17: a weight that is no number is named, and nothing is left", arguments: [Float.nan, .infinity])
  func notFinite(_ value: Float) throws {
    for index in [0, 20_000, 38_399] {
      var tiny = TinyGGUF()
      var values = weights(38_400, seed: 9)
      values[index] = value
      tiny.add("fine.weight", [32, 2], weights(64, seed: 8))
      tiny.add("w.weight", [96, 400], values)
      let input = scratch.write("in.gguf", tiny.bytes())
      #expect(
        refusal(input, scratch.file("out.gguf"))
          == "\(input): tensor \"w.weight\": weight \(index) is \(value)")
      #expect(scratch.names == ["in.gguf"])
    }
  }

  @Test("A weight beyond the type's range is named")
  func tooLarge() throws {
    var tiny = TinyGGUF()
    var values = weights(64, seed: 9)
    values[40] = 70_000
    tiny.add("w.weight", [32, 2], values)
    let input = scratch.write("in.gguf", tiny.bytes())
    #expect(
      refusal(input, scratch.file("out.gguf"), .f16)
        == "\(input): tensor \"w.weight\": weight 40 is too large for F16")
    #expect(refusal(input, scratch.file("out.gguf"), .q8_0) == nil)
  }

  @Test("F84: a full disk is an error that says so, and nothing is left")
  func fullDisk() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      let scratch = ScratchDirectory()
      var tiny = TinyGGUF()
      tiny.add("w.weight", [32, 8192], [Float](repeating: 1, count: 32 * 8192))
      let input = scratch.write("in.gguf", tiny.bytes())
      var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
      #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(1), &limit)  // RLIMIT_FSIZE
      #else
        setrlimit(RLIMIT_FSIZE, &limit)
      #endif
      let message = refusal(input, scratch.file("out.gguf"))
      #expect(message?.hasPrefix("\(scratch.file("out.gguf")): cannot ") == true)
      #expect(message?.hasSuffix("File too large") == true)
      #expect(scratch.names == ["in.gguf"])
    }
  }
}

@Suite("F17: checking weights") struct CheckWeightsTests {
  @Test func faults() throws {
    var tiny = TinyGGUF()
    var values = weights(100_000, seed: 3)
    tiny.add("sound", [100_000], values)
    values[70_001] = .nan
    values[90_000] = .infinity
    tiny.add("a", [1000, 100], values)
    var blocks = [UInt8](repeating: 0x11, count: 17 * 8)
    blocks[17 * 5] = 255
    tiny.add("b", .mxfp4, [64, 4], blocks)
    blocks = [UInt8](repeating: 0x11, count: 18 * 2)
    blocks.replaceSubrange(18..<20, with: [0, 0xfc])
    tiny.add("c", .q4_0, [32, 2], blocks)
    let file = try GGUFFile(bytes: tiny.bytes(), name: "a.gguf")
    let expected = [
      "tensor \"a\": weight 70001 is nan",
      "tensor \"b\": weight 160 has a scale that is no number",
      "tensor \"c\": weight 32 is inf",
    ]
    #expect(file.checkWeights().map(\.description) == expected)
    #expect(file.checkWeights(pool: try WorkerPool(count: 2)).map(\.description) == expected)
  }
}
