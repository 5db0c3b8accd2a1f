// Models with adapters: PEFT's logits, what a scale does, and that merging gives the same.

import ApusFiles
import ApusInference
import ApusModels
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct AdapterLogitsTests {
  let runtime: Runtime
  private let scratch = ScratchDirectory()

  init() throws {
    runtime = try Runtime(options: RuntimeOptions(threads: 2))
  }

  private func logits(
    _ files: ModelFiles, _ adapters: [AdapterFile], chunk: Int = 48, optimized: Bool = true
  ) throws -> [Float] {
    let tokens = try ModelFixture("llama").tokens
    let model = try Model(files.adapted(by: adapters), runtime: runtime)
    return try allLogits(model, tokens, chunk: chunk, .f32, optimized: optimized)
  }

  /// The largest difference as a share of the largest of `expected`.
  private func difference(_ own: [Float], _ expected: [Float]) -> Float {
    guard own.count == expected.count, own.allSatisfy(\.isFinite) else { return .infinity }
    return zip(own, expected).map { abs($0 - $1) }.max()! / expected.map(abs).max()!
  }

  @Test("logits are PEFT's, from a GGUF file and from a folder", arguments: AdapterFixture.names)
  func peft(_ name: String) throws {
    let fixture = try AdapterFixture(name)
    let adapter = AdapterFile(fixture.path)
    let file = try ModelFiles(fixture.network.file())
    let own = try logits(file, [adapter])
    #expect(difference(own, fixture.logits) <= 1e-5, "\(difference(own, fixture.logits))")
    try fixture.network.withFolder { path in
      let other = try logits(ModelFiles(path), [adapter])
      #expect(other.map(\.bitPattern) == own.map(\.bitPattern))
    }
    // As all of inference: neither chunks nor passes change a bit.
    for (chunk, optimized) in [(7, true), (1, true), (48, false)] {
      let other = try logits(file, [adapter], chunk: chunk, optimized: optimized)
      #expect(other.map(\.bitPattern) == own.map(\.bitPattern), "chunks of \(chunk), optimized \(optimized)")
    }
  }

  @Test("a scale multiplies the change, and adapters add up", arguments: AdapterFixture.names)
  func scales(_ name: String) throws {
    let fixture = try AdapterFixture(name)
    let file = try ModelFiles(fixture.network.file())
    let plain = try logits(file, [])
    #expect(try logits(file, [AdapterFile(fixture.path, scale: 0)]) == plain)
    let whole = try logits(file, [AdapterFile(fixture.path)])
    let halves = try logits(
      file, [AdapterFile(fixture.path, scale: 0.5), AdapterFile(fixture.path, scale: 0.5)])
    #expect(difference(halves, whole) <= 1e-5)
    #expect(difference(plain, whole) > 0.1)
    let opposite = try logits(
      file, [AdapterFile(fixture.path, scale: 2), AdapterFile(fixture.path, scale: -2)])
    #expect(difference(opposite, plain) <= 1e-4)
  }

  @Test("a merged model equals base and adapter", arguments: AdapterFixture.names, [TensorType.f32, .q8_0])
  func merged(_ name: String, _ type: TensorType) throws {
    let fixture = try AdapterFixture(name)
    let base = scratch.file("base.gguf")
    try writeFile(
      base, fixture.network.fileBytes(type == .f32 ? nil : ModelFixture.storing(type)))
    let files = try ModelFiles(base)
    let adapter = try LowRankAdapter(fixture.path, for: files.network())
    // As large a change as PEFT's fixture makes these networks so steep that roundings to bytes grow without bound.
    let scale = type == .f32 ? 1 : 0.125
    let merge = WeightMerge([(adapter, scale)])
    guard case .gguf(let file) = files.kind else { return }
    let expected = try logits(files, [AdapterFile(fixture.path, scale: scale)])
    let merged = scratch.file("merged.gguf")
    _ = try merge.write(file, to: merged, type: nil, force: false, pool: runtime.workers)
    let output = try GGUFFile.open(merged)
    for tensor in file.tensors {
      let own = try #require(output.tensor(named: tensor.name))
      #expect(own.type == tensor.type && own.dimensions == tensor.dimensions)
      let isEqual = output.bytes(of: own).elementsEqual(file.bytes(of: tensor))
      #expect(isEqual == !merge.targets.contains(tensor.name), "\(tensor.name)")
    }
    // Exactly the f32 sum, rounded once.
    let change = adapter.changes[0]
    var values = [Float](repeating: 0, count: change.rows * change.columns)
    let source = try #require(file.tensor(named: change.target))
    values.withUnsafeMutableBufferPointer { source.type.decode(file.bytes(of: source), into: $0) }
    for index in values.indices {
      let (row, column) = (index / change.columns, index % change.columns)
      for k in 0..<change.rank {
        let share = Float(scale * change.factor) * change.b.base[row * change.rank + k]
        values[index] += share * change.a.base[k * change.columns + column]
      }
    }
    let bytes =
      type == .f32
      ? values.withUnsafeBytes { Array($0) }
      : try #require(ModelFixture.storing(type)(change.target, values, change.columns)).1
    #expect(output.bytes(of: try #require(output.tensor(named: change.target))).elementsEqual(bytes))
    let own = try logits(ModelFiles(merged), [])
    guard type == .q8_0 else {
      #expect(difference(own, expected) <= 2e-5, "\(difference(own, expected))")
      return
    }
    // Rounding the sum costs no more than rounding the weights did.
    let exact = try logits(
      ModelFiles(fixture.network.file()), [AdapterFile(fixture.path, scale: scale)])
    let (before, after) = (difference(expected, exact), difference(own, exact))
    #expect(after <= 2 * before, "\(after), before \(before)")
    let whole = scratch.file("whole.gguf")
    _ = try merge.write(file, to: whole, type: .f32, force: false, pool: runtime.workers)
    #expect(try difference(logits(ModelFiles(whole), []), expected) < before)
  }

  @Test("a type that is not written is refused before anything is")
  func refused() throws {
    let fixture = try AdapterFixture("llama")
    let files = try ModelFiles(
      fixture.network.file { name, values, _ in
        guard name == "blk.0.attn_q.weight" else { return nil }
        let type = TensorType.iq4_nl
        return (type, [UInt8](repeating: 0, count: values.count / type.blockSize * type.blockBytes))
      })
    let adapter = try LowRankAdapter(fixture.path, for: files.network())
    guard case .gguf(let file) = files.kind else { return }
    let merge = WeightMerge([(adapter, 1)])
    let target = scratch.file("merged.gguf")
    let error = #expect(throws: GGUFError.self) {
      _ = try merge.write(file, to: target, type: nil, force: false, pool: runtime.workers)
    }
    #expect(error?.description.contains("blk.0.attn_q.weight") == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("IQ4_NL is not written here; --type takes one of") == true)
    #expect(readFile(target) == nil)
  }
}
