// `apus bench kernels`: every kernel beside the limit of the machine, measured in the same minute.

import ApusBasics
import ApusRuntime
import ApusTensor

enum BenchKernelsCommand: Command {
  static let name = "bench kernels"
  static let summary = "Measure each kernel beside the machine's limits"
  static let discussion = [
    "gemm is a product of many tokens, held against arithmetic; batch (4 and 16 tokens) and gemv (one token) read "
      + "weights larger than the caches and are held against the memory, with the bytes the weights have in a file. "
      + "Rounding the activations is part of every product; \"unpacked\" products pack both operands, too. Gradients are "
      + "what training adds, outer products and the backward pass of attention, from operands already rounded. Row "
      + "kernels run on one thread. Calls and short measurements of the limit take turns, and the medians are compared."
  ]
  static let examples = ["apus bench kernels", "apus bench kernels --only gemm --type Q4_K --json"]

  /// What --only chooses from.
  enum Group: String, CaseIterable, Sendable {
    case gemm, batch, gemv, attention, gradients, rows
  }

  private static let only = Option<[String]>.list(
    "only", placeholder: "GROUP", help: "Measure only these: gemm, batch, gemv, attention, gradients, rows")
  private static let type = Option<[String]>.list(
    "type", placeholder: "TYPE", help: "Only products of these weight formats, such as Q4_K")
  private static let seconds = Option<Double>.number(
    "seconds", in: 0.001...60, default: 0.2, help: "Repeat each entry at least this long")

  static let options = [
    only.row, type.row, seconds.row, CommonOptions.threads.row, CommonOptions.json.row,
  ]

  static func run(_ values: Values, _ console: Console) throws {
    let interrupt = Interrupt.install()
    let groups = try chosen(values[only], "group", Group.allCases.map(\.rawValue)).map {
      Group(rawValue: $0)!
    }
    let types = try chosen(values[type], "type", KernelTimer.layouts.map(\.name))
    let runtime = try CommonOptions.runtime(values, console)
    let timer = try KernelTimer(runtime, seconds: values[seconds], meter: LimitMeter(runtime)) {
      try interrupt.check()
    }
    let isJSON = values[CommonOptions.json]
    if !isJSON {
      try console.line(
        "\(runtime.cpu.name), \(runtime.workers.count) threads; shapes are tokens × rows × columns")
    }
    for group in groups {
      let entries = try measure(group, types, timer)
      if isJSON {
        for entry in entries { try console.line(document(entry, runtime).serialized()) }
      } else {
        try show(entries, console)
      }
      try console.output.flush()
    }
  }

  private static func show(_ entries: [KernelMeasurement], _ console: Console) throws {
    var table = Table([
      ("kernel", .left), ("type", .left), ("shape", .right), ("rate", .right), ("unit", .left),
      ("of limit", .right),
    ])
    for entry in entries {
      table.append([
        entry.kernel, entry.type, "\(entry.tokens)×\(entry.rows)×\(entry.columns)",
        fixed(entry.rate * 1e-9, entry.rate < 1e10 ? 2 : 1), entry.unit,
        entry.ceiling.map { fixed(100 * entry.rate / $0, 0) + " %" } ?? "",
      ])
    }
    try console.line()
    for line in table.lines() { try console.line(line) }
  }

  /// The names given, or all; a name that is none of them is refused with the list.
  private static func chosen(_ given: [String], _ noun: String, _ known: [String]) throws -> [String] {
    for name in given where !known.contains(where: { $0.lowercased() == name.lowercased() }) {
      throw CommandError.usage(
        "unknown \(noun) '\(visible(name))'; known are \(known.joined(separator: ", "))")
    }
    let lowercased = given.map { $0.lowercased() }
    return given.isEmpty ? known : known.filter { lowercased.contains($0.lowercased()) }
  }

  private static func measure(
    _ group: Group, _ types: [String], _ timer: KernelTimer
  ) throws -> [KernelMeasurement] {
    let layouts = KernelTimer.layouts.filter { types.contains($0.name) }
    switch group {
    case .gemm:
      return try layouts.flatMap { name, layout in
        var entries = [try timer.product("gemm", name, layout, tokens: 512, rows: 8192, columns: 2048)]
        if ["Q8_0", "Q4_0"].contains(name) {
          entries.append(
            try timer.product("gemm", name, layout, tokens: 512, rows: 8192, columns: 2048, coarse: true))
        }
        guard let precision = ["F32": FloatProduct.Precision.f32, "BF16": .bf16][name] else { return entries }
        for size in [128, 256, 512, 1024] {
          entries.append(try timer.product("gemm", name, layout, tokens: size, rows: size, columns: size))
          entries.append(try timer.unpackedProduct(precision, tokens: size, rows: size, columns: size))
        }
        entries.append(try timer.unpackedProduct(precision, tokens: 512, rows: 8192, columns: 2048))
        return entries
      }
    case .batch:
      return try layouts.flatMap { name, layout in
        try [4, 16].map {
          try timer.product(
            "batch", name, layout, tokens: $0, rows: KernelTimer.rowsBeyondCaches(layout, columns: 2048),
            columns: 2048)
        }
      }
    case .gemv:
      return try layouts.map { name, layout in
        try timer.product(
          "gemv", name, layout, tokens: 1, rows: KernelTimer.rowsBeyondCaches(layout, columns: 2048),
          columns: 2048)
      }
    case .attention:
      return try KVFormat.allCases.flatMap { format in
        try [64, 128].flatMap { headSize in
          [
            try timer.attention(format, tokens: 512, keys: 512, heads: 8, group: 4, headSize: headSize),
            try timer.attention(format, tokens: 512, keys: 4608, heads: 8, group: 4, headSize: headSize),
            try timer.attention(format, tokens: 1, keys: 65_536, heads: 8, group: 4, headSize: headSize),
          ]
        }
      }
    case .gradients:
      let precisions = [("F32", FloatProduct.Precision.f32), ("BF16", .bf16)].filter { types.contains($0.0) }
      return try precisions.flatMap { _, precision in
        [
          try timer.outerProducts(precision, tokens: 1024, rows: 768, columns: 3072),
          try timer.outerProducts(precision, tokens: 4096, rows: 384, columns: 1536),
        ]
      } + [KVFormat.f32, .bf16].map { try timer.attentionGradient($0, tokens: 256, heads: 12, headSize: 64) }
    case .rows:
      return try timer.rows(2048) + [timer.argmax(262_144)]
    }
  }

  private static func document(_ entry: KernelMeasurement, _ runtime: Runtime) -> JSONValue {
    .members([
      "kernel": .string(entry.kernel), "type": .string(entry.type),
      "shape": .members([
        "m": .integer(entry.tokens), "n": .integer(entry.rows), "k": .integer(entry.columns),
      ]),
      "threads": .integer(runtime.workers.count), "rate": .double(entry.rate * 1e-9),
      "unit": .string(entry.unit),
      "seconds": .double(entry.seconds), "ceiling": .optional(entry.ceiling) { .double($0 * 1e-9) },
      "percent": .optional(entry.ceiling) { .double(100 * entry.rate / $0) },
      "cpu": .string(runtime.cpu.name),
    ])
  }
}
