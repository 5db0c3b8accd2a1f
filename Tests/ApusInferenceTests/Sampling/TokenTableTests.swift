// The small hash map and the ring, against a dictionary and an array.

@testable import ApusInference
import Testing

@Suite struct TokenTableTests {
  @Test(arguments: [1, 4, 5, 64])
  func behavesAsADictionary(_ capacity: Int) {
    var generator = Generator(state: UInt64(capacity))
    var table = TokenTable(capacity: capacity)
    var expected: [Int32: Int32] = [:]
    for _ in 0..<4000 {
      let token = Int32.random(in: 0..<Int32(3 * capacity), using: &generator) * 128
      if expected[token] != nil || expected.count == capacity {
        let victim = expected[token] != nil ? token : expected.keys.min()!
        table[victim] -= 1
        expected[victim]! -= 1
        if expected[victim] == 0 { expected[victim] = nil }
      } else {
        let value = Int32.random(in: 1...3, using: &generator)
        table[token] = value
        expected[token] = value
      }
      #expect(table[token] == expected[token, default: 0])
    }
    var found: [Int32: Int32] = [:]
    table.forEach { found[$0] = $1 }
    #expect(found == expected)
    #expect(table.count == expected.count)
    table.removeAll()
    #expect(table.count == 0 && table[0] == 0)
  }

  @Test func historyIsARing() {
    var history = TokenHistory(capacity: 3)
    #expect(history.push(1) == nil)
    #expect(history.push(2) == nil)
    #expect(history.push(3) == nil)
    #expect(history.push(4) == 1)
    #expect((0..<history.count).map { history[$0] } == [4, 3, 2])
    var none = TokenHistory(capacity: 0)
    #expect(none.push(7) == 7)
    #expect(none.count == 0)
  }
}
