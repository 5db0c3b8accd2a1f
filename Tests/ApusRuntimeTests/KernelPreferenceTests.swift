// The table kept by `apus doctor`: for its own processor only, and never in the way.

import Testing

@testable import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct KernelPreferenceTests {
  @Test func keepsAndForgets() throws {
    let scratch = Scratch()
    let preference = KernelPreference(folder: scratch.path)
    defer { rmdir(scratch.path + "/apus") }
    #expect(preference.table(for: "A processor") == nil)
    try preference.keep("avx2", for: "A processor")
    #expect(preference.table(for: "A processor") == "avx2")
    #expect(preference.table(for: "Another processor") == nil)
    try preference.keep("avx_vnni", for: "A processor")
    #expect(preference.table(for: "A processor") == "avx_vnni")
    try preference.keep(nil, for: "A processor")
    #expect(preference.table(for: "A processor") == nil)
  }

  @Test func aFolderThatCannotBeWrittenIsAnError() {
    #expect(throws: FileError.self) {
      try KernelPreference(folder: "/dev/null/nowhere").keep("avx2", for: "A processor")
    }
  }

  @Test func isTakenWhereItRuns() throws {
    let best = try CPU()
    // Any other table, an unknown one, and one the request overrides.
    if let other = best.supported.first(where: { $0 != best.name && $0 != "portable" }) {
      let cpu = try CPU(preferred: other)
      #expect(cpu.name == other && cpu.supported == best.supported && cpu.notes.isEmpty)
    }
    #expect(try CPU(preferred: "no such table").name == best.name)
    #expect(try CPU(named: "portable", preferred: best.name).name == "portable")
  }
}
