// Big buffers and arenas: alignment, zeroes, bounds, and errors instead of traps (F68).

import ApusTestSupport
import Testing

@testable import ApusRuntime

struct MemoryTests {
  @Test(arguments: [1, 4096, 4097, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 9_999_999])
  func buffers(byteCount: Int) throws {
    let buffer = try HugeBuffer(byteCount: byteCount, purpose: "a test")
    #expect(buffer.byteCount >= byteCount)
    #expect(buffer.byteCount < byteCount + 65_536)
    let alignment = byteCount >= 2 << 20 ? 2 << 20 : 4096
    #expect(Int(bitPattern: buffer.base) % alignment == 0)
    #expect(buffer.bytes.allSatisfy { $0 == 0 })
    buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0xA5)
    #expect(buffer.bytes.last == 0xA5)
  }

  @Test(arguments: [1 << 50, Int.max, Int.max - 4096, Int.max - (4 << 20)])
  func hugeRequestsAreErrors(byteCount: Int) {
    do throws(RuntimeError) {
      _ = try HugeBuffer(byteCount: byteCount, purpose: "the weights")
      Issue.record("\(byteCount) bytes were given")
    } catch {
      let text = "\(error)"
      #expect(text.contains("\(byteCount) bytes"))
      #expect(text.contains("the weights"))
      #expect(text.contains("Cannot allocate memory"))
    }
  }

  /// Memory comes back: far more is asked for in turn than the machine has.
  @Test func buffersEnd() throws {
    let quarter = Machine.detect().availableMemory / 4
    for _ in 0..<100 {
      let buffer = try HugeBuffer(byteCount: quarter, purpose: "a test")
      buffer.base.storeBytes(of: 1, as: UInt8.self)
    }
  }

  @Test func arenas() throws {
    var arena = try Arena(byteCount: 10_000, purpose: "a test")
    #expect(arena.capacity == 12_288)
    let first = try arena.allocate(byteCount: 3)
    let second = try arena.allocate(byteCount: 0)
    let third = try arena.allocate(byteCount: 1, alignment: 4096)
    #expect(first.baseAddress == arena.base)
    #expect(second.baseAddress == arena.base + 64)
    #expect(third.baseAddress == arena.base + 4096)
    #expect(arena.used == 4097)
    let used = arena.used
    let sizes = [8192 - 64 + 1, Int.max, Int.max - 4096, -1]
    for size in sizes {
      do throws(RuntimeError) {
        _ = try arena.allocate(byteCount: size)
        Issue.record("\(size) bytes were given")
      } catch {
        #expect(error == .arenaFull(bytes: size, used: used, capacity: 12_288))
      }
    }
    #expect(arena.used == used)
    let rest = try arena.allocate(byteCount: 12_288 - 4160)
    #expect(rest.count == 12_288 - 4160)
    #expect(arena.used == arena.capacity)
    arena.reset()
    #expect(try arena.allocate(byteCount: 12_288).baseAddress == arena.base)
  }

  @Test func byteTexts() {
    #expect(byteText(17) == "17 B")
    #expect(byteText(1536) == "1.5 KiB")
    #expect(byteText(3 << 30) == "3.0 GiB")
    #expect(byteText(Int.max) == "8.0 EiB")
  }
}
