// Plans as JSON.

import ApusBasics
import ApusModels
import ApusProfile
import ApusRuntime

enum PlanDocument {
  static func make(
    _ files: ModelFiles, _ machines: [(runtime: Runtime, limits: MachineLimits?)], _ plans: [JSONValue]
  ) -> JSONValue {
    .members([
      "model": .string(files.modelName), "parameters": .integer(files.parameterCount),
      "fileBytes": .integer(files.byteCount), "kernels": .string(machines[0].runtime.cpu.name),
      "memoryLimit": .integer(machines[0].runtime.memoryLimit),
      "machine": .array(machines.map { self.machine($0.runtime.workers.count, $0.limits) }),
      "plans": .array(plans),
    ])
  }

  static func machine(_ threads: Int, _ limits: MachineLimits?) -> JSONValue {
    .members([
      "threads": .integer(threads), "f32": .optional(limits?.f32) { .double($0) },
      "bf16": .optional(limits?.bf16) { .double($0) }, "int8": .optional(limits?.int8) { .double($0) },
      "readBytes": .optional(limits?.readBytes) { .double($0) },
    ])
  }

  static func generation(_ plan: GenerationPlan) -> JSONValue {
    .members([
      "kind": .string("generation"), "context": .integer(plan.context), "sequences": .integer(plan.sequences),
      "threads": .integer(plan.threads), "fits": .bool(plan.fits),
      "largestContext": .integer(plan.largestContext), "memory": memory(plan.memory),
      "promptTokens": .integer(plan.promptTokens), "prompt": .optional(plan.prompt, rate),
      "filling": .optional(plan.filling, rate), "generation": .optional(plan.decoding, rate),
      "generationAtEnd": .optional(plan.decodingAtEnd, rate),
    ])
  }

  static func embedding(_ plan: EmbeddingPlan) -> JSONValue {
    .members([
      "kind": .string("embedding"), "tokens": .integer(plan.tokens), "threads": .integer(plan.threads),
      "fits": .bool(plan.fits), "memory": memory(plan.memory), "single": .optional(plan.single, rate),
      "many": .optional(plan.many, rate),
    ])
  }

  static func memory(_ memory: PlannedMemory) -> JSONValue {
    .members([
      "resident": .integer(memory.resident), "reserved": .integer(memory.reserved),
      "purposes": .array(
        memory.purposes.map {
          .members([
            "purpose": .string($0.purpose), "reserved": .integer($0.reserved),
            "resident": .integer($0.resident ?? $0.reserved),
          ])
        }),
    ])
  }

  private static func rate(_ rate: PredictedRate) -> JSONValue {
    .members([
      "tokensPerSecond": .double(rate.tokensPerSecond), "limit": .string(rate.limit.rawValue),
      "stepSeconds": .double(rate.step.seconds),
    ])
  }
}
