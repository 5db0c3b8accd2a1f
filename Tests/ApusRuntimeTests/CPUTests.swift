// The choice of kernels, with made-up tables: forced, unknown, unsupported, wrong (F70).

import ApusTestSupport
import CApusKernels
import Testing

@testable import ApusRuntime

/// Tables made for a test. The first two are copies of the real portable one.
final class Tables {
  private let storage: UnsafeMutablePointer<apus_cpu>
  private let texts: [UnsafeMutablePointer<CChar>]
  let pointers: [UnsafePointer<apus_cpu>]

  init(_ names: [String], change: (Int, inout apus_cpu) -> Void = { _, _ in }) {
    storage = .allocate(capacity: names.count)
    texts = names.map { name in
      let text = UnsafeMutablePointer<CChar>.allocate(capacity: name.utf8.count + 1)
      for (index, byte) in name.utf8CString.enumerated() { text[index] = byte }
      return text
    }
    for index in names.indices {
      var table = apus_cpu_at(0)?.pointee ?? apus_cpu()
      table.name = UnsafePointer(texts[index])
      table.supported = { 1 }
      change(index, &table)
      (storage + index).initialize(to: table)
    }
    let storage = storage
    pointers = names.indices.map { UnsafePointer(storage + $0) }
  }

  deinit {
    storage.deallocate()
    for text in texts { text.deallocate() }
  }
}

struct CPUTests {
  @Test func takesTheBestSupported() throws {
    let tables = Tables(["portable", "middle", "best"]) { index, table in
      if index == 2 { table.supported = { 0 } }
    }
    let cpu = try CPU(named: nil, from: tables.pointers)
    #expect(cpu.name == "middle")
    #expect(cpu.supported == ["portable", "middle"])
    #expect(cpu.notes.isEmpty)
    #expect(cpu.table == tables.pointers[1])
  }

  @Test func takesTheNamed() throws {
    let tables = Tables(["portable", "middle", "best"])
    let cpu = try CPU(named: "middle", from: tables.pointers)
    #expect(cpu.name == "middle")
    #expect(cpu.notes.count == 1)
    #expect(cpu.notes[0].hasPrefix("kernels: middle by request; best runs here, too"))
  }

  @Test func refusesNames() {
    let tables = Tables(["portable", "middle", "best"]) { index, table in
      if index == 2 { table.supported = { 0 } }
    }
    #expect(throws: RuntimeError.unknownCPU(name: "AVX", known: ["portable", "middle", "best"])) {
      try CPU(named: "AVX", from: tables.pointers)
    }
    #expect(throws: RuntimeError.unsupportedCPU(name: "best", supported: ["portable", "middle"])) {
      try CPU(named: "best", from: tables.pointers)
    }
    #expect(throws: RuntimeError.noKernels) { try CPU(named: nil, from: []) }
  }

  /// A table whose exponential, norm, product or quantisation is off in a bit is not used.
  @Test(arguments: [
    "exp", "tanh", "rms_norm", "gemm f32", "gemm Q8_0", "outer product f32", "outer product bf16",
  ])
  func skipsAWrongTable(kernel: String) throws {
    let tables = Tables(["portable", "wrong"]) { index, table in
      guard index == 1 else { return }
      switch kernel {
      case "exp":
        table.unary = { kind, x, count, y in
          apus_cpu_at(0)!.pointee.unary(kind, x, count, y)
          if kind == APUS_EXP { y![3] = y![3].nextUp }
        }
      case "tanh":
        table.unary = { kind, x, count, y in
          apus_cpu_at(0)!.pointee.unary(kind, x, count, y)
          if kind == APUS_TANH { y![Int(count) - 1] = -y![Int(count) - 1] }
        }
      case "rms_norm":
        table.rms_norm = { x, w, count, epsilon, y in
          apus_cpu_at(0)!.pointee.rms_norm(x, w, count, epsilon, y)
          y![Int(count) / 2] = y![Int(count) / 2].nextUp
        }
      case "gemm f32":
        table.gemm.0 = { arguments in
          apus_cpu_at(0)!.gemm(APUS_LAYOUT_F32)!(arguments)
          arguments!.pointee.y[1] = arguments!.pointee.y[1].nextDown
        }
      case "outer product f32":
        table.outer_f32 = { arguments in
          apus_cpu_at(0)!.pointee.outer_f32(arguments)
          arguments!.pointee.y[3] = arguments!.pointee.y[3].nextUp
        }
      case "outer product bf16":
        // A processor that does not flush: the float sum is the same but for that.
        table.outer_bf16 = { arguments in
          apus_cpu_at(0)!.pointee.outer_bf16(arguments)
          let y = arguments!.pointee.y!
          if y[4] == 0 { y[4] = .leastNonzeroMagnitude }
        }
      default:
        table.gemm.3 = { arguments in
          apus_cpu_at(0)!.gemm(APUS_LAYOUT_Q8_0)!(arguments)
          arguments!.pointee.y[2] = arguments!.pointee.y[2].nextUp
        }
      }
    }
    let cpu = try CPU(named: nil, from: tables.pointers)
    #expect(cpu.name == "portable")
    #expect(
      cpu.notes.contains {
        $0.hasPrefix("kernels: wrong skipped, it differs from portable in \(kernel), lane")
      })
    #expect {
      try CPU(named: "wrong", from: tables.pointers)
    } throws: { error in
      "\(error)".hasPrefix("the kernels 'wrong' (APUS_CPU) differ from the portable ones in \(kernel)")
    }
  }

  @Test func thisMachine() throws {
    var best: CPU?
    let seconds = try MonotonicClock.seconds { best = try CPU() }
    let cpu = try #require(best)
    print(
      "kernels: \(cpu.name) of \(cpu.supported), \(cpu.vectorBits) bits, chosen in \(Int(seconds * 1e6)) µs")
    for note in cpu.notes { print(note) }
    #expect(cpu.supported.first == "portable")
    for name in cpu.supported {
      let forced = try CPU(named: name)
      #expect(forced.name == name)
      for note in forced.notes { print(note) }
    }
  }

  /// The tuple behind `gemm` is indexed as C does it.
  @Test func gemmOfALayout() {
    let tables = Tables(["only"]) { _, table in
      table.gemm.0 = nil
      table.gemm.3 = { _ in }
      table.gemm.15 = nil
    }
    #expect(tables.pointers[0].gemm(APUS_LAYOUT_F32) == nil)
    #expect(tables.pointers[0].gemm(APUS_LAYOUT_Q8_0) != nil)
    #expect(tables.pointers[0].gemm(APUS_LAYOUT_IQ4_XS) == nil)
  }
}
