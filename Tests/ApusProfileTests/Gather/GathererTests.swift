// Profiles of tiny networks: what they hold, what is said when the machine or the user interferes.

import ApusGraph
import ApusInference
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Synchronization
import Testing

@testable import ApusProfile

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct RunGathererTests {
  private var settings: RunSettings {
    var settings = RunSettings()
    (settings.prompt, settings.generate, settings.seconds) = (32, 12, 0)
    return settings
  }

  private func gather(
    _ threads: Int = 2, _ settings: RunSettings? = nil, _ options: GatherOptions = quickOptions()
  ) throws -> Profile {
    let settings = settings ?? self.settings
    let engine = try tinyEngine(threads: threads, sequences: settings.parallel)
    return try RunGatherer(engine, settings, options).gather()
  }

  @Test("prompt and generation, each operation of each layer once, with the times of one thread")
  func phases() throws {
    let profile = try gather()
    #expect(profile.phases.map(\.name) == ["prompt", "generation"])
    #expect(profile.phases.map(\.steps) == [2, 12] && profile.phases.map(\.tokens) == [32, 12])
    for phase in profile.phases {
      let names = phase.operations.map { $0.scope + ": " + $0.name }
      #expect(Set(names).count == names.count, "\(names)")
      #expect(Set(phase.operations.compactMap(\.layer)) == [0, 1, 2])
      let times = phase.operations.reduce(0) { $0 + $1.busy.reduce(0, +) + $1.wait.reduce(0, +) }
      let share = Double(times) / (2 * Double(phase.wall))
      #expect(share > 0.95 && share < 1.01, "\(phase.name): \(share) of the wall time")
      for operation in phase.operations where operation.name != "between steps" {
        #expect(operation.calls > 0 && operation.single != nil, "\(operation.name)")
        #expect(operation.bytes > 0)
      }
      #expect(phase.operations.contains { $0.isSerial } && phase.operations.contains { !$0.isSerial })
      let matmul = phase.operations.first { $0.name.hasPrefix("matmul") }
      #expect(matmul?.name == "matmul F32" && matmul?.arithmetic == .f32)
    }
    #expect(profile.workload.contains("prompt 32, 12 generated"))
  }

  @Test("sequences side by side, behind a filled cache")
  func parallel() throws {
    var settings = settings
    (settings.prompt, settings.generate, settings.parallel, settings.depth) = (0, 4, 3, 20)
    let profile = try gather(1, settings)
    #expect(profile.phases.map(\.name) == ["generation"])
    #expect(profile.phases[0].tokens == 12 && profile.phases[0].steps == 4)
    // One thread has nothing to be compared with.
    #expect(profile.phases[0].operations.allSatisfy { $0.single == nil })
  }

  @Test("arithmetic follows the format of the weights")
  func arithmetic() throws {
    let file = try ModelFixture("llama").file { _, values, columns in
      guard columns % 32 == 0 else { return nil }
      let format = TensorType.q8_0.format as! any EncodableFormat.Type
      var bytes = [UInt8](repeating: 0, count: values.count / 32 * TensorType.q8_0.blockBytes)
      values.withUnsafeBufferPointer { values in
        bytes.withUnsafeMutableBytes { format.encode(values, into: $0) }
      }
      return (.q8_0, bytes)
    }
    let model = try Model(file, runtime: runtime(threads: 1))
    var options = EngineOptions(contextLength: 16)
    options.batchTokens = 1
    let operations = PlanOperations(try model.network.plan(options))
    let products = operations.entries.filter { $0.name.hasPrefix("matmul Q8_0") }
    #expect(!products.isEmpty && products.allSatisfy { $0.arithmetic == .int8 })
    #expect(operations.entries.first { $0.name == "attention" }?.arithmetic == .f32)
  }

  @Test("memory by purpose; the program itself is the rest")
  func memory() throws {
    let profile = try gather()
    let purposes = profile.memory.map(\.purpose)
    #expect(Set(purposes).count == purposes.count)
    for purpose in ["packed weights", "weights (mapped)", "keys and values", "activations"] {
      #expect(purposes.contains(purpose), "\(purposes)")
    }
    #if os(Linux)
      #expect(purposes.last == "runtime" && !profile.memoryOverTime.isEmpty)
      for part in profile.memory {
        let resident = try #require(part.resident)
        #expect(resident > 0 && resident <= part.reserved + 8192, "\(part.purpose)")
      }
    #endif
  }

  @Test("the timeline names phases and operations that are there, and has both threads")
  func timeline() throws {
    let profile = try gather()
    #expect(Set(profile.timeline.map(\.thread)) == [0, 1] && Set(profile.timeline.map(\.phase)) == [0, 1])
    for span in profile.timeline {
      #expect(span.start <= span.end)
      if let operation = span.operation {
        #expect(profile.phases[span.phase].operations.indices.contains(operation))
      }
    }
    var options = quickOptions()
    options.spans = 0
    #expect(try gather(1, nil, options).timeline.isEmpty)
  }

  @Test("an interrupted run still gives what was seen", arguments: [0, 5, 9, 20])
  func interrupted(_ steps: Int) throws {
    var asked = 0
    var options = quickOptions()
    options.shouldStop = {
      asked += 1
      return asked > steps
    }
    let profile = try gather(2, nil, options)
    #expect(profile.isInterrupted)
    #expect(profile.phases.map(\.name) == ["prompt", "generation"])
    #expect(profile.phases.reduce(0) { $0 + $1.steps } < 14)
    #expect(profile.phases.allSatisfy { $0.operations.allSatisfy { $0.single == nil } })
  }

  @Test("a clock that steps is noted; times are not touched")
  func clock() throws {
    let looks = Looks()
    var options = quickOptions()
    options.clocks = {
      looks.count.wrappingAdd(1, ordering: .relaxed).oldValue < 2 ? (100, 1000) : (101, 4601)
    }
    let profile = try gather(1, nil, options)
    #expect(profile.notes.contains { $0.contains("set forward by 3600 s") }, "\(profile.notes)")
    #expect(profile.phases.allSatisfy { $0.wall < 60_000_000_000 })
  }

  @Test("no permission for counters is said in words")
  func counters() throws {
    var options = quickOptions()
    options.openCounter = { _, _ in -EACCES }
    let profile = try gather(1, nil, options)
    #expect(profile.counters.cycles == nil)
    #expect(profile.counters.unavailable?.hasPrefix("no hardware counters") == true)
  }

  @Test(
    "steps allocate nothing",
    .enabled(
      if: allocationsAreCounted && !Runtime.unoptimisedBuild,
      "allocations of all threads are counted on Linux with glibc, in optimised builds without sanitizers"))
  func allocations() async {
    // In a process of its own: those of other tests would be counted.
    await #expect(processExitsWith: .success) {
      var options = quickOptions()
      options.allocations = { allocationsOfProcess }
      for threads in [1, 2] {
        var settings = RunSettings()
        (settings.prompt, settings.generate, settings.seconds) = (32, 12, 0)
        let run = try RunGatherer(tinyEngine(threads: threads), settings, options).gather()
        precondition(run.system.allocations == 0, "run: \(run.system)")
        let embedding = try EmbeddingGatherer(
          tinyEmbedder(threads: threads), tinyTexts(), options
        ).gather()
        precondition(embedding.system.allocations == 0, "embed: \(embedding.system)")
        let (learner, task, runtime) = try tinyTask(threads: threads)
        let training = try TrainingGatherer(learner, task, runtime, options).gather()
        precondition(training.system.allocations == 0, "train: \(training.system)")
      }
    }
  }
}

