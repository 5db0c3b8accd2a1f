// pprof's files, taken apart by a reader that shares nothing with the writer.

import Testing

@testable import ApusProfile

@Suite struct PprofTests {
  /// A message's fields: numbers and bytes, in order.
  private struct Message {
    var numbers: [UInt64: [UInt64]] = [:]
    var parts: [UInt64: [[UInt8]]] = [:]

    init?(_ bytes: [UInt8]) {
      var rest = bytes[...]
      while !rest.isEmpty {
        guard let key = Self.varint(&rest) else { return nil }
        switch key & 7 {
        case 0:
          guard let value = Self.varint(&rest) else { return nil }
          numbers[key >> 3, default: []].append(value)
        case 2:
          guard let count = Self.varint(&rest), count <= UInt64(rest.count) else { return nil }
          parts[key >> 3, default: []].append(Array(rest.prefix(Int(count))))
          rest = rest.dropFirst(Int(count))
        default: return nil
        }
      }
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard let byte = bytes.popFirst() else { return nil }
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
      }
      return nil
    }

    subscript(field: UInt64) -> [Message] { (parts[field] ?? []).compactMap(Message.init) }
    func number(_ field: UInt64) -> Int { numbers[field]?.first.flatMap { Int(exactly: $0) } ?? -1 }
  }

  /// A profile as people see it: stacks from the outside, and values.
  private struct Decoded: Equatable {
    var types: [String] = []
    var samples: [String: [Int]] = [:]
    var comments: [String] = []
    var defaultType = ""
    var duration = 0

    init?(_ bytes: [UInt8]) {
      guard let file = Message(bytes) else { return nil }
      let texts = (file.parts[6] ?? []).map { String(decoding: $0, as: UTF8.self) }
      guard texts.first == "", Set(texts.map { Array($0.utf8) }).count == texts.count else { return nil }
      var functions: [Int: String] = [:]
      for function in file[5] { functions[function.number(1)] = texts[function.number(2)] }
      var locations: [Int: String] = [:]
      for location in file[4] {
        locations[location.number(1)] = functions[location[4].first?.number(1) ?? 0]
      }
      guard locations[0] == nil, functions[0] == nil, !locations.values.contains("") else { return nil }
      types = file[1].map { "\(texts[$0.number(1)])/\(texts[$0.number(2)])" }
      for sample in file[2] {
        let stack = (sample.numbers[1] ?? []).reversed().compactMap { locations[Int($0)] }
        guard stack.count == sample.numbers[1]?.count, sample.numbers[2]?.count == types.count else {
          return nil
        }
        samples[stack.joined(separator: ";")] = sample.numbers[2]?.map { Int($0) }
      }
      comments = (file.numbers[13] ?? []).map { texts[Int($0)] }
      defaultType = texts[file.number(14)]
      duration = file.number(10)
    }
  }

  @Test func samples() throws {
    let file = try #require(Decoded(smallProfile.pprof))
    #expect(file.types == ["time/nanoseconds", "flops/count", "bytes/bytes", "waiting/nanoseconds"])
    #expect(
      file.samples == [
        "generation;lookup": [10_000, 0, 1_000, 10_000],
        "generation;layer 0;attention;matmul Q4_K": [500_000, 8_000_000, 1_250_000, 0],
        "generation;layer 1;attention;matmul Q4_K": [500_000, 8_000_000, 1_250_000, 0],
        "generation;layer 1;attention;attention": [400_000, 4_000_000, 100_000, 200_000],
      ])
    #expect(file.comments.prefix(2) == ["run tiny.gguf", "apus profile run tiny.gguf"])
    #expect(file.comments.last == "The machine was busy.")
    #expect(file.defaultType == "time")
    #expect(file.duration == 1_000_000)
  }

  @Test func interruptedFirst() throws {
    var stopped = smallProfile
    stopped.isInterrupted = true
    #expect(try #require(Decoded(stopped.pprof)).comments.first == Profile.interruptedText)
  }

  @Test(arguments: hostileNames) func hostile(_ name: String) throws {
    let file = try #require(Decoded(hostileProfile(name).pprof))
    #expect(file.samples.keys.contains { $0.contains(name) } || name.isEmpty)
    #expect(file.samples.values.contains { $0[1] == .max })
    #expect(try #require(Decoded(emptyProfile.pprof)).samples.isEmpty)
  }
}
