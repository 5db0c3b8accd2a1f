// How fast a step is beside the memory it goes through, and how fast a model is initialised. Figures, not a gate:
//
//     APUS_MEASURE=1 swift test -c release -Xswiftc -enable-testing --filter OptimizerMeasureTests

import ApusRuntime
import ApusTensor
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@testable import ApusTraining

private let measures = getenv("APUS_MEASURE") != nil

@Suite(.enabled(if: measures, "prints figures where APUS_MEASURE is set"), .serialized)
struct OptimizerMeasureTests {
  /// Tensors of the shapes of GPT-2 124M: 12 blocks of width 768, 50,257 tokens, 1,024 positions.
  final class Model {
    let memory: HugeBuffer
    let tensors: [TrainableTensor]

    init() throws {
      var shapes: [(String, Int, Int, TrainableTensor.Kind)] = [
        ("token_embd", 50257, 768, .embedding), ("position_embd", 1024, 768, .embedding),
      ]
      for block in 0..<12 {
        for (name, rows, columns) in [
          ("attn_qkv", 2304, 768), ("attn_output", 768, 768), ("ffn_up", 3072, 768), ("ffn_down", 768, 3072),
        ] {
          shapes.append(("blk.\(block).\(name)", rows, columns, .matrix))
          shapes.append(("blk.\(block).\(name)_bias", 1, rows, .vector))
        }
      }
      let count = shapes.reduce(0) { $0 + $1.1 * $1.2 }
      memory = try HugeBuffer(byteCount: 8 * count, purpose: "a model to measure")
      let weights = memory.base.assumingMemoryBound(to: Float.self)
      for i in 0..<2 * count { weights[i] = Float(i % 97 - 48) * 1e-3 }
      var at = 0
      tensors = shapes.map { name, rows, columns, kind in
        defer { at += rows * columns }
        return TrainableTensor(
          name: name + ".weight", rows: rows, columns: columns, weights: weights + at,
          gradient: weights + count + at, kind: kind, decays: kind != .vector)
      }
    }

    var count: Int { tensors.reduce(0) { $0 + $1.count } }
  }

  static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  @Test func steps() throws {
    let runtime = try Runtime()
    let meter = try LimitMeter(runtime)
    let model = try Model()
    // Muon is bound by arithmetic, seconds of it.
    for optimizer in NamedOptimizer.all where !optimizer.description.hasPrefix("muon") {
      let engine = try OptimizerEngine(
        optimizer.kind, tensors: model.tensors, workers: runtime.workers, cpu: runtime.cpu.table)
      let states = OptimizerEngine.stateBytes(optimizer.kind, model.tensors)
      // Weights and states are read and written, gradients read.
      let bytes = Double(12 * model.count + 2 * states)
      var (times, ceilings, norms) = ([Double](), [Double](), [Double]())
      let rounds = 5
      for number in 1...rounds + 1 {
        ceilings.append(meter.sample(.memory) ?? 0)
        norms.append(MonotonicClock.seconds { _ = engine.gradientNorm() })
        times.append(
          try MonotonicClock.seconds { try engine.step(number: number, learningRate: 1e-4) })
      }
      // The first step takes the states' pages from the system.
      let seconds = times.dropFirst().sorted()[rounds / 2]
      let ceiling = ceilings.sorted()[ceilings.count / 2]
      print(
        "\(optimizer): \(Self.tenths(seconds * 1e3)) ms a step, \(Self.tenths(bytes / seconds / 1e9)) GB/s, "
          + "\(Self.tenths(100 * bytes / seconds / ceiling)) % of the \(Self.tenths(ceiling / 1e9)) GB/s of reading; "
          + "norm \(Self.tenths(norms.sorted()[norms.count / 2] * 1e3)) ms; states \(states >> 20) MiB; "
          + "\(model.count) weights, \(runtime.workers.count) workers, \(runtime.cpu.name)")
    }
  }

  @Test func initialization() throws {
    let runtime = try Runtime()
    let model = try Model()
    for scheme in [InitializationScheme.gpt2(), .llama] {
      let initializer = WeightInitializer(scheme, layers: 12, hidden: 768, seed: 1)
      let seconds = try MonotonicClock.seconds {
        for tensor in model.tensors where tensor.kind != .vector {
          try initializer.fill(
            tensor.name, columns: tensor.columns, tensor.weights, count: tensor.count,
            workers: runtime.workers, cpu: runtime.cpu.table)
        }
      }
      print("initialisation, \(scheme): \(Self.tenths(seconds * 1e3)) ms, \(model.count) weights")
    }
  }
}