/// How often made-up clocks were looked at.
private final class Looks: Sendable {
  let count = Atomic(0)
}

@Suite struct EmbeddingGathererTests {
  @Test("texts side by side in steps, all threads compared with one")
  func phases() throws {
    let profile = try EmbeddingGatherer(tinyEmbedder(threads: 2), tinyTexts(), quickOptions()).gather()
    #expect(profile.phases.map(\.name) == ["embedding"] && profile.phases[0].tokens == 24)
    let operations = profile.phases[0].operations
    #expect(operations.contains { $0.name == "pool" || $0.name.contains("pool") })
    #expect(operations.allSatisfy { $0.single != nil || $0.name == "between steps" })
    #expect(profile.memory.contains { $0.purpose == "packed weights" })
    let times = operations.reduce(0) { $0 + $1.busy.reduce(0, +) + $1.wait.reduce(0, +) }
    let share = Double(times) / (2 * Double(profile.phases[0].wall))
    #expect(share > 0.95 && share < 1.01)
  }
}

@Suite struct TrainingGathererTests {
  private func gather(_ threads: Int, _ options: GatherOptions = quickOptions()) throws -> Profile {
    let (learner, task, runtime) = try tinyTask(threads: threads)
    return try TrainingGatherer(learner, task, runtime, options).gather()
  }

  @Test("forward, backward and the optimiser, whose passes have their bytes", arguments: [1, 2])
  func phases(_ threads: Int) throws {
    let profile = try gather(threads)
    #expect(profile.phases.map(\.name) == ["forward", "backward", "optimiser"])
    #expect(profile.phases.allSatisfy { $0.steps == 3 && $0.tokens == 3 * 4 * 16 })
    for phase in profile.phases.prefix(2) {
      // The way back stands in the phase, not in the scope.
      #expect(Set(phase.operations.compactMap(\.layer)) == [0, 1], "\(phase.operations.map(\.scope))")
      #expect(!phase.operations.contains { $0.scope.hasPrefix("backward") })
    }
    #expect(!profile.phases[0].operations.contains { $0.name.contains("weight-gradient") })
    #expect(profile.phases[1].operations.contains { $0.name.contains("weight-gradient") })
    let optimiser = profile.phases[2].operations
    #expect(optimiser.map(\.name) == ["gradient norm", "update of weights"])
    #expect(optimiser.allSatisfy { $0.calls == 3 && $0.busy[0] > 0 && ($0.single != nil) == (threads > 1) })
    // AdamW reads gradient, weight and two states, and writes back all but the gradient.
    #expect(optimiser[1].bytes == 7 * optimiser[0].bytes)
    for phase in profile.phases {
      let times = phase.operations.reduce(0) { $0 + $1.busy.reduce(0, +) + $1.wait.reduce(0, +) }
      let share = Double(times) / (Double(threads) * Double(phase.wall))
      #expect(share > 0.95 && share < 1.01, "\(phase.name): \(share) of the wall time")
    }
    let purposes = profile.memory.map(\.purpose)
    for purpose in ["weights", "gradients", "optimiser", "activations"] {
      #expect(purposes.contains(purpose))
    }
    #expect(Set(profile.timeline.map(\.phase)) == [0, 1, 2])
  }

  @Test("an interrupted run still gives what was seen", arguments: [0, 2, 3])
  func interrupted(_ steps: Int) throws {
    var asked = 0
    var options = quickOptions()
    options.shouldStop = {
      asked += 1
      return asked > steps
    }
    let profile = try gather(2, options)
    #expect(profile.isInterrupted && profile.phases.count == 3)
    #expect(profile.phases[2].steps == max(0, steps - 2))
  }
}
